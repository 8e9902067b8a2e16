"""Parse LightGBM's model text into validated node arrays that compiled code can walk.

All trees lie one after the other. Within a tree a node comes before its children, the left
subtree before the right one: the left child is the next node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SPLIT_TABLES = (
    "left_child", "right_child", "split_feature", "decision_type", "threshold", "internal_count",
)  # fmt: skip
CATEGORICAL_SPLIT = 1


def validate_tree(tree: Mapping[str, str], features: int) -> Mapping[str, str]:
    """Return the tree after checking that each node has one parent and each pointer an end."""
    leaves = len(tree["leaf_value"].split())
    splits = leaves - 1
    if splits < 0 or int(tree["num_leaves"]) != leaves:
        raise ValueError(f"{leaves} leaves where {tree['num_leaves']} are announced")
    if splits == 0:
        return tree
    if len(tree["leaf_count"].split()) != leaves:
        raise ValueError("leaf_count is cut")
    for name in SPLIT_TABLES:
        if len(tree[name].split()) != splits:
            raise ValueError(f"{name} is cut")
    children = [int(c) for name in SPLIT_TABLES[:2] for c in tree[name].split()]
    if sorted(children) != [*range(-leaves, 0), *range(1, splits)]:
        raise ValueError("a node has no parent, or two")
    if not all(abs(int(how)) < 2**7 for how in tree["decision_type"].split()):
        raise ValueError("a decision_type holds more than 8 bits")
    if not all(0 <= int(feature) < features for feature in tree["split_feature"].split()):
        raise ValueError("a split is on a feature that there is not")
    _validate_categories(tree)
    return tree


def _validate_categories(tree: Mapping[str, str]) -> None:
    bounds = [int(bound) for bound in tree.get("cat_boundaries", "0").split()]
    words = [int(word) for word in tree.get("cat_threshold", "").split()]
    if bounds != sorted(bounds) or bounds[0] != 0 or bounds[-1] != len(words):
        raise ValueError("cat_boundaries point outside")
    if not all(0 <= word < 2**32 for word in words):
        raise ValueError("cat_threshold holds more than 32 bits")
    pairs = zip(tree["decision_type"].split(), tree["threshold"].split(), strict=True)
    sets = [float(at) for how, at in pairs if int(how) & CATEGORICAL_SPLIT]
    if not all(at == int(at) and 0 <= at < len(bounds) - 1 for at in sets):
        raise ValueError("a split is on a set of categories that there is not")


Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Records = NDArray[np.void]

LEAF = -1
NODE = np.dtype(
    [
        ("number", "f8"),
        ("feature", "i4"),
        ("right", "i4"),
        ("decision", "i4"),
        ("words_from", "i4"),
        ("words", "i4"),
        ("unused", "i4"),  # two nodes fill a cache line
    ]
)
EDGE = np.dtype([("share", "f8"), ("step", "f8"), ("parent", "i4"), ("before", "i4")])

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Forest:
    """N nodes of T trees that give M margins of F features; tree t is of margin t % M.

    Attributes:
        starts: (T + 1,) first node of each tree; positions of nodes count from there.
        nodes: (N,) NODE, with the fields
            number: threshold of a split, value of a leaf.
            feature: LEAF for a leaf.
            right: right child.
            decision: LightGBM's `decision_type`.
            words_from, words: of a categorical split, where its bits lie in `bits`, and how
                many words.
        edges: (N,) EDGE of the edge into each node, with the fields
            step: share of the parent's training rows.
            before: the nearest node above into which an edge of the same feature leads, 0 if
                there is none.
            share: product of the steps of all edges of that feature from the root on.
        longest: (T,) most different features on one path of each tree.
    """

    outputs: int
    features: int
    starts: Ints
    nodes: Records
    edges: Records
    bits: NDArray[np.uint32]
    longest: Ints

    @property
    def widest(self) -> int:
        """Number of nodes of the largest tree."""
        return int(np.diff(self.starts).max(initial=1))

    def margins(self, matrix: Floats) -> Floats:
        """Compute the (n, M) raw scores of an (n, F) matrix, bit-identical to LightGBM's."""
        from models.estimator.tree_kernels import sum_leaves  # noqa: PLC0415 - takes a second

        result = np.zeros((len(matrix), self.outputs))
        sum_leaves(np.ascontiguousarray(matrix), result, self.starts, self.nodes, self.bits)
        return result


