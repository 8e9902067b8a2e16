"""Baselines are fitted on the training asks alone."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support import synthetic_task
from tests.unit.training.backtest_worlds import asks
from training.evaluation.baselines import LIGHTGBM_DEFAULTS, LOGISTIC_REGRESSION, task_baselines
from training.evaluation.metrics import metric_functions

TAUGHT, SCORED = slice(0, 600), slice(600, 900)


def places(rows: slice) -> np.ndarray:
    return np.arange(rows.start, rows.stop)


def figures(task, scored, forecast):
    found = metric_functions(scored.label, None, forecast, task.classes)
    return {name: measure(np.ones(len(scored))) for name, measure in found.items()}


@pytest.mark.parametrize("classes", [2, 4])
def test_a_logistic_regression_finds_the_order_and_beats_the_shares(classes):
    task, everything = synthetic_task.make_task(classes), asks(classes=classes)
    taught, scored = everything.take(places(TAUGHT)), everything.take(places(SCORED))
    told = {name: b(scored) for name, b in task_baselines(task, taught).items()}
    own = figures(task, scored, told[LOGISTIC_REGRESSION])
    assert own["roc_auc"] > 0.7
    assert own["log_loss"] < figures(task, scored, told["class_shares"])["log_loss"]
    assert own["log_loss"] < figures(task, scored, told[LIGHTGBM_DEFAULTS])["log_loss"]


@pytest.mark.parametrize("name", [LOGISTIC_REGRESSION, LIGHTGBM_DEFAULTS])
def test_no_class_is_called_impossible_not_even_one_that_training_lacked(name):
    task, everything = synthetic_task.make_task(4), asks(classes=4)
    taught = everything.take(everything.label != 2)
    probability = task_baselines(task, taught)[name](everything).probability
    assert probability.sum(axis=1) == pytest.approx(np.ones(len(everything)))
    assert probability.min() > 1e-8


def test_a_forecast_does_not_depend_on_what_else_is_asked():
    task, everything = synthetic_task.make_task(), asks()
    fitted = task_baselines(task, everything.take(places(TAUGHT)))
    scored = everything.take(places(SCORED))
    together = {name: b(scored).probability for name, b in fitted.items()}
    for name, baseline in fitted.items():
        alone = baseline(scored.take(np.array([7]))).probability
        assert alone == pytest.approx(together[name][[7]])


def test_the_order_of_the_training_asks_does_not_matter():
    task, everything = synthetic_task.make_task(), asks(300)
    shuffled = everything.take(np.random.default_rng(0).permutation(300))
    for name, baseline in task_baselines(task, everything).items():
        other = task_baselines(task, shuffled)[name](everything).probability
        assert np.array_equal(baseline(everything).probability, other)


def test_a_wild_number_an_unseen_category_and_nothing_at_all_get_a_probability():
    task, everything = synthetic_task.make_task(), asks()
    strange = everything.inputs.head(3).assign(
        cover=[1e12, -1e12, np.nan], region=["the moon", None, "north"], noise=np.nan
    )
    few = replace(
        everything.take(np.arange(3)), inputs=strange, rules={"low_cover": np.full(3, np.nan)}
    )
    for baseline in task_baselines(task, everything).values():
        probability = baseline(few).probability
        assert ((probability > 0) & (probability < 1)).all()


def test_a_single_seen_class_is_expected_without_ruling_out_the_others():
    task, everything = synthetic_task.make_task(), asks(300)
    calm = replace(everything, label=np.zeros(300, dtype=np.int64))
    event = task_baselines(task, calm)[LOGISTIC_REGRESSION](everything).probability[:, 1]
    assert ((event > 0) & (event < 0.01)).all()
