"""TrainingTask: the functions through which the training room knows a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from data.store import Store
from features.history.stream import Stream
from models.task import Task
from training.dataset.asks import Asks
from training.dataset.labels import Labels


class AsksBuilder(Protocol):
    """Asks of a task in a stretch of time."""

    def __call__(
        self,
        store: Store,
        task: Task,
        since: datetime | None = None,
        until: datetime | None = None,
        max_rows: int | None = None,
    ) -> Asks:
        """See `asks.py` of the task in `training.tasks`."""


class OpenAsksBuilder(Protocol):
    """Exceptions that are open at a moment."""

    def __call__(self, store: Store, task: Task, at: datetime) -> Asks:
        """See `asks.py` of the task in `training.tasks`."""


class LabelsBuilder(Protocol):
    """How asks ended."""

    def __call__(self, store: Store, asks: Asks, task: Task) -> Labels:
        """See `labels.py` of the task in `training.tasks`."""


@dataclass(frozen=True)
class TrainingTask:
    """The functions of one task."""

    asks: AsksBuilder
    open_asks: OpenAsksBuilder
    labels: LabelsBuilder
    streams: Sequence[Stream]
