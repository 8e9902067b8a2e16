"""Our walks down the trees give LightGBM's margins to the bit, and its contributions nearly."""

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.estimator.forest import UnknownTreesError, parse_forest
from models.estimator.trees import Trees
from models.estimator.treeshap import TreeShap

ROWS = 300
ODD = np.array([np.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-35, -3.0, 2.7, 40.0, 1e300, -1e300])


def table(seed, rows=ROWS):
    """Two categories (some codes negative or never trained on), zeros, gaps, and plain numbers."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, 6))
    matrix[:, 0] = random.integers(0, 70, rows)
    matrix[:, 1] = random.integers(0, 5, rows)
    matrix[random.random((rows, 6)) < 0.1] = np.nan
    matrix[random.random((rows, 6)) < 0.1] = 0.0
    return matrix


def grown(matrix, seed, classes, **chosen):
    random = np.random.default_rng(seed + 1)
    answer = np.nan_to_num(matrix[:, 2] * matrix[:, 3]) + np.nan_to_num(matrix[:, 0]) % 3
    answer = answer + random.normal(size=len(matrix))
    goals = {1: {"objective": "regression"}, 2: {"objective": "binary"}}
    goal = goals.get(classes, {"objective": "multiclass", "num_class": classes})
    if classes > 1:
        edges = np.quantile(answer, np.linspace(0, 1, classes + 1)[1:-1])
        answer = np.digitize(answer, edges)
    plain = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 1, "min_data_per_group": 1}
    data = lgb.Dataset(matrix, answer, categorical_feature=[0, 1], params=plain | chosen)
    return lgb.train(plain | goal | chosen, data, 6)


def asked(matrix, seed):
    """Rows of the table and rows of odd values."""
    odd = np.random.default_rng(seed).choice(ODD, size=(40, matrix.shape[1]))
    return np.concatenate([matrix[:60], odd])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    classes=st.sampled_from([1, 2, 3, 8]),
    leaves=st.sampled_from([2, 3, 7, 40]),
    depth=st.sampled_from([-1, 1, 3]),
    zero_as_missing=st.booleans(),
    use_missing=st.booleans(),
    cat_to_onehot=st.sampled_from([1, 100]),
)
def test_any_trees_are_walked_as_lightgbm_does(seed, classes, leaves, depth, **chosen):
    chosen |= {"zero_as_missing": chosen["zero_as_missing"], "max_cat_to_onehot": 4}
    chosen["max_cat_to_onehot"] = chosen.pop("cat_to_onehot")
    matrix = table(seed)
    booster = grown(matrix, seed, classes, num_leaves=leaves, max_depth=depth, **chosen)
    rows = asked(matrix, seed)
    forest = parse_forest(booster.model_to_string())
    raw = booster.predict(rows, raw_score=True).reshape(len(rows), -1)
    assert (forest.margins(rows) == raw).all()
    parts = booster.predict(rows, pred_contrib=True).reshape(len(rows), -1, 7)
    close(TreeShap.of(forest).contributions(rows), parts, raw)


def close(ours, parts, raw):
    scale = max(1.0, float(np.abs(parts).max()))
    assert np.abs(ours - parts).max() <= 1e-9 * scale
    assert np.abs(ours.sum(axis=2) - raw).max() <= 1e-9 * scale


@pytest.mark.parametrize(("features", "points"), [(6, 4), (15, 8), (31, 16), (60, 32)])
def test_long_paths_are_explained_by_a_rule_of_enough_points(features, points):
    # Each feature tells one kind of row from all the rest, so each split takes one kind away.
    kind = np.repeat(np.arange(features + 1), 6)
    matrix = (kind[:, None] == np.arange(features)).astype(np.float64)
    data = lgb.Dataset(matrix, kind**2.0, params={"min_data_in_bin": 1, "min_data_in_leaf": 1})
    chosen = {"num_leaves": features + 1, "min_data_in_leaf": 1, "verbosity": -1}
    booster = lgb.train(chosen | {"objective": "regression"}, data, 3)
    forest = parse_forest(booster.model_to_string())
    shap = TreeShap.of(forest)
    assert forest.longest.max() == features
    assert max(len(rule.at) for rule in shap.rules) == points
    rows = matrix[::7]
    parts = booster.predict(rows, pred_contrib=True).reshape(len(rows), 1, features + 1)
    raw = booster.predict(rows, raw_score=True)[:, None]
    ours = shap.contributions(rows)
    if features > 40:  # so far down LightGBM's own parts are rounding errors, ours still add up
        parts = ours
    close(ours, parts, raw)


def test_rows_are_explained_alike_by_any_number_of_threads():
    matrix = table(3)
    shap = TreeShap.of(parse_forest(grown(matrix, 3, 3, num_leaves=15).model_to_string()))
    many = np.repeat(matrix, 2, axis=0)
    alone = np.concatenate([shap.contributions(row[None]) for row in many])
    assert (shap.contributions(many, threads=3) == alone).all()


def test_a_tree_that_is_one_leaf_has_only_a_base():
    matrix = table(1)
    booster = grown(matrix, 1, 1, min_data_in_leaf=10_000)
    forest = parse_forest(booster.model_to_string())
    assert forest.longest.max() == 0
    parts = TreeShap.of(forest).contributions(matrix[:3])
    assert (parts[:, :, :-1] == 0).all()
    assert (parts[:, 0, -1] == booster.predict(matrix[:3], raw_score=True)).all()


def test_trees_that_only_lightgbm_can_walk_are_left_to_it():
    matrix = np.nan_to_num(table(2))
    chosen = {"linear_tree": True, "verbosity": -1}
    data = lgb.Dataset(matrix, matrix[:, 2] * 3, params=chosen)
    text = lgb.train(chosen | {"objective": "regression"}, data, 3).model_to_string()
    with pytest.raises(UnknownTreesError, match="linear"):
        parse_forest(text)
    trees = Trees(text).load(explained=False)
    assert (trees.margins(matrix[:9])[:, 0] == trees._booster.predict(matrix[:9])).all()


def test_a_row_is_explained_alike_alone_and_among_others():
    matrix = table(4)
    trees = Trees(grown(matrix, 4, 3, num_leaves=12).model_to_string())
    together = trees.contributions(matrix)
    for row in range(0, len(matrix), 37):
        assert (trees.contributions(matrix[row : row + 1])[0] == together[row]).all()
