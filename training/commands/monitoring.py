"""`triage monitor` and `triage agreement`: drift, outcomes and people against the model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.command_line import console, show_progress
from data.lake import Lake
from training.commands.arguments import DAY_FORMATS, day_of, task_named
from training.commands.serving_access import ServingAccess, serving_access

if TYPE_CHECKING:
    from training.monitor.report import MonitoringReport


def agreement(
    context: typer.Context,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
) -> None:
    """Hold people's agreement with the model against the model's true error."""
    from data.store import Store
    from training.monitor.human_agreement import (
        agreement_sentences,
        measure_agreement,
        recorded_outcomes,
        reliance_table,
    )

    lake = Lake.from_environment()
    recorded = serving_access(context).frames(lake)
    with Store.from_folder(lake.canonical) as store:
        outcomes = recorded_outcomes(store, recorded.recommendations)
        measured = measure_agreement(recorded.recommendations, recorded.decisions, outcomes)
    console.print(reliance_table(measured))
    for sentence in agreement_sentences(measured):
        console.print(sentence, highlight=False, soft_wrap=True)
    if json_file:
        json_file.write_text(json.dumps(measured.as_json(), indent=1, allow_nan=False) + "\n")


def monitor(
    context: typer.Context,
    task: Annotated[str, typer.Argument(help="one task; all of them by default")] = "",
    since: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="first day; 28 days before the end")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="first day that is not counted")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="write the page here")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
    metrics: Annotated[Path | None, typer.Option(help="write Prometheus gauges here")] = None,
) -> None:
    """Hold what is asked, and how it ended, against what the models learnt from.

    Exit code for schedulers: 0 no need, 3 look, 4 retrain, 2 error. Of 100 quiet weeks of a
    task at most 5 raise an alarm; `python -m training.monitor.false_alarm_rate` measures it.
    """
    from models.catalogue import TASKS
    from training.monitor.outputs import advice_table, write_reports
    from training.monitor.retraining_advice import EXIT_CODES
    from training.monitor.run import monitor_lake, most_severe_advice

    lake, names = Lake.from_environment(), [task_named(task)] if task else list(TASKS)
    access = serving_access(context)
    recorded = access.frames(lake)
    if recorded.recommendations.empty:
        raise FileNotFoundError("nothing was recommended yet; run `triage serve`")
    with show_progress("Comparing with the reference"):
        reports = monitor_lake(lake, names, recorded, day_of(since), day_of(until))
        write_reports(reports, html, json_file, metrics)
    _record_drifts(access, lake, reports)
    console.print(advice_table(reports))
    raise typer.Exit(EXIT_CODES[most_severe_advice(reports)])


def _record_drifts(access: ServingAccess, lake: Lake, reports: Sequence[MonitoringReport]) -> None:
    """Record each report that needs somebody, so that subscribers to events receive it."""
    from training.monitor.retraining_advice import Advice

    for report in reports:
        if report.verdict.advice is Advice.NO_NEED:
            continue
        finding = {
            "advice": str(report.verdict.advice),
            "headline": report.verdict.headline,
            "since": report.since.isoformat(),
            "until": report.until.isoformat(),
        }
        access.record_drift(lake, str(report.task), finding, datetime.now(UTC))
