"""Prior knowledge in fitting: monotone features, and weights that decrease with age."""

from dataclasses import replace

import numpy as np
import pytest

from models.fitting.fit import fit
from models.fitting.preparation import FitError, FitOptions, weigh_by_age
from tests.support.synthetic_task import draw_training_set, input_columns, make_task


def told_along(model, training, name, values):
    """Probability of the event of one case as one of its features takes these values."""
    cases = {k: np.repeat(v[:1], len(values)) for k, v in input_columns(training).items()}
    return model.predict(cases | {name: values}).probability[:, 1]


def test_a_feature_that_rises_never_lowers_the_risk_whatever_the_asks_say():
    training = draw_training_set(800).training  # more cover, less risk
    values = np.linspace(-3, 3, 200)
    as_learnt = told_along(fit(make_task(), training).model, training, "cover", values)
    told = fit(make_task(rising=("cover",)), training).model
    assert as_learnt[0] > as_learnt[-1]
    assert (np.diff(told_along(told, training, "cover", values)) >= 0).all()


def test_a_feature_that_falls_never_raises_it():
    training = draw_training_set(800).training
    told = fit(make_task(falling=("late_share",)), training).model
    along = told_along(told, training, "late_share", np.linspace(-3, 3, 200))
    assert (np.diff(along) <= 0).all()


def test_an_ask_counts_half_after_a_half_life_and_keeps_what_it_weighed():
    training = draw_training_set(200).training  # asks every twenty minutes
    weight = weigh_by_age(training, 1.0).weight
    assert weight[-1] == 1.0
    assert weight[-1 - 72] == pytest.approx(0.5)
    double = replace(training, weight=np.full(200, 2.0))
    assert weigh_by_age(double, 1.0).weight == pytest.approx(2 * weight)
    assert weigh_by_age(training, None) is training


def test_newer_asks_weigh_more_with_an_age_half_life():
    training = draw_training_set(2000).training
    half = np.arange(2000) < 1000
    turned = replace(training, label=np.where(half, 1 - training.label, training.label))
    events = [
        told_along(fit(make_task(), turned, options).model, turned, "cover", np.array([-2.0]))[0]
        for options in (FitOptions(rounds=30), FitOptions(rounds=30, half_life_days=2.0))
    ]
    assert events[1] > events[0]


def test_asks_without_dates_have_no_age():
    with pytest.raises(FitError, match="half_life_days takes dates"):
        fit(
            make_task(),
            draw_training_set(300, dated=False).training,
            FitOptions(half_life_days=30.0),
        )
