"""Compiled: the trees of a model text, node after node in the order in which they are walked."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.kernels import compiled


@compiled
def lay_out(  # noqa: C901 - one walk
    nodes: Any,
    edges: Any,
    longest: Any,
    starts: Any,
    at: Any,
    left: Any,
    right: Any,
    feature: Any,
    decision: Any,
    boundaries: Any,
    threshold: Any,
    inner_rows: Any,
    leaf_rows: Any,
    value: Any,
) -> Any:
    """Fill in nodes, edges and longest from the tables of `models.forest`.

    False for a split without training rows.
    """
    for tree in range(starts.shape[0] - 1):
        begin, size = starts[tree], starts[tree + 1] - starts[tree]
        inner, leaf, cat, bit = at[tree, 0], at[tree, 1], at[tree, 2], at[tree, 3]
        rows = np.zeros(size)
        features = np.zeros(size, np.int32)  # different ones, from the root to here
        pending = np.zeros((size + 1, 2), np.int64)  # what the text calls it, its parent
        pending[0, 0] = 0 if size > 1 else -1
        waiting = 1
        place = 0
        while waiting > 0:
            waiting -= 1
            name, parent = pending[waiting, 0], pending[waiting, 1]
            node, edge = nodes[begin + place], edges[begin + place]
            rows[place] = inner_rows[inner + name] if name >= 0 else leaf_rows[leaf - 1 - name]
            edge.share = 1.0
            edge.step = 1.0
            if place > 0:
                if rows[parent] <= 0.0:
                    return False
                if place > parent + 1:
                    nodes[begin + parent].right = place
                edge.parent = parent
                edge.step = rows[place] / rows[parent]
                above = parent
                while above > 0:
                    over = edges[begin + above].parent
                    if nodes[begin + over].feature == nodes[begin + parent].feature:
                        edge.before = above
                        break
                    above = over
                edge.share = edge.step * edges[begin + edge.before].share
                features[place] = features[parent] + (1 if edge.before == 0 else 0)
                longest[tree] = max(longest[tree], features[place])
            if name < 0:
                node.number = value[leaf - 1 - name]
                node.feature = -1
            else:
                node.number = threshold[inner + name]
                node.feature = feature[inner + name]
                node.decision = decision[inner + name]
                if node.decision & 1:
                    which = cat + np.int64(node.number)
                    node.words_from = bit + boundaries[which]
                    node.words = boundaries[which + 1] - boundaries[which]
                for child in (right[inner + name], left[inner + name]):  # left is next
                    pending[waiting, 0] = child
                    pending[waiting, 1] = place
                    waiting += 1
            place += 1
    return True
