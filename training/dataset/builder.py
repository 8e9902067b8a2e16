"""Build a training set from canonical tables: asks, history, features and matured labels."""

from __future__ import annotations

from datetime import datetime

import ibis
import pandas as pd

from data.contracts.sites import SITE_ID
from data.contracts.table import KNOWN_AT
from data.store import Store
from features.feature import feature_frame
from features.history.stream import history_measures
from models.task import Task
from models.training_set import TrainingSet
from training.dataset.asks import GROUP, Asks
from training.dataset.decision_labels import add_decision_labels
from training.dataset.labels import Labels
from training.tasks.baseline_rules import baseline_rule_scores
from training.tasks.catalogue import training_task


class AsOfStore(Store):
    """A store in which nothing known at or after a moment exists.

    Shares the connection of the store it looks at; closing it closes that one.
    """

    def __init__(self, store: Store, moment: datetime) -> None:
        """Look at `store` as of `moment`, which has a zone."""
        if moment.tzinfo is None:
            raise ValueError(f"a moment needs a zone, got {moment.isoformat()}; UTC is usual")
        super().__init__(store.connection)
        self._store = store
        self._moment = ibis.literal(moment, type="timestamp('UTC', 6)")

    def table(self, name: str) -> ibis.Table:
        """The rows of a canonical table that were known before the moment."""
        rows = self._store.table(name)
        return rows.filter(rows[KNOWN_AT] < self._moment)


def build_training_set(
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
    max_rows: at most so many asks, spread evenly over time (see `training.dataset.ask_queries`).
    """
    if known_before is not None:
        store = AsOfStore(store, known_before)
    parts = training_task(task.name)
    if asks is None:
        asks = parts.asks(store, task, max_rows=max_rows)
    ended = labels or add_decision_labels(store, asks, task, parts.labels(store, asks, task))
    return assemble_training_set(task, store, asks.take(ended.known), ended.take(ended.known))


def assemble_training_set(task: Task, store: Store, asks: Asks, labels: Labels) -> TrainingSet:
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
        rules=baseline_rule_scores(task.name, told),
        weight=labels.weight,
        told_by=labels.told_by,
    )


def model_inputs(task: Task, store: Store, asks: Asks) -> pd.DataFrame:
    """Features of the asks: each with its history as of its own day."""
    past = history_measures(store, training_task(task.name).streams, asks.frame)
    return feature_frame(task.features, asks.cases(past))
