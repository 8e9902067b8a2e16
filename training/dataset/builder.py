"""Build a training set from canonical tables: asks, history, features and matured labels."""

from __future__ import annotations

from datetime import datetime

import ibis
import pandas as pd

from data.contracts.purchase_orders import LINE_STATE, STATE_KNOWN_AT
from data.contracts.sites import SITE_ID
from data.contracts.table import KNOWN_AT
from data.row_versions.stored_rows import SUPERSEDED_AT
from data.store import Store
from features.feature import feature_frame
from features.history.row_versions import current_versions
from features.history.stream import history_measures
from models.training_set import TrainingSet
from training.dataset.asks import GROUP, Asks
from training.dataset.decision_labels import add_decision_labels
from training.dataset.labels import Labels
from training.dataset.training_task import TrainingTask


class AsOfStore(Store):
    """A store that hides every row known at or after a moment.

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
        """The rows of a canonical table as they were known before the moment."""
        return current_versions(self.versions(name))

    def versions(self, name: str) -> ibis.Table:
        """The versions that were known before the moment.

        The state of an order line has a moment of its own: before it the line was open.
        """
        rows = self._store.versions(name)
        ended = rows[SUPERSEDED_AT]
        later = ended >= self._moment
        rows = rows.mutate(**{SUPERSEDED_AT: later.ifelse(ibis.null(), ended)})
        if STATE_KNOWN_AT in rows.columns:
            later = (rows[STATE_KNOWN_AT] >= self._moment).fill_null(False)
            rows = rows.mutate(
                **{c: later.ifelse(ibis.null(), rows[c]) for c in (LINE_STATE, STATE_KNOWN_AT)}
            )
        return rows.filter(rows[KNOWN_AT] < self._moment)


def build_training_set(
    training: TrainingTask,
    store: Store,
    asks: Asks | None = None,
    *,
    labels: Labels | None = None,
    known_before: datetime | None = None,
    max_rows: int | None = None,
) -> TrainingSet:
    """Build the training set of all asks whose label is known.

    Args:
        training: the training side of the task.
        store: canonical tables.
        asks: asks to use instead of all of the task's.
        labels: labels of those asks, in their order, instead of the task's own (outcomes that
            systems recorded, and where there is none yet what people settled on).
        known_before: ignore everything that became known at or after this moment, which has a
            zone: the training set that could have been built then. Does not apply to `asks`
            and `labels`.
        max_rows: at most so many asks, spread evenly over time (see
            `training.dataset.ask_queries`).
    """
    if known_before is not None:
        store = AsOfStore(store, known_before)
    asks, labels = settled_asks(training, store, asks, labels, max_rows=max_rows)
    return assemble_training_set(training, store, asks, labels)


def settled_asks(
    training: TrainingTask,
    store: Store,
    asks: Asks | None = None,
    labels: Labels | None = None,
    *,
    max_rows: int | None = None,
) -> tuple[Asks, Labels]:
    """Return the asks whose label is known, with their labels; arguments as of the training set."""
    if asks is None:
        asks = training.query_asks(store, training.task, max_rows=max_rows)
    if labels is None:
        observed = training.label_asks(store, asks, training.task)
        labels = add_decision_labels(store, asks, training, observed)
    return asks.take(labels.known), labels.take(labels.known)


def assemble_training_set(
    training: TrainingTask, store: Store, asks: Asks, labels: Labels
) -> TrainingSet:
    """Assemble a training set of all these asks and labels, with the scores of the baseline rules.

    Args:
        training: the training side of the task.
        store: canonical tables that the history is read from.
        asks: n asks.
        labels: their n labels, all known, in the same order.
    """
    inputs = model_inputs(training, store, asks)
    return TrainingSet(
        inputs=inputs,
        label=labels.label,
        target=labels.target if training.task.quantiles else None,
        asked_at=asks.asked_at,
        matured_at=labels.matured_at,
        group=asks.text(GROUP),
        site=asks.text(SITE_ID),
        rules=training.baseline_scores(inputs),
        weight=labels.weight,
        told_by=labels.told_by,
    )


def model_inputs(training: TrainingTask, store: Store, asks: Asks) -> pd.DataFrame:
    """Compute the features of n asks, each with its history as of its own day: (n, features)."""
    past = history_measures(store, training.streams, asks.frame)
    return feature_frame(training.task.features, asks.cases(past))
