"""In weeks in which nothing happens the monitor stays within the rate that it states."""

import pytest

from training.evaluation.statistics import wilson_interval_95
from training.monitor.false_alarm_rate import count_false_alarms
from training.monitor.signals import MEASURED_FALSE_ALARM_RATE, MonitorThresholds

pytestmark = pytest.mark.slow(14)

WEEKS = 60


def test_quiet_weeks_raise_no_more_alarms_than_stated():
    raised = count_false_alarms(WEEKS, seed=101)
    assert raised / WEEKS <= MonitorThresholds().false_alarms
    assert wilson_interval_95(raised, WEEKS)[0] <= MEASURED_FALSE_ALARM_RATE


def test_the_stated_rate_is_what_the_families_may_use_up():
    assert MonitorThresholds().false_alarms == 0.05
    assert MonitorThresholds().false_alarms >= MEASURED_FALSE_ALARM_RATE
