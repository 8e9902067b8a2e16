"""Coverage: did the class sets and the delay intervals hold the truth at their stated rate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from training.monitor.baseline import Baseline
from training.monitor.calibration import Ended
from training.monitor.chance import interval, too_few
from training.monitor.limits import Limits
from training.monitor.signal import Kind, Signal

Flags = NDArray[np.bool_]


def coverage(ended: Ended, baseline: Baseline, limits: Limits) -> list[Signal]:
    """Signals of each place with enough ended cases; only too little coverage counts."""
    return [
        signal
        for place, part in ended.places(limits.fewest_rows)
        for signal in (
            *_sets(place, part, baseline),
            *_intervals(place, part, baseline, limits.fewest_rows),
        )
    ]


def _sets(place: str, part: Ended, baseline: Baseline) -> Iterator[Signal]:
    held = [
        part.classes[label] in named
        for label, named in zip(part.label.tolist(), part.frame["class_set"], strict=True)
    ]
    yield _covered(Kind.CLASS_SET, place, "class set", np.array(held), baseline.coverage)


def _intervals(place: str, part: Ended, baseline: Baseline, fewest: int) -> Iterator[Signal]:
    if len(baseline.levels) < 2:
        return
    low, high = (f"{level:g}" for level in (min(baseline.levels), max(baseline.levels)))
    told = np.isfinite(part.target) & np.array([low in d for d in part.frame["delay_days"]])
    if told.sum() < fewest:
        return
    known = part.take(told)
    bounds = np.array([(d[low], d[high]) for d in known.frame["delay_days"]], dtype=np.float64)
    held = (known.target >= bounds[:, 0]) & (known.target <= bounds[:, 1])
    stated = max(baseline.levels) - min(baseline.levels)
    yield _covered(Kind.INTERVAL, place, "delay interval", held, stated)


def _covered(kind: Kind, place: str, subject: str, held: Flags, stated: float) -> Signal:
    hits, rows = int(held.sum()), len(held)
    low, high = interval(hits, rows)
    return Signal(
        kind,
        place,
        subject,
        rows,
        hits / rows,
        stated,
        max(stated - hits / rows, 0.0),
        too_few(hits, rows, stated),
        figures={"low": low, "high": high},
    )
