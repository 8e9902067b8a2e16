"""The monitoring page: one HTML file without scripts, the advice first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from training.monitor import charts, wording
from training.monitor.decision_rates import DecisionRate
from training.monitor.report import MonitoringReport
from training.monitor.signals import Signal, SignalFamily, SignalKind
from training.monitor.thresholds import MEASURED_FALSE_ALARM_RATE

TEMPLATES = Path(__file__).with_name("templates")
MAX_FEATURES = 10
MAX_SHIFT_CHARTS = 1
MAX_REASONS = 6
MAX_SIGNALS = 15
RATE_KINDS = (SignalKind.ABSTAINED, SignalKind.FOLLOWED, SignalKind.OVERRIDDEN)


@dataclass(frozen=True)
class FeatureCell:
    """One feature at one place. mark: `raised`, `calm`, or `none` where it was not judged."""

    text: str
    mark: str


@dataclass(frozen=True)
class FeatureRow:
    """A feature, its share of the model's gain, and how far it moved at each place."""

    feature: str
    gain: str
    cells: tuple[FeatureCell, ...]


@dataclass(frozen=True)
class Chart:
    """A picture with what it shows, in words. address: holds all of it."""

    title: str
    words: str
    address: str


def render_page(reports: Sequence[MonitoringReport]) -> str:
    """The page of one or several tasks' reports."""
    return (
        template_environment()
        .get_template("monitor.html")
        .render(
            reports=reports,
            rows={report.task: feature_rows(report) for report in reports},
            drawn={report.task: report_charts(report) for report in reports},
            conduct={report.task: rate_rows(report) for report in reports},
            kinds=SignalKind,
            family=SignalFamily,
            reasons_shown=MAX_REASONS,
            signals_shown=MAX_SIGNALS,
            stated=max(report.limits.false_alarms for report in reports),
            measured=MEASURED_FALSE_ALARM_RATE,
        )
    )


@cache
def template_environment() -> Environment:
    """The templates; a value that is not there is an error, never an empty space."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "share": wording.format_share,
        "number": wording.format_number,
        "chance": wording.format_p_value,
        "sentence": wording.signal_sentence,
        "capital": capitalize_sentence,
    }
    return made


def capitalize_sentence(text: str) -> str:
    """With a capital first letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def feature_rows(report: MonitoringReport) -> list[FeatureRow]:
    """Features that were raised, then those the model goes by most."""
    inputs = [s for s in report.signals if s.kind.family is SignalFamily.INPUTS]
    found = {(s.subject, s.place): s for s in inputs if s.kind is SignalKind.SHIFT}
    marked = {(s.subject, s.place): s for s in inputs if s.raised}
    gain = report.baseline.gain
    moved = sorted({name for name, _ in marked}, key=lambda n: (-gain.get(n, 0.0), n))
    changed = [c.feature for c in report.changes]
    most = sorted(gain, key=lambda n: (-gain[n], n))
    names = list(dict.fromkeys([*changed, *moved, *most]))[:MAX_FEATURES]
    return [
        FeatureRow(
            name,
            wording.format_share(gain.get(name, 0.0)),
            tuple(
                _feature_cell(found.get((name, place)), marked.get((name, place)))
                for place in report.judged
            ),
        )
        for name in names
    ]


def report_charts(report: MonitoringReport) -> list[Chart]:
    """The features that moved most, the score, and stated against what came."""
    shown: list[Chart] = []
    for name in _most_moved_features(report)[:MAX_SHIFT_CHARTS]:
        words = (
            "Bars: share of this period's cases. Line: what the reference expects. "
            "Orange: raised there"
        )
        shown.append(Chart(name, words, charts.shift_chart(report, name)))
    if report.judged:
        shown.append(
            Chart("Scores", "Bars: this period. Line: reference", charts.score_chart(report))
        )
    if address := charts.reliability_chart(report):
        words = (
            "Each point: a fifth of the ended cases, with its 95% interval; on the line, "
            "what was stated came. Orange: the interval does not hold what was stated"
        )
        shown.append(Chart("Stated against what came", words, address))
    return shown


def rate_rows(report: MonitoringReport) -> list[tuple[str, tuple[str, ...]]]:
    """Each place with its rates in words, in the order of RATES."""
    found = {(rate.place, rate.kind): rate for rate in report.rates}
    places = list(dict.fromkeys(rate.place for rate in report.rates))
    return [
        (place, tuple(_rate_text(found[place, kind]) for kind in RATE_KINDS)) for place in places
    ]


def _rate_text(rate: DecisionRate) -> str:
    if not rate.rows:
        return "no cases"
    low, high = wording.format_share(rate.low), wording.format_share(rate.high)
    before = "" if math.isnan(rate.before) else f", before {wording.format_share(rate.before)}"
    return f"{wording.format_share(rate.share)} of {rate.rows} ({low} to {high}){before}"


def _most_moved_features(report: MonitoringReport) -> list[str]:
    shifts = sorted(
        (s for s in report.raised if s.kind is SignalKind.SHIFT), key=lambda s: -s.effect
    )
    return list(dict.fromkeys([*(c.feature for c in report.changes), *(s.subject for s in shifts)]))


def _feature_cell(shift: Signal | None, marked: Signal | None) -> FeatureCell:
    """The index; where something else was raised, that."""
    if marked is not None and marked.kind is not SignalKind.SHIFT:
        return FeatureCell(f"{marked.kind} {wording.format_share(marked.found)}", "raised")
    if shift is None:
        return FeatureCell("-", "none")
    return FeatureCell(f"{shift.figures['psi']:.2f}", "raised" if shift.raised else "calm")
