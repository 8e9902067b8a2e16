"""Labels of uninvoiced_receipt: was an invoice booked within the horizon?"""

from __future__ import annotations

import numpy as np

from data.contracts.invoices import INVOICES
from data.contracts.receipts import RECEIPT_ID, RECEIPTS
from data.store import Store
from models.task import Task
from training.dataset.asks import Asks
from training.dataset.labels import (
    ONE_DAY,
    Labels,
    align_rows,
    build_labels,
    last_known_moment,
    moment_column,
)
from training.tasks.uninvoiced_receipt.asks import INVOICED_AT, first_invoices


def label_asks(store: Store, asks: Asks, task: Task) -> Labels:
    """Label 1 a receipt without an invoice at the horizon; a label matures when that is over."""
    first = align_rows(first_invoices(store), asks.text(RECEIPT_ID), RECEIPT_ID)
    invoiced = moment_column(first, INVOICED_AT)
    horizon = asks.asked_at + ONE_DAY * task.horizon_days
    missing = np.isnat(invoiced) | (invoiced > horizon)
    end = last_known_moment(store, INVOICES.name, RECEIPTS.name)
    return build_labels(horizon <= end, missing.astype(np.int64), horizon)