class UnknownTreesError(ValueError):
    """The trees are of a kind that only LightGBM itself can evaluate."""


class DamagedTreesError(ValueError):
    """The model text is damaged; compiled code would read beyond its tables."""


def parse_forest(text: str) -> Forest:
    """Parse the trees of a LightGBM model text.

    Raises:
        UnknownTreesError: linear leaves, averaged outputs, or a split without training rows.
        DamagedTreesError: tables that are cut, or that point outside of themselves.
    """
    head, *trees = text.split("\nTree=")
    if "\naverage_output" in head:
        raise UnknownTreesError("the margins are averaged over the trees")
    said = _parse_fields(head)
    try:
        outputs, features = int(said["num_tree_per_iteration"]), int(said["max_feature_idx"]) + 1
        draft = _ForestTables()
        for tree in trees:
            draft.take(validate_tree(_parse_fields(tree.partition("\nend of trees")[0]), features))
    except UnknownTreesError:
        raise
    except (ValueError, KeyError, IndexError) as error:
        raise DamagedTreesError(f"the trees are damaged: {error!r}") from error
    if outputs < 1 or len(trees) % outputs:
        raise DamagedTreesError(f"{len(trees)} trees are none for {outputs} outputs each")
    return draft.forest(outputs, features)


def _parse_fields(block: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in block.splitlines())
    return {name: value for name, found, value in pairs if found}


INTS = ("left_child", "right_child", "split_feature", "decision_type", "cat_boundaries")
FLOATS = ("threshold", "internal_count", "leaf_count", "leaf_value")
BITS = "cat_threshold"
COUNTED_TABLES = ("left_child", "leaf_value", "cat_boundaries", BITS)


@dataclass
class _ForestTables:
    """Tables of all trees as the text has them, and the number of entries of each tree."""

    tables: dict[str, list[Any]] = field(
        default_factory=lambda: {name: [] for name in (*INTS, *FLOATS, BITS)}
    )
    counts: list[list[int]] = field(default_factory=lambda: [[0] * len(COUNTED_TABLES)])

    def take(self, tree: Fields) -> None:
        if tree.get("is_linear", "0") != "0":
            raise UnknownTreesError("a tree has linear leaves")
        for name, table in self.tables.items():
            table.extend(map(float if name in FLOATS else int, tree.get(name, "").split()))
        leaves, counted = len(self.tables["leaf_value"]), len(self.tables["leaf_count"])
        self.tables["leaf_count"] += [0.0] * (leaves - counted)  # a single leaf may state none
        self.counts.append([len(self.tables[name]) for name in COUNTED_TABLES])

    def forest(self, outputs: int, features: int) -> Forest:
        from models.estimator.tree_kernels import lay_out_trees  # noqa: PLC0415 - takes a second

        at = np.array(self.counts, dtype=np.int64)
        leaves = np.diff(at[:, 1])
        starts = np.concatenate([[0], np.cumsum(2 * leaves - 1)]).astype(np.int32)
        nodes, edges = np.zeros(starts[-1], NODE), np.zeros(starts[-1], EDGE)
        ints = [np.array(self.tables[name], dtype=np.int64) for name in INTS]
        floats = [np.array(self.tables[name], dtype=np.float64) for name in FLOATS]
        longest = np.zeros(len(leaves), dtype=np.int32)
        if not lay_out_trees(nodes, edges, longest, starts, at, *ints, *floats):
            raise UnknownTreesError("a split that no training row came to")
        bits = np.array(self.tables[BITS] or [0], dtype=np.uint32)
        return Forest(outputs, features, starts, nodes, edges, bits, longest)
