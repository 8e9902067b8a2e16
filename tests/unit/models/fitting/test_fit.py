"""Fitting: one digest for one set of rows, and something sensible of little data."""

from dataclasses import replace

import numpy as np
import pytest

from models.artefact.folder import load_artefact, save_artefact
from models.conformal.prediction_sets import CoverageScope
from models.fitting.fit import fit
from models.fitting.preparation import FitError, FitOptions, RefitScope
from tests.support.synthetic_task import draw_training_set, input_columns, make_task

pytestmark = pytest.mark.slow(4)


def test_any_number_of_threads_gives_one_digest():
    training, short = draw_training_set(200).training, make_task(lightgbm={"num_iterations": 2})
    one, two = (fit(short, training, FitOptions(threads=n)).model.digest for n in (1, 2))
    assert one == two


def test_rows_in_any_order_give_one_digest(binary):
    fitted, training = binary
    shuffled = np.random.default_rng(3).permutation(len(training))
    again = fit(make_task(quantiles=(0.1, 0.5, 0.9)), training.take(shuffled))
    assert again.model.digest == fitted.model.digest
    assert np.array_equal(np.sort(shuffled[again.folds.stop]), fitted.folds.stop)


def test_one_changed_label_gives_another_digest(binary):
    fitted, training = binary
    label = training.label.copy()
    label[fitted.folds.fit[0]] ^= 1
    changed = fit(make_task(quantiles=(0.1, 0.5, 0.9)), replace(training, label=label))
    assert changed.model.digest != fitted.model.digest


def test_the_model_learns_what_there_is_to_learn(binary):
    fitted, _ = binary
    fresh = draw_training_set(4000, seed=9)
    probability = fitted.model.predict(fresh.training.inputs).probability[:, 1]
    truth = 1 / (1 + np.exp(-fresh.logit))
    label = fresh.training.label
    shares = np.full(len(label), label.mean())
    assert loss(probability, label) < loss(shares, label) - 0.08
    assert loss(probability, label) < loss(truth, label) + 0.03


def loss(probability, label):
    return -np.log(np.where(label == 1, probability, 1 - probability)).mean()


def test_curves_rows_and_gains_are_told(binary):
    fitted, training = binary
    assert len(fitted.curves["classes_stop"]) == len(fitted.curves["classes_training"]) > 5
    assert set(fitted.gains) == set(training.inputs)
    assert max(fitted.gains, key=fitted.gains.get) == "cover"
    assert fitted.metrics["rows_fit"] == len(fitted.folds.fit)


def test_progress_names_the_task_and_what_is_being_fitted():
    told = []
    fit(
        make_task(),
        draw_training_set(400).training,
        progress=lambda what, done: told.append((what, done)),
    )
    assert told[0] == ("stock_risk: classes", 0.0)
    assert all(0 <= done <= 1 for _, done in told)


@pytest.mark.parametrize("refit", list(RefitScope))
def test_every_way_to_refit_makes_a_model(refit):
    assert (
        fit(make_task(), draw_training_set(600).training, FitOptions(refit=refit)).metrics["rounds"]
        > 0
    )


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("classes", [2, 4])
def test_fifty_rows_are_enough_for_a_model(classes, dated):
    training = draw_training_set(50, classes, dated=dated).training
    answer = fit(make_task(classes), training).model.predict(training.inputs)
    assert np.isfinite(answer.probability).all()
    share = answer.similar_hits / answer.similar
    assert ((answer.low <= share) & (share <= answer.high)).all()


@pytest.mark.parametrize("classes", [2, 5])
def test_fitting_one_class_never_gives_the_others_zero(classes):
    training = draw_training_set(200, classes).training
    training = replace(training, label=np.zeros(200, dtype=np.int64))
    model = fit(make_task(classes), training).model
    probability = model.predict(training.inputs).probability
    assert (probability[:, 0] > 0.9).all()
    assert (probability > 0).all()
    assert model.explain(training.inputs[:1])[0].base == probability[0, 1 if classes == 2 else 0]


