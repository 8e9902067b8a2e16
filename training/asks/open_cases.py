"""The exceptions that are open at a moment, as the service's requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from data.store import Store
from models.catalogue import TASKS
from models.task import TaskName
from training.asks.as_request import as_requests
from training.asks.asks import MONEY_AT_RISK
from training.wiring import wiring


@dataclass(frozen=True)
class OpenCases:
    """A task's open cases with the most money at risk. open: how many there are in all."""

    task: TaskName
    requests: list[dict[str, Any]]
    open: int


def open_cases(canonical: Path, at: datetime, most: int) -> Iterator[OpenCases]:
    """Up to `most` open cases a task, from the canonical tables in a folder."""
    with Store.from_folder(canonical) as store:
        for name, task in TASKS.items():
            asks = wiring(name).open_asks(store, task, at)
            money = asks.frame[MONEY_AT_RISK].fillna(0.0).rank(method="first", ascending=False)
            yield OpenCases(name, as_requests(asks.take((money <= most).to_numpy())), len(asks))
