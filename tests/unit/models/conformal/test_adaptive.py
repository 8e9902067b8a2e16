"""Under drift the adapted error keeps the stated rate; without, it stays where it was."""

import numpy as np
import pytest

from models.conformal.adaptive import RANGE, AskDates, adapted_error, aimed_errors
from models.conformal.fitting import upper_bound

DAY = np.timedelta64(1, "D")
START = np.datetime64("2026-01-01T00:00:00", "us")


def told(rows, *, per_day=20, wait_days=5):
    asked = START + (np.arange(rows) // per_day) * DAY
    return AskDates(asked, asked + wait_days * DAY)


def scores(rows, *, seed, drift):
    """Misfits that grow by `drift` standard deviations from the first row to the last."""
    random = np.random.default_rng(seed)
    return random.normal(size=rows) + np.linspace(0, drift, rows)


def coverages(drift, draws=20, rows=2000):
    """Mean coverage of the rows after, by the stated error and by the adapted one."""
    found = []
    for seed in range(draws):
        score = scores(rows, seed=seed, drift=drift)
        after = np.random.default_rng(1000 + seed).normal(size=2000) + drift
        error = adapted_error(score, told(rows), 0.1)
        bounds = (upper_bound(score, 0.1), upper_bound(score, error))
        found.append([(after <= bound).mean() for bound in bounds])
    return np.mean(found, axis=0)


def test_under_a_planted_drift_the_adapted_rate_is_nearer_to_the_stated_one():
    static, adapted = coverages(drift=1.5)
    assert static < 0.8
    assert adapted > static + 0.05
    assert abs(adapted - 0.9) < abs(static - 0.9) / 2


def test_without_drift_adapting_changes_little():
    static, adapted = coverages(drift=0.0)
    assert static == pytest.approx(0.9, abs=0.01)
    assert adapted == pytest.approx(static, abs=0.01)


def test_late_labels_steer_gently():
    """A month of asks without a label: no drift must not be taken for one."""
    found = [
        adapted_error(scores(2000, seed=seed, drift=0.0), told(2000, wait_days=30), 0.1)
        for seed in range(10)
    ]
    assert np.std(found) < 0.02
    assert np.mean(found) == pytest.approx(0.1, abs=0.02)


def test_misfits_that_shrink_give_a_greater_error_to_aim_at():
    assert adapted_error(scores(2000, seed=0, drift=-2.0), told(2000), 0.1) > 0.12


def test_a_label_is_used_only_once_it_matured():
    """The last labels never matured before the last ask: they cannot change the aim."""
    score, when = scores(600, seed=1, drift=1.0), told(600, wait_days=10)
    unknown = when.matured_at > when.asked_at.max()
    assert unknown.sum() == 200
    other = np.where(unknown, 99.0, score)
    assert aimed_errors(score, when, 0.1) == aimed_errors(other, when, 0.1)


def test_labels_that_are_known_when_asked_are_never_an_asks_own():
    """Overdue lines are late already when asked about: their labels mature at once."""
    score = scores(400, seed=4, drift=0.0)
    at_once, next_day = told(400, wait_days=0), told(400, wait_days=1)
    assert aimed_errors(score, at_once, 0.1)[0] in (pytest.approx(0.0955), pytest.approx(0.1005))
    assert len(aimed_errors(score, at_once, 0.1)) >= len(aimed_errors(score, next_day, 0.1))
    long_ago = AskDates(at_once.asked_at, at_once.asked_at - 9 * DAY)
    assert 0.02 <= adapted_error(score, long_ago, 0.1) <= 0.5


def test_the_order_of_the_rows_does_not_matter():
    score, when = scores(800, seed=2, drift=1.0), told(800)
    mixed = np.random.default_rng(3).permutation(800)
    shuffled = AskDates(when.asked_at[mixed], when.matured_at[mixed])
    assert adapted_error(score[mixed], shuffled, 0.1) == adapted_error(score, when, 0.1)


def test_without_dates_or_with_few_rows_the_stated_error_stays():
    score = scores(300, seed=0, drift=3.0)
    undated = np.full(300, np.datetime64("NaT"), dtype="datetime64[us]")
    assert adapted_error(score, AskDates(undated, undated), 0.1) == 0.1
    few = told(40)
    assert adapted_error(score[:40], few, 0.1) == 0.1
    nothing = AskDates(undated[:0], undated[:0])
    assert adapted_error(score[:0], nothing, 0.1) == 0.1


def test_the_aim_stays_within_its_range_whatever_comes():
    ever_worse = np.arange(3000, dtype=np.float64)
    aims = aimed_errors(ever_worse, told(3000), 0.1)
    assert min(aims) == pytest.approx(RANGE[0] * 0.1)
    ever_better = aimed_errors(-ever_worse, told(3000), 0.1)
    assert max(ever_better) <= RANGE[1] * 0.1
