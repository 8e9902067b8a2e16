"""In weeks in which nothing happens the monitor stays within the rate that it states."""

from training.monitor.chance import interval
from training.monitor.false_alarms import MEASURED, false_alarms
from training.monitor.limits import Limits

WEEKS = 60


def test_quiet_weeks_raise_no_more_alarms_than_stated():
    raised = false_alarms(WEEKS, seed=101)
    assert raised / WEEKS <= Limits().false_alarms
    assert interval(raised, WEEKS)[0] <= MEASURED


def test_the_stated_rate_is_what_the_families_may_use_up():
    assert Limits().false_alarms == 0.05
    assert Limits().false_alarms >= MEASURED
