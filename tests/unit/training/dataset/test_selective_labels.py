"""People label what a model flagged and a small random sample: weights undo the selection.

A world whose truth is known: every case has its chance to go wrong, a biased model flags
some, people look at those and at two in a hundred of the rest, and say what they find.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from data.contracts.decisions import DECISIONS
from data.contracts.invoices import INVOICE_LINE_ID
from data.store import Store
from features.cases import CaseShape
from models.fitting.fit import fit
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.training_set import TrainingSet
from tests.support.synthetic_task import draw_training_set, make_task
from training.dataset.asks import Asks
from training.dataset.decision_labels import (
    MAX_WEIGHT,
    add_decision_labels,
    inverse_probability_weights,
)
from training.dataset.labels import Labels, LabelSource, build_labels
from training.tasks.catalogue import training_task

ROWS, SHARE = 30_000, 0.05
TASK = INVOICE_MISMATCH
CLEAN, WRONG = TASK.classes.index("CLEAN"), TASK.classes.index("NO_RECEIPT")
START = pd.Timestamp("2026-01-01T00:00Z")


@dataclass(frozen=True)
class World:
    """A world of known truth: the chance of each case to go wrong, and what was observed."""

    truth: np.ndarray
    wrong: np.ndarray
    flagged: np.ndarray
    sampled: np.ndarray
    labels: Labels


@pytest.fixture(scope="module")
def world() -> World:
    random = np.random.default_rng(4)
    signal, hidden = random.normal(size=(2, ROWS))
    truth = 1 / (1 + np.exp(-(-2.0 + signal + hidden)))
    wrong = random.random(ROWS) < truth
    flagged = signal + 0.5 * hidden > 1.0  # sees half of what goes on: misses what is hidden
    sampled = random.random(ROWS) < SHARE
    at = pd.Series(START + pd.to_timedelta(np.arange(ROWS), unit="min"))
    names = [f"line-{number:05}" for number in range(ROWS)]
    looked = flagged | sampled
    decisions = pd.DataFrame(
        {
            "decision_id": names,
            "recommendation_id": names,
            "action": "followed",
            "role": "ap clerk",
            "task": str(TASK.name),
            "case_id": names,
            "resolved_as": np.where(wrong, "NO_RECEIPT", "CLEAN"),
            "flagged": flagged,
            "audit_sample": sampled,
            "audit_share": SHARE,
            "happened_at": at,
            "known_at": at + pd.Timedelta(days=3),
        }
    )
    asks = Asks(
        CaseShape((INVOICE_LINE_ID,)),
        pd.DataFrame({"invoice_line_id": names, "asked_at": at}),
        {},
    )
    nothing = np.zeros(ROWS, dtype=bool)
    unknown = build_labels(nothing, nothing.astype(np.int64), asks.asked_at)
    with Store.from_frames({DECISIONS.name: decisions[looked]}) as store:
        labels = add_decision_labels(store, asks, training_task(TASK), unknown)
    return World(truth, wrong, flagged, sampled, labels)


def test_only_what_people_looked_at_is_labelled_and_with_what_they_said(world):
    looked = world.flagged | world.sampled
    assert np.array_equal(world.labels.known, looked)
    assert np.array_equal(world.labels.label[looked] == WRONG, world.wrong[looked])
    assert set(world.labels.label[looked]) == {CLEAN, WRONG}
    unflagged = world.sampled & ~world.flagged
    assert (world.labels.told_by[unflagged] == LabelSource.PERSON_SAMPLED).all()
    assert (world.labels.told_by[world.flagged] == LabelSource.PERSON_FLAGGED).all()


def test_weights_recover_the_base_rate_that_the_labels_alone_miss_by_far(world):
    known = world.labels.known
    wrong, weight = world.labels.label[known] == WRONG, world.labels.weight[known]
    estimate, error = hajek(wrong, weight)
    truth = world.wrong.mean()
    assert wrong.mean() > truth + 0.15  # what is looked at goes wrong far more often
    assert abs(estimate - truth) < 1.96 * error < 0.05
    assert weight.sum() == pytest.approx(ROWS, rel=0.05)


def hajek(hit, weight):
    """Ratio estimate of a share and its standard error, linearised (Särndal 1992, ch. 5.7)."""
    share = np.average(hit, weights=weight)
    drift = (weight - 1) * weight * (hit - share) ** 2  # cases sure to be seen add nothing
    return share, np.sqrt(drift.sum()) / weight.sum()


def test_the_interval_of_the_weighted_base_rate_covers_as_often_as_it_says():
    random, covered = np.random.default_rng(8), []
    truth = 1 / (1 + np.exp(-random.normal(-2, 1, 5000)))
    flagged = truth > 0.25
    wrong = random.random(5000) < truth
    for _ in range(400):
        seen = flagged | (random.random(5000) < 0.1)
        weight = inverse_probability_weights(flagged[seen], np.full(seen.sum(), 0.1))
        estimate, error = hajek(wrong[seen], weight)
        covered.append(abs(estimate - wrong.mean()) < 1.96 * error)
    assert 0.91 <= np.mean(covered) <= 0.98


def test_a_model_of_weighted_labels_is_calibrated_on_all_cases_and_one_of_labels_alone_is_not():
    everything = draw_training_set(8000, seed=2).training
    random = np.random.default_rng(3)
    # A model before flagged the north, and half of what went wrong elsewhere by facts unknown.
    north = (everything.inputs["region"] == "north").to_numpy()
    flagged = north | ((everything.label == 1) & (random.random(len(everything)) < 0.5))
    seen = flagged | (random.random(len(everything)) < 0.1)
    weight = inverse_probability_weights(flagged[seen], np.full(seen.sum(), 0.1))
    plain, weighted = (said(everything, seen, given) for given in (None, weight))
    for stage in ("trees", "calibrated"):
        for part in (north, ~north, everything.inputs["cover"].to_numpy() > 0):
            truth = everything.label[part].mean()
            assert weighted[stage][part].mean() == pytest.approx(truth, abs=0.04)
        assert plain[stage][~north].mean() > everything.label[~north].mean() + 0.2


def said(final_rows: TrainingSet, seen, weight):
    """Return the predictions for all cases of a model fitted on the seen ones."""
    model = fit(make_task(), replace(final_rows.take(seen), weight=weight)).model
    matrix = model.encoder.encode(final_rows.inputs).matrix
    return {
        "trees": 1 / (1 + np.exp(-model.trees.margins(matrix, 1)[:, 0])),
        "calibrated": model.predict(final_rows.inputs).probability[:, 1],
    }


def test_weights_are_the_inverse_of_the_chance_and_cut_where_it_is_tiny():
    flagged = np.array([True, False, False, False])
    assert inverse_probability_weights(flagged, np.array([0.02, 0.1, 0.02, 1e-6])).tolist() == [
        1.0,
        10.0,
        50.0,
        MAX_WEIGHT,
    ]
