"""Label of supplier_delay: did the line arrive later than its promise plus tolerance.

Days are those of the site, and a promise is kept until its day is over there. A line ends late
or not when its promise plus tolerance is over, so no label matures before: were an on-time line
used as soon as it came, the newest labels would all be on time. A line that came matures when
its completing receipt is known, if that is later; all wait for `settle_days`, within which most
late lines come, or the newest labels would still be the punctual ones. A line that should have
come and is open at the data's end is late, by how much is not known. One that was cancelled or
deleted, or closed with nothing received, is not late and has no label; one closed short is late
or not by its last receipt.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.calendar_days import days_from_to, ends_of_days, local_days, promise_days
from data.contracts.purchase_orders import PO_LINE_ID, PROMISED_AT, PURCHASE_ORDERS
from data.contracts.receipts import RECEIPTS
from data.contracts.sites import TIME_ZONE
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
from training.dataset.purchase_order_lines import (
    COMPLETED_AT,
    COMPLETED_KNOWN_AT,
    STILL_OPEN,
    line_ends,
    placed_lines,
)


def label_asks(store: Store, asks: Asks, task: Task) -> Labels:
    """Label 1 a late line; the target is whole days from the promised to the receiving day."""
    ends = align_rows(line_ends(store), asks.text(PO_LINE_ID), PO_LINE_ID)
    zones = asks.text(TIME_ZONE)
    promised = promise_days(column_values(asks.frame[PROMISED_AT], Kind.MOMENT), zones)
    delay = days_from_to(promised, local_days(moment_column(ends, COMPLETED_AT), zones))
    over = ends_of_days(promised + ONE_DAY * (task.tolerance_days + task.settle_days), zones)
    came = ~np.isnan(delay)
    late = np.where(came, delay > task.tolerance_days, True)
    matured = np.where(came, np.fmax(moment_column(ends, COMPLETED_KNOWN_AT), over), over)
    matured = np.fmax(matured, asks.asked_at)  # an overdue line is late already when asked about
    owed = ends[STILL_OPEN].fillna(False).to_numpy(dtype=bool)
    end = last_known_moment(store, RECEIPTS.name, PURCHASE_ORDERS.name)
    return build_labels((came | owed) & (matured <= end), late.astype(np.int64), matured, delay)


def add_promised_dates(store: Store, frame: pd.DataFrame) -> pd.DataFrame:
    """Add each line's promised date and time zone; lines without a date are left out."""
    lines = placed_lines(store).select(PO_LINE_ID, PROMISED_AT, TIME_ZONE).to_pandas()
    known = frame.drop(columns=[TIME_ZONE], errors="ignore")
    joined = known.merge(lines.drop_duplicates(PO_LINE_ID), on=PO_LINE_ID, how="inner")
    return joined[joined[PROMISED_AT].notna()].reset_index(drop=True)
