"""Label of invoice_mismatch: the class in which the invoice line ended."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.invoice_outcomes import EXCEPTION_CLASS, INVOICE_OUTCOMES, RESOLUTION
from data.contracts.invoices import INVOICE_LINE_ID, INVOICES
from data.contracts.table import KNOWN_AT
from data.store import Store
from models.task import Task
from training.dataset.asks import Asks
from training.dataset.labels import (
    ONE_DAY,
    UNKNOWN_LABEL,
    Labels,
    align_rows,
    build_labels,
    last_known_moment,
    moment_column,
)


def label_asks(
    store: Store,
    asks: Asks,
    task: Task,
    told_by: str = EXCEPTION_CLASS,
    classes: Mapping[str, str] | None = None,
) -> Labels:
    """Label each line by its outcome, unknown where there is no outcome.

    told_by: column of the outcomes that says how the line ended.
    classes: class of the task for each value of that column; by default they are the same.
    An outcome matures when it is known, but never before the horizon is over: an exception
    shows early, that a line is clean only at the end. A line whose horizon is not over when
    the data end has no label, or the newest lines would all be exceptions.

    Raises:
        ValueError: naming an outcome that is no class of the task, and those there are.
    """
    outcomes = store.table(INVOICE_OUTCOMES.name).select(
        INVOICE_LINE_ID, EXCEPTION_CLASS, RESOLUTION, KNOWN_AT
    )
    found = align_rows(outcomes, asks.text(INVOICE_LINE_ID), INVOICE_LINE_ID)
    number = _outcome_class_numbers(found[told_by], task, classes or {c: c for c in task.classes})
    horizon = asks.asked_at + ONE_DAY * task.horizon_days
    matured = np.fmax(moment_column(found, KNOWN_AT), horizon)
    end = last_known_moment(store, INVOICES.name, INVOICE_OUTCOMES.name)
    return build_labels((number != UNKNOWN_LABEL) & (matured <= end), number, matured)


def _outcome_class_numbers(
    told: pd.Series[str], task: Task, classes: Mapping[str, str]
) -> NDArray[np.int64]:
    place = {value: task.classes.index(name) for value, name in classes.items()}
    if unknown := sorted(set(told.dropna().unique()) - set(place)):
        raise ValueError(
            f"{told.name} {unknown[0]!r} of an invoice outcome is no class of {task.name}; "
            f"it takes {', '.join(classes)}"
        )
    return np.asarray(told.map(place).fillna(UNKNOWN_LABEL), dtype=np.int64)
