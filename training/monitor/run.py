"""Run the monitor on a lake: load the champions, find the outcomes, report on each task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd

from data.lake import Lake
from data.store import Store
from models.artefact.folder import load_artefact
from models.task import TaskName
from training.monitor.outcomes import MATURED_AT, matured_outcomes
from training.monitor.reference import ChampionReference
from training.monitor.report import MonitoringInputs, MonitoringReport, monitor_champion
from training.monitor.retraining_advice import SEVERITY, Advice
from training.monitor.signals import MonitorThresholds
from training.registry.champion_pointer import read_champion
from training.tasks.catalogue import TRAINING_TASKS

DEFAULT_PERIOD_DAYS = 28


@dataclass(frozen=True)
class AuditFrames:
    """Frames of the audit log, as `serving.audit.dataframes` builds them."""

    recommendations: pd.DataFrame
    decisions: pd.DataFrame


def monitor_lake(
    lake: Lake,
    tasks: Sequence[TaskName],
    record: AuditFrames,
    since: date | None = None,
    until: date | None = None,
) -> list[MonitoringReport]:
    """Return one report per task that has recommendations.

    since: the first day, DAYS before `until` by default. until: the first day not counted;
    by default the one after the last ask or the last outcome that matured.

    Raises:
        LookupError: nothing was ever recommended of these tasks, or a task has no champion.
    """
    recommendations = record.recommendations
    with_cases = [name for name in tasks if (recommendations["task"] == str(name)).any()]
    if not with_cases:
        raise LookupError(
            f"nothing was recommended of {', '.join(tasks)} yet; the monitor reads the record "
            "of recommendations: start the service and score some cases"
        )
    with Store.from_folder(lake.canonical) as store:
        ended = {
            n: matured_outcomes(
                store, TRAINING_TASKS[n], recommendations[recommendations["task"] == str(n)]
            )
            for n in with_cases
        }
    start, end = monitoring_period(
        [recommendations["asked_at"], *(e[MATURED_AT] for e in ended.values())], since, until
    )
    return [
        monitor_champion(
            load_champion_reference(lake, name),
            MonitoringInputs(recommendations, record.decisions, ended[name]),
            start,
            end,
            MonitorThresholds(),
        )
        for name in with_cases
    ]


def monitoring_period(
    moments: Sequence[pd.Series], since: date | None, until: date | None
) -> tuple[datetime, datetime]:
    """The half-open stretch that those days name, midnight UTC.

    Raises:
        ValueError: it ends before it starts.
    """
    newest = max(pd.Timestamp(series.max()) for series in moments if len(series))
    last = until or newest.date() + timedelta(days=1)
    first = since or last - timedelta(days=DEFAULT_PERIOD_DAYS)
    if first >= last:
        raise ValueError(f"--since {first} must be before --until {last}")
    return datetime.combine(first, time(), UTC), datetime.combine(last, time(), UTC)


def load_champion_reference(lake: Lake, name: TaskName) -> ChampionReference:
    """The champion of a task, as the monitor sees it.

    Raises:
        LookupError: there is none, with the way to one.
    """
    champion = read_champion(lake, name)
    if champion is None:
        raise LookupError(
            f"{name} has no champion; run `triage train {name}` and `triage promote {name}`"
        )
    return ChampionReference.of(
        load_artefact(lake.models / name / champion.digest, champion.digest)
    )


def most_severe_advice(reports: Sequence[MonitoringReport]) -> Advice:
    """The advice of the report that needs most."""
    return max((report.verdict.advice for report in reports), key=SEVERITY.index)
