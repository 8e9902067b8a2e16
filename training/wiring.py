"""What belongs to each task on the training side: its asks, labels and history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, assert_never

from data.store import Store
from features.history.stream import Stream
from features.request import invoice_mismatch as invoice_mismatch_features
from features.request import stock_risk as stock_risk_features
from features.request import supplier_delay as supplier_delay_features
from models.task import Task, TaskName
from training.asks import invoice_mismatch, stock_risk, supplier_delay
from training.asks.asks import Asks
from training.labels import invoice_mismatch as invoice_mismatch_labels
from training.labels import stock_risk as stock_risk_labels
from training.labels import supplier_delay as supplier_delay_labels
from training.labels.labels import Labels


class AsksOf(Protocol):
    """Asks of a task in a stretch of time."""

    def __call__(
        self,
        store: Store,
        task: Task,
        since: datetime | None = None,
        until: datetime | None = None,
        max_rows: int | None = None,
    ) -> Asks:
        """See the task's file in `training.asks`."""


class OpenAsksOf(Protocol):
    """Exceptions that are open at a moment."""

    def __call__(self, store: Store, task: Task, at: datetime) -> Asks:
        """See the task's file in `training.asks`."""


class LabelsOf(Protocol):
    """How asks ended."""

    def __call__(self, store: Store, asks: Asks, task: Task) -> Labels:
        """See the task's file in `training.labels`."""


@dataclass(frozen=True)
class Wiring:
    """The functions of one task."""

    asks: AsksOf
    open_asks: OpenAsksOf
    labels: LabelsOf
    streams: Sequence[Stream]


def wiring(name: TaskName) -> Wiring:
    """The functions of that task."""
    match name:
        case TaskName.STOCK_RISK:
            return Wiring(
                stock_risk.asks,
                stock_risk.open_asks,
                stock_risk_labels.labels,
                stock_risk_features.STREAMS,
            )
        case TaskName.INVOICE_MISMATCH:
            return Wiring(
                invoice_mismatch.asks,
                invoice_mismatch.open_asks,
                invoice_mismatch_labels.labels,
                invoice_mismatch_features.STREAMS,
            )
        case TaskName.SUPPLIER_DELAY:
            return Wiring(
                supplier_delay.asks,
                supplier_delay.open_asks,
                supplier_delay_labels.labels,
                supplier_delay_features.STREAMS,
            )
        case _:
            assert_never(name)
