"""Numba kernels: lay out tree nodes, sum leaves, TreeSHAP. Importing takes a second.

Compiled for the processor when first called, and kept on the disk where that is allowed. No
fast mathematics: every sum is rounded as it is written, the same on every machine. `sum_leaves`
adds up leaves in the order of the trees, as LightGBM does, so its margins are LightGBM's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from models.estimator.simd_vectors import broadcast_number, load_vector, store_vector

LIGHTGBM_ZERO = float(np.float32(1e-35))  # what LightGBM takes for zero
CATEGORICAL, DEFAULT_LEFT, MISSING_SHIFT = 1, 2, 2  # of LightGBM's `decision_type`
MISSING_IS_ZERO, MISSING_IS_NAN = 1, 2
WORD_BITS = 32


def compile_cached(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile the function to machine code that releases the interpreter lock."""
    try:
        compiled: Callable[..., Any] = numba.njit(function, nogil=True, cache=True)
    except RuntimeError:  # no folder that it could be kept in
        compiled = numba.njit(function, nogil=True)
    return compiled


@compile_cached
def goes_left(row: Any, node: Any, bits: Any) -> Any:
    """Return whether a row goes to the left at a node, as LightGBM decides it."""
    value = row[node.feature]
    how = node.decision
    if how & CATEGORICAL:
        if not -1 < value < WORD_BITS * node.words:  # cut to a whole number; a missing one is none
            return False
        code = int(value)
        return (bits[node.words_from + code // WORD_BITS] >> (code % WORD_BITS)) & 1 == 1
    missing = (how >> MISSING_SHIFT) & 3
    if value != value:  # noqa: PLR0124 - NaN is unlike itself
        if missing == MISSING_IS_NAN:
            return how & DEFAULT_LEFT != 0
        value = 0.0
    if -LIGHTGBM_ZERO <= value <= LIGHTGBM_ZERO:
        if missing == MISSING_IS_ZERO:
            return how & DEFAULT_LEFT != 0
        value = 0.0
    return value <= node.number


@compile_cached
def sum_leaves(matrix: Any, margins: Any, starts: Any, nodes: Any, bits: Any) -> None:
    """Add each row's leaves to its (n, M) margins, in the order of the trees."""
    outputs = margins.shape[1]
    for i in range(matrix.shape[0]):
        row = matrix[i]
        for tree in range(starts.shape[0] - 1):
            begin = starts[tree]
            place = 0
            while nodes[begin + place].feature >= 0:
                node = nodes[begin + place]
                place = place + 1 if goes_left(row, node, bits) else node.right
            margins[i, tree % outputs] += nodes[begin + place].number


@compile_cached
def add_contributions(  # noqa: C901, PLR0912, PLR0915 - one walk: a call a node would cost as much again
    matrix: Any,
    parts: Any,
    at: Any,
    weight: Any,
    trees: Any,
    widest: Any,
    starts: Any,
    nodes: Any,
    edges: Any,
    bits: Any,
) -> None:
    """Add the contributions of some trees to (n, M, F + 1) parts, as `TreeShap` sums them."""
    # Of each node, at each point: the product of the factors above it, the sum of the leaves
    # below it, one over the factor of its own feature, for those that pass, and what its leaves
    # count for that feature. The root stands for "no edge of that feature above": its factor is 1.
    points = len(at)
    down = np.empty((widest, points))
    up = np.empty((widest, points))
    inverse = np.empty((widest, points))
    counts = np.empty((widest, points))
    passes = np.empty(widest, np.bool_)
    to_left = np.empty(widest, np.bool_)
    outputs, width = parts.shape[1], matrix.shape[1]
    sums = np.empty((outputs * width, points))
    table = np.empty((1, points))
    for k in range(points):
        table[0, k] = at[k]
    zero, one, place = (
        broadcast_number(0.0, at),
        broadcast_number(1.0, at),
        load_vector(table, 0, at),
    )
    rest = one - place
    cold = zero - one / rest
    store_vector(down, 0, one)
    store_vector(inverse, 0, one)
    passes[0] = True
    for i in range(matrix.shape[0]):
        row = matrix[i]
        sums[:] = 0.0
        for tree in trees:
            begin = starts[tree]
            size = starts[tree + 1] - begin
            own = (tree % outputs) * width
            to_left[0] = goes_left(row, nodes[begin], bits)
            for n in range(1, size):
                node, edge = nodes[begin + n], edges[begin + n]
                p, q = edge.parent, edge.before
                hot = to_left[p] == (n == p + 1)
                passes[n] = hot and passes[q]
                here = load_vector(down, p, at)
                if not passes[q]:
                    here = here * broadcast_number(edge.step, at)
                elif hot:
                    factor = place + rest * broadcast_number(edge.share, at)
                    freed = one / factor
                    store_vector(inverse, n, freed)
                    store_vector(counts, n, broadcast_number(1.0 - edge.share, at) * freed)
                    here = here * (factor * load_vector(inverse, q, at))
                else:
                    store_vector(counts, n, cold)
                    here = here * (
                        rest * broadcast_number(edge.share, at) * load_vector(inverse, q, at)
                    )
                store_vector(down, n, here)
                if node.feature >= 0:
                    to_left[n] = goes_left(row, node, bits)
                    store_vector(up, n, zero)
                else:
                    store_vector(up, n, here * broadcast_number(node.number, at))
            for n in range(size - 1, 0, -1):
                edge = edges[begin + n]
                p, q = edge.parent, edge.before
                below = load_vector(up, n, at)
                if p > 0:
                    store_vector(up, p, load_vector(up, p, at) + below)
                if not passes[q]:
                    continue  # what it adds for the feature the edge above takes away
                f = own + nodes[begin + p].feature
                total = load_vector(sums, f, at) + below * load_vector(counts, n, at)
                if q > 0:  # these leaves were counted at the edge above, as if by it alone
                    total = total - below * load_vector(counts, q, at)
                store_vector(sums, f, total)
        for m in range(outputs):
            for f in range(width):
                whole = 0.0
                for k in range(points):
                    whole += weight[k] * sums[m * width + f, k]
                parts[i, m, f] += whole


@compile_cached
def lay_out_trees(  # noqa: C901 - one walk
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
    """Fill in nodes, edges and longest from the tables of `models.estimator.forest`.

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
