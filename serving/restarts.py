"""When a service that ended by itself is started again, and when no more."""

from __future__ import annotations

import signal
from dataclasses import dataclass

QUICK_SECONDS = 10.0
"""Who lives for less has not started: loading takes some seconds."""
MOST_QUICK = 5
FIRST_PAUSE_SECONDS = 0.5


@dataclass
class Restarts:
    """Counts deaths. quick: those in a row that came at once."""

    quick: int = 0

    def pause_after(self, lived: float) -> float | None:
        """Seconds to wait before the next start, twice as long each time; None to give up."""
        self.quick = self.quick + 1 if lived < QUICK_SECONDS else 0
        if self.quick >= MOST_QUICK:
            return None
        return FIRST_PAUSE_SECONDS * 2.0 ** max(0, self.quick - 1)


def ending(code: int) -> str:
    """How a process ended, by its exit code; negative is the signal that ended it."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
