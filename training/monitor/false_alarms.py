"""How often the monitor raises an alarm in weeks in which nothing happened.

    python -m training.monitor.false_alarms

Draws weeks from a world that never changes (see `training.monitor.quiet_world`), runs the
whole monitor on each and prints the share that it did not call "no need".
"""

from __future__ import annotations

import sys

import numpy as np

from training.monitor import quiet_world
from training.monitor.chance import interval
from training.monitor.limits import Limits
from training.monitor.monitor import monitor
from training.monitor.verdict import Advice
from training.monitor.wording import share

WEEKS = 300
CASES = 250
EARLIER = 500
WEEKS_PER_MODEL = 20
MEASURED = 0.007
"""Share measured by this module as it stands, told on the page."""


def false_alarms(weeks: int = WEEKS, seed: int = 17) -> int:
    """Alarms in that many quiet weeks of CASES cases; a new model every WEEKS_PER_MODEL."""
    limits = Limits()
    since = quiet_world.START + quiet_world.WEEK
    raised = 0
    for week in range(weeks):
        if week % WEEKS_PER_MODEL == 0:
            baseline = quiet_world.baseline(seed + week)
        random = np.random.default_rng([seed, week])
        frames = quiet_world.frames(random, CASES, EARLIER)
        report = monitor(baseline, frames, since, since + quiet_world.WEEK, limits)
        raised += report.verdict.advice is not Advice.NO_NEED
    return raised


def main() -> None:
    """Print the measured rate beside the stated one."""
    weeks = int(sys.argv[1]) if len(sys.argv) > 1 else WEEKS
    raised = false_alarms(weeks)
    low, high = interval(raised, weeks)
    print(  # noqa: T201 (a command)
        f"{raised} of {weeks} quiet weeks raised an alarm: {share(raised / weeks)} "
        f"(95% interval {share(low)} to {share(high)}); at most "
        f"{share(Limits().false_alarms)} is stated"
    )


if __name__ == "__main__":
    main()
