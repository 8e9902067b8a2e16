"""Better, worse or no difference shown: what a paired comparison says."""

import numpy as np
import pytest

from training.evaluation.bootstrap import (
    BootstrapFigure,
    _holm_optional,
    bootstrap_figures,
    compare_paired,
)
from training.evaluation.metrics import Forecast, metric_functions

pytestmark = pytest.mark.slow(3)

CLASSES = ("calm", "event")


def drawn(label, score, group, seed=17):
    forecast = Forecast(np.column_stack([1 - score, score]))
    return bootstrap_figures(metric_functions(label, None, forecast, CLASSES), group, seed, 300)


@pytest.fixture(scope="module")
def truth():
    random = np.random.default_rng(5)
    true = random.beta(1, 4, 600)
    label = (random.random(600) < true).astype(np.int64)
    return true, label, np.arange(600) // 2


def test_an_informed_forecast_is_better_and_its_opposite_worse(truth):
    true, label, group = truth
    knowing = drawn(label, true, group)
    guessing = drawn(label, np.full(600, label.mean()), group)
    told = compare_paired(knowing, {"shares": guessing})["shares"]
    assert {name: figure["verdict"] for name, figure in told.items()} == {
        "log_loss": "better",
        "pr_auc": "better",
    }
    assert told["log_loss"]["high"] < 0 < told["pr_auc"]["low"]
    back = compare_paired(guessing, {"truth": knowing})["truth"]
    assert {figure["verdict"] for figure in back.values()} == {"worse"}


def test_a_forecast_does_not_differ_from_itself(truth):
    true, label, group = truth
    told = compare_paired(drawn(label, true, group), {"same": drawn(label, true, group)})["same"]
    for figure in told.values():
        assert (figure["difference"], figure["low"], figure["high"]) == (0.0, 0.0, 0.0)
        assert figure["verdict"] == "no difference shown"


def test_the_difference_of_a_pair_is_surer_than_two_intervals(truth):
    true, label, group = truth
    a, b = drawn(label, true, group), drawn(label, np.clip(true + 0.02, 0, 1), group)
    told = compare_paired(a, {"b": b})["b"]["log_loss"]
    alone = a["log_loss"].interval
    assert told["high"] - told["low"] < (alone["high"] - alone["low"]) / 3


def test_equally_good_forecasts_rarely_differ_significantly():
    """Both say the truth with as much noise; 40 comparisons, 5 % may be wrong."""
    wrong = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        true = random.beta(2, 5, 300)
        label = (random.random(300) < true).astype(np.int64)
        noisy = [np.clip(true + random.normal(0, 0.1, 300), 0.02, 0.98) for _ in range(2)]
        a, b = (drawn(label, score, np.arange(300), seed) for score in noisy)
        told = compare_paired(a, {"b": b})["b"].values()
        wrong += sum(figure["verdict"] != "no difference shown" for figure in told)
    assert wrong <= 4


def test_holm_multiplies_by_the_comparisons_not_yet_decided():
    assert _holm_optional([0.01, 0.04, 0.03, None]) == pytest.approx([0.03, 0.06, 0.06, None])


def test_undefined_figures_cannot_be_compared():
    nothing = {n: BootstrapFigure(float("nan"), np.array([np.nan])) for n in ("log_loss", "pr_auc")}
    figure = compare_paired(nothing, {"other": nothing})["other"]["pr_auc"]
    assert figure == {
        "difference": None,
        "low": None,
        "high": None,
        "p": None,
        "holm": None,
        "verdict": "cannot be compared",
    }
