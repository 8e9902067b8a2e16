"""The report as Prometheus gauges, in the text format of the node exporter's text files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from training.monitor.monitor import Report
from training.monitor.signal import Kind, Signal
from training.monitor.verdict import EXIT

FEATURES = 20
"""Most features of a task that get a gauge: those that moved most."""

OUTCOME = {
    Kind.LEVEL: "triage_monitor_calibration_gap",
    Kind.SPREAD: "triage_monitor_calibration_error",
    Kind.CLASS_SET: "triage_monitor_class_set_coverage",
    Kind.INTERVAL: "triage_monitor_interval_coverage",
}


def write_gauges(reports: Sequence[Report], path: Path) -> None:
    """Write them, replacing the file in one step."""
    write_to_textfile(str(path), registry(reports))


def registry(reports: Sequence[Report]) -> CollectorRegistry:
    """Gauges of these reports, in a registry of their own."""
    made = CollectorRegistry()
    _advice(reports, made)
    _counts(reports, made)
    _features(reports, made)
    _outcomes(reports, made)
    _rates(reports, made)
    return made


def _advice(reports: Sequence[Report], made: CollectorRegistry) -> None:
    advice = Gauge("triage_monitor_advice", "0 no need, 3 look, 4 retrain", ["task"], registry=made)
    raised = Gauge(
        "triage_monitor_signals_raised", "signals that count", ["task", "site"], registry=made
    )
    units = Gauge(
        "triage_monitor_unit_factor",
        "ratio of medians where a unit probably changed",
        ["task", "site", "feature"],
        registry=made,
    )
    for report in reports:
        advice.labels(report.task).set(EXIT[report.verdict.advice])
        for place in report.judged:
            raised.labels(report.task, place).set(sum(s.place == place for s in report.raised))
        for change in report.changes:
            units.labels(report.task, change.site, change.feature).set(change.factor)


def _counts(reports: Sequence[Report], made: CollectorRegistry) -> None:
    cases = Gauge(
        "triage_monitor_cases",
        "cases asked, ended, waiting for their outcome, or left out",
        ["task", "state"],
        registry=made,
    )
    for report in reports:
        for state, count in report.counts.items():
            cases.labels(report.task, state).set(count)


def _features(reports: Sequence[Report], made: CollectorRegistry) -> None:
    """Drift of the features that moved most at any place; the number of series is bounded."""
    labels = ["task", "site", "feature"]
    psi = Gauge("triage_monitor_psi", "population stability index", labels, registry=made)
    gap = Gauge("triage_monitor_ks", "Kolmogorov-Smirnov gap", labels, registry=made)
    missing = Gauge("triage_monitor_missing_share", "missing values", labels, registry=made)
    unseen = Gauge("triage_monitor_unseen_share", "categories never seen", labels, registry=made)
    for report in reports:
        kept = set(top(report))
        for signal in report.signals:
            at = (report.task, signal.place, signal.subject)
            if signal.kind is Kind.SCORE or (signal.kind is Kind.SHIFT and signal.subject in kept):
                psi.labels(*at).set(signal.figures["psi"])
                gap.labels(*at).set(signal.figures["ks"])
            elif signal.kind is Kind.MISSING and signal.subject in kept:
                missing.labels(*at).set(signal.found)
            elif signal.kind is Kind.UNSEEN and signal.subject in kept:
                unseen.labels(*at).set(signal.found)


def top(report: Report) -> list[str]:
    """The features with the largest effect anywhere, those that were raised first."""
    inputs = (Kind.SHIFT, Kind.MISSING, Kind.UNSEEN, Kind.OUTSIDE)
    ranked = sorted((s for s in report.signals if s.kind in inputs), key=_first)
    return list(dict.fromkeys(s.subject for s in ranked))[:FEATURES]


def _first(signal: Signal) -> tuple[bool, float, str]:
    return not signal.raised, -signal.effect, signal.subject


def _outcomes(reports: Sequence[Report], made: CollectorRegistry) -> None:
    gauges = {
        Kind.LEVEL: Gauge(
            OUTCOME[Kind.LEVEL],
            "share that came less what was stated",
            ["task", "site", "class"],
            registry=made,
        )
    } | {
        kind: Gauge(name, str(kind).replace("_", " "), ["task", "site"], registry=made)
        for kind, name in OUTCOME.items()
        if kind is not Kind.LEVEL
    }
    for report in reports:
        for signal in report.signals:
            if signal.kind is Kind.LEVEL:
                at = (report.task, signal.place, signal.subject)
                gauges[signal.kind].labels(*at).set(signal.found - signal.expected)
            elif signal.kind in gauges:
                gauges[signal.kind].labels(report.task, signal.place).set(signal.found)


def _rates(reports: Sequence[Report], made: CollectorRegistry) -> None:
    rate = Gauge(
        "triage_monitor_rate",
        "share of cases abstained; of decided cases followed, overridden",
        ["task", "site", "what"],
        registry=made,
    )
    for report in reports:
        for one in report.rates:
            if one.rows:
                rate.labels(report.task, one.place, str(one.kind)).set(one.share)
