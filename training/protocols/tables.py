"""Gathering of the sets that come as canonical tables: the line every extract goes through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.batch import batches_of
from data.ingest import ingest
from data.store import Store
from models.task import Task
from training.asks.asks import Asks
from training.build import assemble
from training.labels.labels import Labels
from training.protocols.protocol import Gathered

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Read = Callable[[Path, Path | None], Mapping[str, pd.DataFrame]]


@dataclass(frozen=True)
class Tables:
    """What one set adds to the common line.

    read: folder, and a second one, to canonical frames.
    asks, labels: of the store. segments, rules: of the asks with a label, in their order.
    """

    source: str
    read: Read
    asks: Callable[[Store, Task], Asks]
    labels: Callable[[Store, Asks, Task], Labels]
    segments: Callable[[Asks], Mapping[str, Flags]]
    rules: Callable[[Store, Asks], Mapping[str, Floats]]

    def gather(self, task: Task, path: Path, later: Path | None) -> Gathered:
        """Read, ingest, ask, label and build features; nothing is kept on disk."""
        with TemporaryDirectory(prefix="triage-backtest-") as scratch:
            folder = Path(scratch)
            batches = batches_of(self.read(path, later), self.source)
            report = ingest(batches, folder / "canonical", folder / "quarantine")
            rows = {
                "read": sum(table.read for table in report.tables),
                "accepted": sum(table.accepted for table in report.tables),
                "quarantined": sum(table.quarantined for table in report.tables),
            }
            with Store.from_folder(folder / "canonical") as store:
                return replace(self._of(store, task), rows=rows)

    def _of(self, store: Store, task: Task) -> Gathered:
        asks = self.asks(store, task)
        labels = self.labels(store, asks, task)
        known = asks.take(labels.known)
        evidence = replace(
            assemble(task, store, known, labels.take(labels.known)),
            segments=self.segments(known),
            rules=self.rules(store, known),
        )
        return Gathered(evidence, asks.asked_at[~labels.known])
