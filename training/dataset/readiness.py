"""Readiness: what the data of a lake can carry for a task, per site, before anything is fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from data.store import Store
from models.training_set import TrainingSet
from training.dataset.training_task import TrainingTask

WEEK = np.timedelta64(7, "D")
FEWEST_WEEKS = 8
"""Weeks that a table must span: some to learn from, then a horizon, then some to measure on."""
FEWEST_EVENTS = 10
"""Events of a site from which it is measured by itself (`GateThresholds.site_events`)."""


class NotReadyError(ValueError):
    """The lake lacks a table, or labels, that the task cannot be trained without."""


@dataclass(frozen=True)
class SiteReadiness:
    """Cases and events of a site.

    Attributes:
        cases: labelled cases, each group of cases that share an outcome once.
        events: those of them that did not end well.
        first, last: days of asking.
        enough_from: day from which the site has `FEWEST_EVENTS` events at its present rate; None
            where it has them, or never had one.
    """

    site: str
    cases: int
    events: int
    first: date
    last: date
    enough_from: date | None

    @property
    def weeks(self) -> int:
        """Weeks from the first to the last case, begun ones included."""
        return math.ceil(((self.last - self.first).days + 1) / 7)

    @property
    def missing(self) -> str:
        """Return what the site lacks, in words; empty where it lacks nothing."""
        lacking = FEWEST_EVENTS - self.events
        if lacking <= 0:
            return ""
        when = f", expected by {self.enough_from:%d %b %Y}" if self.enough_from else ""
        return f"{_count(lacking, 'more event')}{when}; until then it borrows from the other sites"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def check_tables(training: TrainingTask, store: Store) -> None:
    """Require every table that the task needs.

    Raises:
        NotReadyError: naming the empty tables, what they are for, and over how many weeks.
    """
    empty = [
        f"{name} ({purpose})"
        for name, purpose in training.needs.items()
        if store.table(name).count().to_pandas() == 0
    ]
    if empty:
        raise NotReadyError(
            f"{training.task.name} cannot be trained: it needs {', '.join(empty)} over "
            f"{FEWEST_WEEKS} weeks at least, and the lake has no row of them; map them and ingest"
        )


def check_labels(training: TrainingTask, labelled: TrainingSet) -> None:
    """Require a labelled ask.

    Raises:
        NotReadyError: saying how long labels take to mature.
    """
    if len(labelled) == 0:
        task = training.task
        days = task.horizon_days + task.settle_days
        raise NotReadyError(
            f"{task.name} cannot be trained: no case has a known end yet. The end of a case is "
            f"known {days} days after it or later; {FEWEST_WEEKS} weeks are the least; "
            f"it is read from {training.labels_from}"
        )


def site_readiness(labelled: TrainingSet) -> list[SiteReadiness]:
    """Return what each site of dated, labelled asks has, in the order of the sites' names."""
    sites = np.array([str(site) for site in labelled.site], dtype=object)
    return [_of_site(name, labelled.take(sites == name)) for name in sorted(set(sites.tolist()))]


def _of_site(name: str, labelled: TrainingSet) -> SiteReadiness:
    groups = labelled.group.astype(str)
    events = len(np.unique(groups[labelled.label != 0]))
    days = labelled.asked_at.astype("datetime64[D]")
    first, last = days.min().item(), days.max().item()
    span = max((last - first).days + 1, 1)
    lacking = FEWEST_EVENTS - events
    soon = last + timedelta(days=math.ceil(lacking * span / events)) if events else None
    return SiteReadiness(
        name, len(np.unique(groups)), events, first, last, soon if lacking > 0 else None
    )


def class_counts(labelled: TrainingSet, classes: tuple[str, ...]) -> Mapping[str, int]:
    """Return the labelled groups by class, those that never occurred included."""
    groups = labelled.group.astype(str)
    return {
        str(name): len(np.unique(groups[labelled.label == k])) for k, name in enumerate(classes)
    }


def describe_readiness(labelled: TrainingSet, classes: tuple[str, ...]) -> list[str]:
    """Return what the data can carry as lines for a terminal: one a site, then the classes."""
    lines = [
        f"  {site.site}: {_count(site.cases, 'case')} in {_count(site.weeks, 'week')}, "
        f"{_count(site.events, 'event')}" + (f"; {site.missing}" if site.missing else "")
        for site in site_readiness(labelled)
    ]
    counts = class_counts(labelled, classes)
    if never := [name for name, count in counts.items() if not count]:
        lines.append(f"  never seen, and left out of the gates: {', '.join(never)}")
    return lines
