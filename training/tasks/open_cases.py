"""Open cases of every task, as request bodies of the scoring API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from data.store import Store
from models.task import TaskName
from training.dataset.asks import MONEY_AT_RISK
from training.dataset.request_bodies import request_bodies
from training.tasks.catalogue import TRAINING_TASKS


@dataclass(frozen=True)
class OpenCases:
    """A task's open cases with the most money at risk.

    Attributes:
        open: number of all open cases.
    """

    task: TaskName
    requests: list[dict[str, Any]]
    open: int


def list_open_cases(canonical: Path, at: datetime, most: int) -> Iterator[OpenCases]:
    """Yield up to `most` open cases of each task from the canonical tables in a folder."""
    with Store.from_folder(canonical) as store:
        for name, training in TRAINING_TASKS.items():
            asks = training.query_open_asks(store, training.task, at)
            money = asks.frame[MONEY_AT_RISK].fillna(0.0).rank(method="first", ascending=False)
            yield OpenCases(name, request_bodies(asks.take((money <= most).to_numpy())), len(asks))
