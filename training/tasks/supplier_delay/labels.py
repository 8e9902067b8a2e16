"""Label of supplier_delay: did the line arrive later than its promise plus tolerance.

A line ends late or not at its promise plus tolerance, so no label matures before that day
is over: were an on-time line used as soon as it came, the newest labels would all be on
time. A line that came matures when its completing receipt is known, if that is later; all wait
for `settle_days`, within which most late lines come, or the newest labels would still be the
punctual ones. A line that should have come and is open at the data's end is late, by how much
is not known.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.purchase_orders import PO_LINE_ID, PROMISED_AT, PURCHASE_ORDERS
from data.contracts.receipts import RECEIPTS
from data.contracts.table import Kind
from data.store import Store
from models.task import Task
from training.dataset.asks import Asks, column_values
from training.dataset.labels import (
    ONE_DAY,
    Labels,
    align_rows,
    build_labels,
    last_known_moment,
    moment_column,
)
from training.dataset.purchase_order_lines import COMPLETED_AT, COMPLETED_KNOWN_AT, completed_lines


def label_asks(store: Store, asks: Asks, task: Task) -> Labels:
    """Label 1 a late line; the target is whole UTC days from the promised to the receiving day."""
    complete = align_rows(completed_lines(store), asks.text(PO_LINE_ID), PO_LINE_ID)
    promised = column_values(asks.frame[PROMISED_AT], Kind.MOMENT)
    delay = _whole_days(promised, moment_column(complete, COMPLETED_AT))
    over = _midnight(promised) + ONE_DAY * (task.tolerance_days + 1 + task.settle_days)
    came = ~np.isnan(delay)
    late = np.where(came, delay > task.tolerance_days, True)
    matured = np.where(came, np.fmax(moment_column(complete, COMPLETED_KNOWN_AT), over), over)
    matured = np.fmax(matured, asks.asked_at)  # an overdue line is late already when asked about
    end = last_known_moment(store, RECEIPTS.name, PURCHASE_ORDERS.name)
    return build_labels(matured <= end, late.astype(np.int64), matured, delay)


def add_promised_dates(store: Store, frame: pd.DataFrame) -> pd.DataFrame:
    """Add each line's promised date; lines without one in the tables are left out."""
    lines = store.table(PURCHASE_ORDERS.name).select(PO_LINE_ID, PROMISED_AT).to_pandas()
    joined = frame.merge(lines.drop_duplicates(PO_LINE_ID), on=PO_LINE_ID, how="inner")
    return joined[joined[PROMISED_AT].notna()].reset_index(drop=True)


def _midnight(moment: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    return moment.astype("datetime64[D]").astype("datetime64[us]")


def _whole_days(start: NDArray[np.datetime64], end: NDArray[np.datetime64]) -> NDArray[np.float64]:
    span = end.astype("datetime64[D]") - start.astype("datetime64[D]")
    return np.where(np.isnat(span), np.nan, span.astype(np.float64))
