"""Which signals count: unlikely within their family, and large enough to matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from training.monitor.chance import holm
from training.monitor.limits import Limits
from training.monitor.signal import Family, Signal


def judge(signals: Sequence[Signal], limits: Limits) -> list[Signal]:
    """The signals with their adjusted p, and whether they are raised; in the same order."""
    judged = list(signals)
    for family in Family:
        places = [i for i, s in enumerate(signals) if s.kind.family is family]
        adjusted = holm(np.array([signals[i].p for i in places], dtype=np.float64))
        for place, p in zip(places, adjusted.tolist(), strict=True):
            judged[place] = _judged(signals[place], p, limits)
    return judged


def _judged(signal: Signal, adjusted: float, limits: Limits) -> Signal:
    unlikely = adjusted <= limits.alpha[signal.kind.family]
    large = signal.effect >= limits.least[signal.kind]
    return replace(signal, adjusted=adjusted, raised=bool(unlikely and large))
