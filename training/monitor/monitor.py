"""The monitor: frames in, a report out. Pure: no clock, no store, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from training.agreement import Agreement, agreement
from training.monitor.baseline import Baseline
from training.monitor.calibration import Ended, calibration
from training.monitor.conduct import Rate, conduct, decided, rates
from training.monitor.coverage import coverage
from training.monitor.drift import drift, judged
from training.monitor.judge import judge
from training.monitor.limits import Limits
from training.monitor.outcomes import MATURED_AT, RECOMMENDATION_ID
from training.monitor.signal import EVERYWHERE, Signal
from training.monitor.units import UnitChange, unit_changes
from training.monitor.verdict import Evidence, Verdict, verdict
from training.monitor.window import Window

ASKED_AT = "asked_at"


@dataclass(frozen=True)
class Frames:
    """What the record and the tables say.

    recommendations, decisions: as `serving.audit.frames` makes them.
    outcomes: as `training.monitor.outcomes` makes them.
    """

    recommendations: pd.DataFrame
    decisions: pd.DataFrame
    outcomes: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Report:
    """What the monitor found of one task between `since` and `until`.

    window: what was asked then, of the champion. ended: cases whose outcome matured then.
    counts: `asked`, `other_models` (left out), `ended`, `waiting` (asked, not matured yet).
    """

    baseline: Baseline
    limits: Limits
    since: datetime
    until: datetime
    window: Window
    ended: Ended
    counts: Mapping[str, int]
    signals: tuple[Signal, ...]
    changes: tuple[UnitChange, ...]
    rates: tuple[Rate, ...]
    judged: tuple[str, ...]
    agreement: Agreement
    verdict: Verdict

    @property
    def task(self) -> str:
        """The task."""
        return self.baseline.task

    @property
    def raised(self) -> list[Signal]:
        """The signals that count, the least likely first."""
        return sorted((s for s in self.signals if s.raised), key=lambda s: (s.adjusted, -s.effect))

    def as_json(self) -> dict[str, Any]:
        """Plain values; every signal, whether raised or not."""
        return {
            "task": self.task,
            "model": self.baseline.digest,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "advice": str(self.verdict.advice),
            "headline": self.verdict.headline,
            "reasons": [reason.as_json() for reason in self.verdict.reasons],
            "counts": dict(self.counts),
            "stated_false_alarms": self.limits.false_alarms,
            "unit_changes": [change.as_json() for change in self.changes],
            "agreement": self.agreement.as_json(),
            "rates": [rate.as_json() for rate in self.rates],
            "places_judged": list(self.judged),
            "places_borrowed": list(self.baseline.borrowed),
            "signals": [signal.as_json() for signal in self.signals],
        }


def monitor(
    baseline: Baseline, frames: Frames, since: datetime, until: datetime, limits: Limits
) -> Report:
    """Compare what was asked, and what ended, in [since, until) with the model's reference.

    Inputs, scores and conduct count by when they were asked; calibration and coverage by
    when the outcome matured, whenever it was asked.
    """
    cut = _cut(baseline, frames, since, until)
    baseline = baseline.with_past(cut.past, limits.fewest_past)
    ended = Ended.of(cut.own, _between(frames.outcomes, MATURED_AT, since, until), baseline)
    places = (EVERYWHERE, *sorted(set(cut.now["site_id"])))
    signals = judge(
        [
            *drift(baseline, cut.window, limits),
            *calibration(ended, limits),
            *coverage(ended, baseline, limits),
            *conduct(cut.now, cut.before, places, limits),
        ],
        limits,
    )
    changes = unit_changes(baseline, cut.window, signals, limits)
    return Report(
        baseline=baseline,
        limits=limits,
        since=since,
        until=until,
        window=cut.window,
        ended=ended,
        counts=_counts(cut, ended, frames.outcomes, until),
        signals=tuple(signals),
        changes=tuple(changes),
        rates=tuple(rates(cut.now, cut.before, places)),
        judged=tuple(name for name, _ in judged(baseline, cut.window, limits)),
        agreement=_agreement(baseline, frames, until),
        verdict=verdict(
            Evidence(signals, changes, baseline.gain, len(ended), cut.window.days), limits
        ),
    )


@dataclass(frozen=True)
class _Cut:
    """own: the champion's recommendations. window, past: of those, in and before the window.

    now, before: of every model, with what people decided.
    """

    own: pd.DataFrame
    window: Window
    past: Window
    now: pd.DataFrame
    before: pd.DataFrame


def _cut(baseline: Baseline, frames: Frames, since: datetime, until: datetime) -> _Cut:
    every = frames.recommendations
    every = every[every["task"] == baseline.task]
    own = every[every["model_digest"] == baseline.digest]
    return _Cut(
        own=own,
        window=Window.of(_between(own, ASKED_AT, since, until), baseline.specs),
        past=Window.of(own[own[ASKED_AT] < since], baseline.specs),
        now=decided(_between(every, ASKED_AT, since, until), frames.decisions),
        before=decided(every[every[ASKED_AT] < since], frames.decisions),
    )


def _agreement(baseline: Baseline, frames: Frames, until: datetime) -> Agreement:
    """Of all that was asked of the task up to `until`: people's habits change slowly."""
    every = frames.recommendations
    asked = every[(every["task"] == baseline.task) & (every[ASKED_AT] < until)]
    known = frames.outcomes[frames.outcomes[MATURED_AT] < until]
    return agreement(asked, frames.decisions, known)


def _counts(cut: _Cut, ended: Ended, outcomes: pd.DataFrame, until: datetime) -> dict[str, int]:
    known = outcomes[outcomes[MATURED_AT] < until][RECOMMENDATION_ID]
    return {
        "asked": len(cut.window),
        "other_models": int((~cut.now["id"].isin(cut.own["id"])).sum()),
        "ended": len(ended),
        "waiting": int((~cut.window.frame["id"].isin(known)).sum()),
    }


def _between(frame: pd.DataFrame, column: str, since: datetime, until: datetime) -> pd.DataFrame:
    return frame[(frame[column] >= since) & (frame[column] < until)]
