"""Measure how often the monitor raises an alarm in weeks in which nothing changed.

    python -m training.monitor.false_alarm_rate

Draws weeks from `training.monitor.stationary_world`, runs the whole monitor on each and prints
the share of weeks whose advice was not "no need".

    python -m training.monitor.false_alarm_rate

Draws weeks from a world that never changes (see `training.monitor.stationary_world`), runs the
whole monitor on each and prints the share that it did not call "no need".
"""

from __future__ import annotations

import sys

import numpy as np

from training.evaluation.statistics import wilson_interval_95
from training.monitor import stationary_world
from training.monitor.report import monitor_champion
from training.monitor.retraining_advice import Advice
from training.monitor.thresholds import MonitorThresholds
from training.monitor.wording import format_share

WEEKS = 300
CASES_PER_WEEK = 250
EARLIER_CASES = 500
WEEKS_PER_MODEL = 20


def count_false_alarms(weeks: int = WEEKS, seed: int = 17) -> int:
    """Alarms in that many quiet weeks of CASES cases; a new model every WEEKS_PER_MODEL."""
    limits = MonitorThresholds()
    since = stationary_world.START + stationary_world.WEEK
    raised = 0
    for week in range(weeks):
        if week % WEEKS_PER_MODEL == 0:
            baseline = stationary_world.stationary_reference(seed + week)
        random = np.random.default_rng([seed, week])
        frames = stationary_world.draw_week(random, CASES_PER_WEEK, EARLIER_CASES)
        report = monitor_champion(baseline, frames, since, since + stationary_world.WEEK, limits)
        raised += report.verdict.advice is not Advice.NO_NEED
    return raised


def main() -> None:
    """Print the measured rate beside the stated one."""
    weeks = int(sys.argv[1]) if len(sys.argv) > 1 else WEEKS
    raised = count_false_alarms(weeks)
    low, high = wilson_interval_95(raised, weeks)
    print(  # noqa: T201 (a command)
        f"{raised} of {weeks} quiet weeks raised an alarm: {format_share(raised / weeks)} "
        f"(95% interval {format_share(low)} to {format_share(high)}); at most "
        f"{format_share(MonitorThresholds().false_alarms)} is stated"
    )


if __name__ == "__main__":
    main()
