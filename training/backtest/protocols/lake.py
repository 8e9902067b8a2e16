"""lake: the distributor's own canonical tables, asked as training and serving ask them.

In a demonstration the simulated distributor stands there. Every task can be backtested on
it, and each of the busiest sites is a segment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.canonical_tables import read_manifest
from data.contracts.sites import SITE_ID
from data.store import Store
from models.catalogue import TASKS
from models.task import Task, TaskName
from training.backtest.protocols.protocol import BacktestProtocol, ProtocolData
from training.dataset.asks import Asks
from training.dataset.builder import build_training_set
from training.parameters.parameter_files import load_parameters
from training.tasks.catalogue import TRAINING_TASKS, training_task

SOURCE = "lake"
MAX_SITE_SEGMENTS = 20
"""Sites with a segment of their own: those asked about most."""


def build_protocol(name: TaskName, most: int | None = None) -> BacktestProtocol:
    """Return the protocol of a task on a lake.

    most: at most so many asks, spread evenly over time; None takes as many as training does.
    """
    chosen = load_parameters(name)
    limit = most or chosen.train.most_asks

    def gather(task: Task, path: Path, later: Path | None) -> ProtocolData:
        return _load_asks(task, path, later, limit)

    return BacktestProtocol(
        source=SOURCE,
        task=chosen.task(TASKS[name]),
        gather=gather,
        apart=not TRAINING_TASKS[name].standing,
        options=chosen.options,
    )


def _load_asks(task: Task, path: Path, later: Path | None, most: int) -> ProtocolData:
    """The asks of a folder of canonical tables.

    Raises:
        FileNotFoundError: when nothing was ingested there.
        ValueError: for a second folder.
    """
    if later is not None:
        raise ValueError(f"the lake takes no second folder (--test-path), got {later}")
    training = training_task(task)
    with Store.from_folder(path) as store:
        asks = training.query_asks(store, task, max_rows=most)
        labels = training.label_asks(store, asks, task)
        evidence = build_training_set(training, store, asks, labels=labels)
    known = asks.take(labels.known)
    rows = sum(int(table["rows"]) for table in read_manifest(path).digests().values())
    return ProtocolData(
        replace(evidence, segments=site_masks(known)),
        asks.asked_at[~labels.known],
        {"read": rows, "accepted": rows, "quarantined": 0},
    )


def site_masks(asks: Asks) -> Mapping[str, NDArray[np.bool_]]:
    """`site:NAME` of the sites with the most asks, by name."""
    site = asks.text(SITE_ID).astype(str)
    names, counts = np.unique(site, return_counts=True)
    busiest = np.argsort(-counts, kind="stable")[:MAX_SITE_SEGMENTS]
    return {f"site:{name}": site == name for name in sorted(names[busiest].tolist())}
