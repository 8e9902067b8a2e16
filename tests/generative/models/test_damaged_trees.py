"""Whatever is done to a model's text, it is refused or it is walked: nothing reads beside it."""

import random

import numpy as np
import pytest

from models.estimator.forest import DamagedTreesError, UnknownTreesError, parse_forest
from models.estimator.treeshap import TreeShap

from .test_walks_agree_with_lightgbm import grown, table

NAMES = (
    "left_child", "right_child", "split_feature", "decision_type", "threshold", "leaf_value",
    "cat_boundaries", "cat_threshold", "num_leaves", "leaf_count", "internal_count",
)  # fmt: skip
VALUES = ("-1", "0", "1", "3", "-99", "2147483648", "1e300", "nan", "x", "")


@pytest.fixture(scope="module")
def text():
    return grown(table(5), 5, 3, num_leaves=12).model_to_string()


def changed(text, draw):
    """The text cut short, or with one number of a table replaced, taken away or given twice."""
    if draw.random() < 0.3:
        return text[: draw.randrange(len(text))]
    lines = text.split("\n")
    at = draw.choice([i for i, line in enumerate(lines) if line.partition("=")[0] in NAMES])
    name, _, told = lines[at].partition("=")
    values = told.split(" ")
    place = draw.randrange(len(values))
    how = draw.randrange(4)
    if how == 0:
        del values[place]
    elif how == 1:
        values.insert(place, values[place])
    else:
        values[place] = draw.choice(VALUES)
    lines[at] = f"{name}={' '.join(values)}"
    return "\n".join(lines)


def test_damaged_text_is_refused_or_walked(text):
    rows, refused, walked = table(6)[:20], 0, 0
    for seed in range(600):
        try:
            forest = parse_forest(changed(text, random.Random(seed)))
            shap = TreeShap.of(forest)
        except (DamagedTreesError, UnknownTreesError):
            refused += 1
            continue
        assert forest.margins(rows).shape[0] == len(rows)
        assert shap.contributions(rows).shape[2] == rows.shape[1] + 1
        walked += 1
    assert refused > 200
    assert walked > 50, "a leaf that says something else is still a tree"


def test_an_undamaged_model_is_read(text):
    assert np.isfinite(parse_forest(text).margins(table(6)[:5])).all()