def test_a_class_without_training_rows_keeps_a_tiny_share():
    training = draw_training_set(600, 4).training
    label = np.where(training.label == 2, 1, training.label)
    probability = fit(make_task(4), replace(training, label=label)).model.predict(training.inputs)
    assert (probability.probability[:, 2] > 0).all()
    assert (probability.probability[:, 2] < 0.01).all()


def test_no_event_in_the_later_folds_is_no_reason_to_fail():
    training = draw_training_set(600).training
    label = np.where(np.arange(600) < 300, training.label, 0)
    model = fit(make_task(), replace(training, label=label)).model
    assert np.isfinite(model.predict(training.inputs).probability).all()


def test_a_single_moment_is_split_by_group():
    training = draw_training_set(300).training
    at_once = np.full(300, training.asked_at[0])
    fitted = fit(make_task(), replace(training, asked_at=at_once, matured_at=at_once))
    assert len(fitted.folds.calibration) > 0


def test_a_single_group_is_fitted_without_a_calibration_fold():
    training = draw_training_set(100, dated=False).training
    fitted = fit(make_task(), replace(training, group=np.zeros(100, dtype=np.int64)))
    assert np.isfinite(fitted.model.predict(training.inputs).probability).all()


def test_too_few_rows_are_refused_with_how_many_are_needed():
    with pytest.raises(FitError, match="stock_risk: 19 asks with a matured label; at least 20"):
        fit(make_task(), draw_training_set(19).training)


def test_a_label_that_is_no_class_is_refused_with_the_choices():
    training = replace(draw_training_set(100).training, label=np.full(100, 2, dtype=np.int64))
    with pytest.raises(FitError, match=r"label 2 is not one of 0 \(A\), 1 \(B\)"):
        fit(make_task(), training)


def test_quantiles_without_a_target_are_refused():
    with pytest.raises(FitError, match=r"quantiles .* but the training set has none"):
        fit(make_task(quantiles=(0.5,)), replace(draw_training_set(100).training, target=None))


def test_a_target_known_of_some_asks_only_is_learnt_from_those():
    training = draw_training_set(800).training
    target = np.where(np.arange(800) % 3 == 0, np.nan, training.target)
    model = fit(make_task(quantiles=(0.1, 0.9)), replace(training, target=target)).model
    quantiles = model.predict(input_columns(training)).quantiles
    assert np.isfinite(quantiles).all()
    assert (quantiles[:, 0] <= quantiles[:, 1]).all()


def test_sets_by_class_are_kept_in_the_artefact(tmp_path):
    training = draw_training_set(3000, 4, shift=-2.5).training
    options = FitOptions(sets=CoverageScope.MONDRIAN)
    plain = fit(make_task(4), training).model
    model = fit(make_task(4), training, options).model
    save_artefact(model, tmp_path / "model")
    again = load_artefact(tmp_path / "model").conformal
    assert again == model.conformal
    assert again.sets is CoverageScope.MONDRIAN
    assert "90% of all asks together" in plain.card
    assert "90% of each class's asks" in model.card
    assert "too few past asks" not in model.card
    fresh = draw_training_set(4000, 4, shift=-2.5, seed=9).training
    rarest = int(np.bincount(fresh.label).argmin())
    own = fresh.label == rarest
    covered = [m.predict(fresh.inputs).class_set[own, rarest].mean() for m in (plain, model)]
    assert covered[1] > 0.8
    assert covered[1] > covered[0] + 0.1


def test_weights_count_in_calibration_too():
    training = draw_training_set(3000).training
    weight = np.where(training.label == 1, 4.0, 1.0)
    said = [
        fit(make_task(), replace(training, weight=given))
        .model.predict(training.inputs)
        .score.mean()
        for given in (None, weight)
    ]
    assert said[1] > 1.5 * said[0]
