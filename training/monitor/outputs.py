"""Outputs of the monitor: terminal table, JSON, HTML page and Prometheus gauges."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from rich.markup import escape
from rich.table import Table

from training.monitor.page import capitalize_sentence, render_page
from training.monitor.report import MonitoringReport
from training.monitor.retraining_advice import EXIT_CODES
from training.monitor.signals import Signal, SignalKind

MAX_FEATURE_GAUGES = 20
"""Most features of a task that get a gauge: those that moved most."""

OUTCOME_GAUGES = {
    SignalKind.LEVEL: "triage_monitor_calibration_gap",
    SignalKind.SPREAD: "triage_monitor_calibration_error",
    SignalKind.CLASS_SET: "triage_monitor_class_set_coverage",
    SignalKind.INTERVAL: "triage_monitor_interval_coverage",
}


def write_gauges(reports: Sequence[MonitoringReport], path: Path) -> None:
    """Write them, replacing the file in one step."""
    write_to_textfile(str(path), gauge_registry(reports))


def gauge_registry(reports: Sequence[MonitoringReport]) -> CollectorRegistry:
    """Gauges of these reports, in a registry of their own."""
    registry = CollectorRegistry()
    _add_advice_gauges(reports, registry)
    _add_case_gauges(reports, registry)
    _add_feature_gauges(reports, registry)
    _add_outcome_gauges(reports, registry)
    _add_rate_gauges(reports, registry)
    return registry


def _add_advice_gauges(reports: Sequence[MonitoringReport], registry: CollectorRegistry) -> None:
    advice = Gauge(
        "triage_monitor_advice", "0 no need, 3 look, 4 retrain", ["task"], registry=registry
    )
    raised = Gauge(
        "triage_monitor_signals_raised", "signals that count", ["task", "site"], registry=registry
    )
    units = Gauge(
        "triage_monitor_unit_factor",
        "ratio of medians where a unit probably changed",
        ["task", "site", "feature"],
        registry=registry,
    )
    for report in reports:
        advice.labels(report.task).set(EXIT_CODES[report.verdict.advice])
        for place in report.judged:
            raised.labels(report.task, place).set(sum(s.place == place for s in report.raised))
        for change in report.changes:
            units.labels(report.task, change.site, change.feature).set(change.factor)


def _add_case_gauges(reports: Sequence[MonitoringReport], registry: CollectorRegistry) -> None:
    cases = Gauge(
        "triage_monitor_cases",
        "cases asked, ended, waiting for their outcome, or left out",
        ["task", "state"],
        registry=registry,
    )
    for report in reports:
        for state, count in report.counts.items():
            cases.labels(report.task, state).set(count)


def _add_feature_gauges(reports: Sequence[MonitoringReport], registry: CollectorRegistry) -> None:
    """Drift of the features that moved most at any place; the number of series is bounded."""
    labels = ["task", "site", "feature"]
    psi = Gauge("triage_monitor_psi", "population stability index", labels, registry=registry)
    gap = Gauge("triage_monitor_ks", "Kolmogorov-Smirnov gap", labels, registry=registry)
    missing = Gauge("triage_monitor_missing_share", "missing values", labels, registry=registry)
    unseen = Gauge(
        "triage_monitor_unseen_share", "categories never seen", labels, registry=registry
    )
    for report in reports:
        shown = set(most_moved_features(report))
        for signal in report.signals:
            at = (report.task, signal.place, signal.subject)
            if signal.kind is SignalKind.SCORE or (
                signal.kind is SignalKind.SHIFT and signal.subject in shown
            ):
                psi.labels(*at).set(signal.figures["psi"])
                gap.labels(*at).set(signal.figures["ks"])
            elif signal.kind is SignalKind.MISSING and signal.subject in shown:
                missing.labels(*at).set(signal.found)
            elif signal.kind is SignalKind.UNSEEN and signal.subject in shown:
                unseen.labels(*at).set(signal.found)


def most_moved_features(report: MonitoringReport) -> list[str]:
    """The features with the largest effect anywhere, those that were raised first."""
    inputs = (SignalKind.SHIFT, SignalKind.MISSING, SignalKind.UNSEEN, SignalKind.OUTSIDE)
    ranked = sorted((s for s in report.signals if s.kind in inputs), key=_gauge_order)
    return list(dict.fromkeys(s.subject for s in ranked))[:MAX_FEATURE_GAUGES]


def _gauge_order(signal: Signal) -> tuple[bool, float, str]:
    return not signal.raised, -signal.effect, signal.subject


def _add_outcome_gauges(reports: Sequence[MonitoringReport], registry: CollectorRegistry) -> None:
    gauges = {
        SignalKind.LEVEL: Gauge(
            OUTCOME_GAUGES[SignalKind.LEVEL],
            "share that came less what was stated",
            ["task", "site", "class"],
            registry=registry,
        )
    } | {
        kind: Gauge(name, str(kind).replace("_", " "), ["task", "site"], registry=registry)
        for kind, name in OUTCOME_GAUGES.items()
        if kind is not SignalKind.LEVEL
    }
    for report in reports:
        for signal in report.signals:
            if signal.kind is SignalKind.LEVEL:
                at = (report.task, signal.place, signal.subject)
                gauges[signal.kind].labels(*at).set(signal.found - signal.expected)
            elif signal.kind in gauges:
                gauges[signal.kind].labels(report.task, signal.place).set(signal.found)


def _add_rate_gauges(reports: Sequence[MonitoringReport], registry: CollectorRegistry) -> None:
    rate = Gauge(
        "triage_monitor_rate",
        "share of cases abstained; of decided cases followed, overridden",
        ["task", "site", "what"],
        registry=registry,
    )
    for report in reports:
        for one in report.rates:
            if one.rows:
                rate.labels(report.task, one.place, str(one.kind)).set(one.share)


MAX_TERMINAL_REASONS = 4


def advice_table(reports: Sequence[MonitoringReport]) -> Table:
    """The advice for each task and its heaviest reasons."""
    first = reports[0]
    table = Table(title=f"Asked from {first.since:%Y-%m-%d} until {first.until:%Y-%m-%d}")
    for heading in ("task", "advice"):
        table.add_column(heading)
    for heading in ("asked", "ended", "waiting"):
        table.add_column(heading, justify="right")
    table.add_column("reasons", overflow="fold")
    for report in reports:
        counts = (str(report.counts[name]) for name in ("asked", "ended", "waiting"))
        table.add_row(report.task, report.verdict.headline, *counts, escape(_reasons_text(report)))
    return table


def write_reports(
    reports: Sequence[MonitoringReport], page: Path | None, plain: Path | None, gauges: Path | None
) -> None:
    """Write the page, the JSON and the gauges where a file is named."""
    if page:
        page.write_text(render_page(reports), encoding="utf-8")
    if plain:
        by_task = {report.task: report.as_json() for report in reports}
        plain.write_text(json.dumps(by_task, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    if gauges:
        write_gauges(reports, gauges)


def _reasons_text(report: MonitoringReport) -> str:
    reasons = report.verdict.reasons
    shown = [capitalize_sentence(reason.text) for reason in reasons[:MAX_TERMINAL_REASONS]]
    more = len(reasons) - MAX_TERMINAL_REASONS
    return "\n".join([*shown, *([f"and {more} more"] if more > 0 else [])])
