"""The monitoring report of one champion.

Pure: frames in, report out; no clock, store or network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from training.monitor.calibration import EndedCases, calibration_signals, coverage_signals
from training.monitor.decision_rates import (
    DecisionRate,
    decision_rate_signals,
    join_last_actions,
    measure_decision_rates,
)
from training.monitor.drift import comparable_sites, drift_signals
from training.monitor.human_agreement import HumanAgreement, measure_agreement
from training.monitor.outcomes import MATURED_AT, RECOMMENDATION_ID
from training.monitor.reference import ChampionReference
from training.monitor.retraining_advice import (
    RetrainingVerdict,
    VerdictInputs,
    advise_on_retraining,
)
from training.monitor.signals import ALL_SITES, MonitorThresholds, Signal, mark_raised_signals
from training.monitor.unit_changes import UnitChange, detect_unit_changes
from training.monitor.window import RecommendationWindow

ASKED_AT = "asked_at"


@dataclass(frozen=True)
class MonitoringInputs:
    """Recommendations, decisions and outcomes that a report is computed from.

    Attributes:
        recommendations, decisions: as `serving.audit.dataframes` makes them.
        outcomes: as `training.monitor.outcomes` makes them.
    """

    recommendations: pd.DataFrame
    decisions: pd.DataFrame
    outcomes: pd.DataFrame


@dataclass(frozen=True, eq=False)
class MonitoringReport:
    """Findings of the monitor on one task between `since` and `until`.

    Attributes:
        window: the champion's recommendations of the period.
        ended: cases whose outcome matured in the period.
        counts: `asked`, `other_models` (left out), `ended`, `waiting` (asked, not matured yet).
    """

    baseline: ChampionReference
    limits: MonitorThresholds
    since: datetime
    until: datetime
    window: RecommendationWindow
    ended: EndedCases
    counts: Mapping[str, int]
    signals: tuple[Signal, ...]
    changes: tuple[UnitChange, ...]
    rates: tuple[DecisionRate, ...]
    judged: tuple[str, ...]
    agreement: HumanAgreement
    verdict: RetrainingVerdict

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


def monitor_champion(
    baseline: ChampionReference,
    frames: MonitoringInputs,
    since: datetime,
    until: datetime,
    limits: MonitorThresholds,
) -> MonitoringReport:
    """Compare what was asked, and what ended, in [since, until) with the model's reference.

    Inputs, scores and conduct count by when they were asked; calibration and coverage by
    when the outcome matured, whenever it was asked.
    """
    cut = _split_by_period(baseline, frames, since, until)
    baseline = baseline.with_past(cut.past, limits.min_past_rows)
    ended = EndedCases.of(
        cut.own, _rows_between(frames.outcomes, MATURED_AT, since, until), baseline
    )
    places = (ALL_SITES, *sorted(set(cut.now["site_id"])))
    signals = mark_raised_signals(
        [
            *drift_signals(baseline, cut.window, limits),
            *calibration_signals(ended, limits),
            *coverage_signals(ended, baseline, limits),
            *decision_rate_signals(cut.now, cut.before, places, limits),
        ],
        limits,
    )
    changes = detect_unit_changes(baseline, cut.window, signals, limits)
    return MonitoringReport(
        baseline=baseline,
        limits=limits,
        since=since,
        until=until,
        window=cut.window,
        ended=ended,
        counts=_case_counts(cut, ended, frames.outcomes, until),
        signals=tuple(signals),
        changes=tuple(changes),
        rates=tuple(measure_decision_rates(cut.now, cut.before, places)),
        judged=tuple(name for name, _ in comparable_sites(baseline, cut.window, limits)),
        agreement=_agreement_until(baseline, frames, until),
        verdict=advise_on_retraining(
            VerdictInputs(signals, changes, baseline.gain, len(ended), cut.window.days), limits
        ),
    )


@dataclass(frozen=True)
class _Period:
    """Recommendations of the period and of the time before it.

    Attributes:
        own: the champion's recommendations.
        window, past: those of the champion in and before the window.
        now, before: those of every model, with people's decisions.
    """

    own: pd.DataFrame
    window: RecommendationWindow
    past: RecommendationWindow
    now: pd.DataFrame
    before: pd.DataFrame


def _split_by_period(
    baseline: ChampionReference, frames: MonitoringInputs, since: datetime, until: datetime
) -> _Period:
    every = frames.recommendations
    every = every[every["task"] == baseline.task]
    own = every[every["model_digest"] == baseline.digest]
    return _Period(
        own=own,
        window=RecommendationWindow.of(_rows_between(own, ASKED_AT, since, until), baseline.specs),
        past=RecommendationWindow.of(own[own[ASKED_AT] < since], baseline.specs),
        now=join_last_actions(_rows_between(every, ASKED_AT, since, until), frames.decisions),
        before=join_last_actions(every[every[ASKED_AT] < since], frames.decisions),
    )


def _agreement_until(
    baseline: ChampionReference, frames: MonitoringInputs, until: datetime
) -> HumanAgreement:
    """Measure agreement on all recommendations up to `until`: habits change slowly."""
    every = frames.recommendations
    asks = every[(every["task"] == baseline.task) & (every[ASKED_AT] < until)]
    known = frames.outcomes[frames.outcomes[MATURED_AT] < until]
    return measure_agreement(asks, frames.decisions, known)


def _case_counts(
    cut: _Period, ended: EndedCases, outcomes: pd.DataFrame, until: datetime
) -> dict[str, int]:
    known = outcomes[outcomes[MATURED_AT] < until][RECOMMENDATION_ID]
    return {
        "asked": len(cut.window),
        "other_models": int((~cut.now["id"].isin(cut.own["id"])).sum()),
        "ended": len(ended),
        "waiting": int((~cut.window.frame["id"].isin(known)).sum()),
    }


def _rows_between(
    frame: pd.DataFrame, column: str, since: datetime, until: datetime
) -> pd.DataFrame:
    return frame[(frame[column] >= since) & (frame[column] < until)]
