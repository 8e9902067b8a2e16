"""Whether the tables of one tree, as LightGBM's text has them, are those of a tree."""

from __future__ import annotations

from collections.abc import Mapping

OF_SPLITS = (
    "left_child", "right_child", "split_feature", "decision_type", "threshold", "internal_count",
)  # fmt: skip
CATEGORICAL = 1


def whole(tree: Mapping[str, str], features: int) -> Mapping[str, str]:
    """The tree, every node of which has one parent, and every pointer of which has an end.

    features: how many there are.

    Raises:
        ValueError, KeyError: it is cut, or something in it points outside.
    """
    leaves = len(tree["leaf_value"].split())
    splits = leaves - 1
    if splits < 0 or int(tree["num_leaves"]) != leaves:
        raise ValueError(f"{leaves} leaves where {tree['num_leaves']} are announced")
    if splits == 0:
        return tree
    if len(tree["leaf_count"].split()) != leaves:
        raise ValueError("leaf_count is cut")
    for name in OF_SPLITS:
        if len(tree[name].split()) != splits:
            raise ValueError(f"{name} is cut")
    children = [int(c) for name in OF_SPLITS[:2] for c in tree[name].split()]
    if sorted(children) != [*range(-leaves, 0), *range(1, splits)]:
        raise ValueError("a node has no parent, or two")
    if not all(abs(int(how)) < 2**7 for how in tree["decision_type"].split()):
        raise ValueError("a decision_type holds more than 8 bits")
    if not all(0 <= int(feature) < features for feature in tree["split_feature"].split()):
        raise ValueError("a split is on a feature that there is not")
    _categories(tree)
    return tree


def _categories(tree: Mapping[str, str]) -> None:
    bounds = [int(bound) for bound in tree.get("cat_boundaries", "0").split()]
    words = [int(word) for word in tree.get("cat_threshold", "").split()]
    if bounds != sorted(bounds) or bounds[0] != 0 or bounds[-1] != len(words):
        raise ValueError("cat_boundaries point outside")
    if not all(0 <= word < 2**32 for word in words):
        raise ValueError("cat_threshold holds more than 32 bits")
    pairs = zip(tree["decision_type"].split(), tree["threshold"].split(), strict=True)
    sets = [float(at) for how, at in pairs if int(how) & CATEGORICAL]
    if not all(at == int(at) and 0 <= at < len(bounds) - 1 for at in sets):
        raise ValueError("a split is on a set of categories that there is not")
