"""Loading of sets that come as canonical tables, and running exception shares for their rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.ingest import ingest
from data.source_batch import batches_from_frames
from data.store import Store
from models.task import Task
from training.backtest.protocols.protocol import ProtocolData
from training.dataset.asks import Asks
from training.dataset.builder import assemble_training_set
from training.dataset.labels import Labels
from training.tasks.catalogue import training_task

Floats = NDArray[np.float64]
PRIOR_EVENTS = 5.0
"""How many past events the overall share counts for, so that one event is not 0 % or 100 %."""


def running_exception_share(asks: pd.DataFrame, events: pd.DataFrame) -> Floats:
    """Return the (n,) share of exceptions among the events of each ask's key known before it.

    Leans on the share over all keys so far; NaN before any event.

    Args:
        asks: `key`, `as_of` (datetime64).
        events: `key`, `known_at` (datetime64, no zone) and `exception` (0 or 1).
    """
    of_key = _running_totals(asks, events)
    of_all = _running_totals(asks.assign(key="all"), events.assign(key="all"))
    overall = of_all["exceptions"] / of_all["count"].where(of_all["count"] > 0)
    share = (of_key["exceptions"] + PRIOR_EVENTS * overall) / (of_key["count"] + PRIOR_EVENTS)
    return share.to_numpy(dtype=np.float64)


def _running_totals(asks: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Running `count` and `exceptions` of each ask's key strictly before its `as_of`."""
    codes, _ = pd.factorize(pd.concat([asks["key"], events["key"]]).astype("str"))
    ordered = pd.DataFrame(
        {
            "key": codes[len(asks) :],
            "known_at": events["known_at"].to_numpy(dtype="datetime64[us]"),
            "exception": events["exception"].to_numpy(dtype=np.float64),
        }
    ).sort_values("known_at", kind="stable")
    of_key = ordered.groupby("key")["exception"]
    ordered = ordered.assign(count=of_key.cumcount() + 1.0, exceptions=of_key.cumsum())
    left = pd.DataFrame(
        {
            "as_of": asks["as_of"].to_numpy(dtype="datetime64[us]"),
            "key": codes[: len(asks)],
            "place": np.arange(len(asks)),
        }
    ).sort_values("as_of", kind="stable")
    totals = pd.merge_asof(
        left,
        ordered,
        left_on="as_of",
        right_on="known_at",
        by="key",
        allow_exact_matches=False,
    )
    return totals.set_index("place").sort_index()[["count", "exceptions"]].fillna(0.0)


Flags = NDArray[np.bool_]
ReadFolder = Callable[[Path, Path | None], Mapping[str, pd.DataFrame]]


@dataclass(frozen=True)
class CanonicalSet:
    """Parts of a protocol that differ between public sets.

    Attributes:
        read: reads a folder, and an optional second one, as canonical frames.
        asks, labels: functions of the store.
        segments, rules: functions of the asks with a label, in their order.
    """

    source: str
    read: ReadFolder
    asks: Callable[[Store, Task], Asks]
    labels: Callable[[Store, Asks, Task], Labels]
    segments: Callable[[Asks], Mapping[str, Flags]]
    rules: Callable[[Store, Asks], Mapping[str, Floats]]

    def gather(self, task: Task, path: Path, later: Path | None) -> ProtocolData:
        """Read, ingest, ask, label and build features; nothing is kept on disk."""
        with TemporaryDirectory(prefix="triage-backtest-") as scratch:
            folder = Path(scratch)
            batches = batches_from_frames(self.read(path, later), self.source)
            report = ingest(batches, folder / "canonical", folder / "quarantine")
            rows = {
                "read": sum(table.read for table in report.tables),
                "accepted": sum(table.accepted for table in report.tables),
                "quarantined": sum(table.quarantined for table in report.tables),
            }
            with Store.from_folder(folder / "canonical") as store:
                return replace(self._of(store, task), rows=rows)

    def _of(self, store: Store, task: Task) -> ProtocolData:
        asks = self.asks(store, task)
        labels = self.labels(store, asks, task)
        known = asks.take(labels.known)
        evidence = replace(
            assemble_training_set(training_task(task), store, known, labels.take(labels.known)),
            segments=self.segments(known),
            rules=self.rules(store, known),
        )
        return ProtocolData(evidence, asks.asked_at[~labels.known])
