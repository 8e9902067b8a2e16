"""Monitoring a lake: its champions' artefacts and outcomes, with the record's frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd

from data.lake import Lake
from data.store import Store
from models.artefact import load
from models.catalogue import TASKS
from models.task import TaskName
from training.monitor.baseline import Baseline
from training.monitor.limits import Limits
from training.monitor.monitor import Frames, Report, monitor
from training.monitor.outcomes import MATURED_AT, outcomes
from training.monitor.verdict import SEVERITY, Advice
from training.promote import champion

DAYS = 28


@dataclass(frozen=True)
class Recorded:
    """What the audit holds, as `serving.audit.frames` makes it."""

    recommendations: pd.DataFrame
    decisions: pd.DataFrame


def monitor_lake(
    lake: Lake,
    tasks: Sequence[TaskName],
    record: Recorded,
    since: date | None = None,
    until: date | None = None,
) -> list[Report]:
    """One report a task that was asked about.

    since: the first day, DAYS before `until` by default. until: the first day not counted;
    by default the one after the last ask or the last outcome that matured.

    Raises:
        LookupError: nothing was ever recommended of these tasks, or a task has no champion.
    """
    told = record.recommendations
    asked = [name for name in tasks if (told["task"] == str(name)).any()]
    if not asked:
        raise LookupError(
            f"nothing was recommended of {', '.join(tasks)} yet; the monitor reads the record "
            "of recommendations: start the service and score some cases"
        )
    with Store.from_folder(lake.canonical) as store:
        ended = {n: outcomes(store, TASKS[n], told[told["task"] == str(n)]) for n in asked}
    start, end = stretch([told["asked_at"], *(e[MATURED_AT] for e in ended.values())], since, until)
    return [
        monitor(
            baseline_of(lake, name),
            Frames(told, record.decisions, ended[name]),
            start,
            end,
            Limits(),
        )
        for name in asked
    ]


def stretch(
    moments: Sequence[pd.Series], since: date | None, until: date | None
) -> tuple[datetime, datetime]:
    """The half-open stretch that those days name, midnight UTC.

    Raises:
        ValueError: it ends before it starts.
    """
    newest = max(pd.Timestamp(series.max()) for series in moments if len(series))
    last = until or newest.date() + timedelta(days=1)
    first = since or last - timedelta(days=DAYS)
    if first >= last:
        raise ValueError(f"--since {first} must be before --until {last}")
    return datetime.combine(first, time(), UTC), datetime.combine(last, time(), UTC)


def baseline_of(lake: Lake, name: TaskName) -> Baseline:
    """The champion of a task, as the monitor sees it.

    Raises:
        LookupError: there is none, with the way to one.
    """
    found = champion(lake, name)
    if found is None:
        raise LookupError(
            f"{name} has no champion; run `triage train {name}` and `triage promote {name}`"
        )
    return Baseline.of(load(lake.models / name / found.digest, found.digest))


def gravest(reports: Sequence[Report]) -> Advice:
    """The advice of the report that needs most."""
    return max((report.verdict.advice for report in reports), key=SEVERITY.index)
