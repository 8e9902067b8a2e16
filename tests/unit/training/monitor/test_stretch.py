"""Which days are monitored, and which report of several decides."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pandas as pd
import pytest

from training.monitor.retraining_advice import EXIT_CODES, Advice
from training.monitor.run import monitoring_period, most_severe_advice

ASKED = pd.to_datetime(pd.Series(["2026-09-30T10:00", "2026-10-01T00:00"]), utc=True)
ENDED = pd.to_datetime(pd.Series(["2026-09-20T00:00"]), utc=True)


def test_by_default_the_last_28_days_up_to_the_newest_moment_are_monitored():
    since, until = monitoring_period([ASKED, ENDED, ENDED.iloc[:0]], None, None)
    assert (since, until) == (datetime(2026, 9, 4, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC))


def test_days_that_are_named_are_taken_at_midnight():
    since, until = monitoring_period([ASKED], date(2026, 9, 1), date(2026, 9, 8))
    assert (since, until) == (datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 8, tzinfo=UTC))


def test_a_stretch_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match="--since 2026-09-08 must be before --until 2026-09-08"):
        monitoring_period([ASKED], date(2026, 9, 8), date(2026, 9, 8))


def test_the_gravest_advice_decides_the_exit_code():
    def advised(advice):
        return SimpleNamespace(verdict=SimpleNamespace(advice=advice))

    assert most_severe_advice([advised(Advice.LOOK), advised(Advice.NO_NEED)]) is Advice.LOOK
    assert most_severe_advice([advised(Advice.RETRAIN), advised(Advice.LOOK)]) is Advice.RETRAIN
    assert {advice: EXIT_CODES[advice] for advice in Advice} == {
        "no need": 0,
        "look": 3,
        "retrain": 4,
    }
