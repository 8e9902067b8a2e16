"""Open cases of every task, as request bodies of the scoring API."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.sites import SITE_ID
from data.contracts.table import KNOWN_AT
from data.store import Store
from features.builders.order_documents import ORDERED_AT
from models.task import TaskName
from training.dataset.asks import ASKED_AT, MONEY_AT_RISK, ROW, Asks
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


def open_asks(
    store: Store,
    name: TaskName,
    at: datetime,
    sites: Collection[str] = (),
    since: datetime | None = None,
) -> Asks:
    """Return the open cases of a task at a moment, in the order of the moments asked about.

    sites: keeps the cases of these sites; all by default.
    since: keeps the cases of which something became known from this moment on.

    Raises:
        LookupError: a site that has no open case, with those that have.
    """
    training = TRAINING_TASKS[name]
    asks = training.query_open_asks(store, training.task, at)
    if sites:
        there = asks.frame[SITE_ID]
        if unknown := sorted(set(sites) - set(there.dropna())):
            having = ", ".join(sorted(set(there.dropna()))) or "none"
            raise LookupError(
                f"{name} has no open case at {', '.join(unknown)}; sites that have: {having}"
            )
        asks = asks.take(there.isin(list(sites)).to_numpy())
    return asks if since is None else asks.take(_news_since(asks, at, since))


def open_case_bodies(store: Store, at: datetime) -> Iterator[tuple[str, str, str]]:
    """Yield (task, id, JSON of the request's case) for every open case of every task."""
    for name, training in TRAINING_TASKS.items():
        for body in request_bodies(open_asks(store, name, at)):
            yield name, "/".join(body[column] for column in training.reference), json.dumps(body)


def _news_since(asks: Asks, at: datetime, since: datetime) -> NDArray[np.bool_]:
    """Return which asks, or what belongs to them, became known from the moment on.

    A document is asked about when it is booked; of an order line that is asked about as of now
    the day of the order counts, and a stock report is always news.
    """
    moment, asked = pd.Timestamp(since), asks.frame[ASKED_AT]
    placed = asks.frame.get(ORDERED_AT, asked)
    recent = (asked.where(asked < pd.Timestamp(at), placed) >= moment).to_numpy(copy=True)
    for children in asks.children.values():
        rows = children.loc[(children[KNOWN_AT] >= moment).to_numpy(), ROW]
        recent[rows.to_numpy()] = True
    return recent
