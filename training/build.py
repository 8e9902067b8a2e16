"""From canonical tables to a training set: asks, history, features, labels."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from data.contracts.sites import SITE_ID
from data.store import Store
from features.history.stream import history
from features.inputs import inputs
from models.task import Task
from models.training_set import TrainingSet
from training.asks.asks import GROUP, Asks
from training.known import KnownBefore
from training.labels.decisions import with_decisions
from training.labels.labels import Labels
from training.rules import rules_of
from training.wiring import wiring


def build(
    task: Task,
    store: Store,
    asks: Asks | None = None,
    *,
    labels: Labels | None = None,
    known_before: datetime | None = None,
    max_rows: int | None = None,
) -> TrainingSet:
    """The asks whose label is known, with everything a model may be told of them.

    asks: those to use instead of all of the task's.
    labels: of those asks, in their order, instead of the task's own: outcomes that systems
        recorded and, where there is none yet, what people settled on.
    known_before: use nothing that became known at or after this moment (it has a zone):
        the training set that could have been built then. Does not apply to `asks` and
        `labels` that are given.
    max_rows: at most so many asks, spread evenly over time (see `training.asks.gather`).
    """
    if known_before is not None:
        store = KnownBefore(store, known_before)
    parts = wiring(task.name)
    if asks is None:
        asks = parts.asks(store, task, max_rows=max_rows)
    ended = labels or with_decisions(store, asks, task, parts.labels(store, asks, task))
    return assemble(task, store, asks.take(ended.known), ended.take(ended.known))


def assemble(task: Task, store: Store, asks: Asks, labels: Labels) -> TrainingSet:
    """A training set of these asks and labels, all of them, with the task's simple rules."""
    told = model_inputs(task, store, asks)
    return TrainingSet(
        inputs=told,
        label=labels.label,
        target=labels.target if task.quantiles else None,
        asked_at=asks.asked_at,
        matured_at=labels.matured_at,
        group=asks.text(GROUP),
        site=asks.text(SITE_ID),
        rules=rules_of(task.name, told),
        weight=labels.weight,
        told_by=labels.told_by,
    )


def model_inputs(task: Task, store: Store, asks: Asks) -> pd.DataFrame:
    """Features of the asks: each with its history as of its own day."""
    past = history(store, wiring(task.name).streams, asks.frame)
    return inputs(task.features, asks.cases(past))
