"""Outcomes of recommended cases: training's own labels on the canonical tables, once matured."""

from __future__ import annotations

import pandas as pd

from data.contracts.invoices import INVOICE_LINE_ID
from data.contracts.items import ITEM_ID
from data.contracts.purchase_orders import PO_LINE_ID, PROMISED_AT, PURCHASE_ORDERS
from data.contracts.sites import SITE_ID
from data.store import Store
from features.tasks.invoice_mismatch.shape import INVOICE_MISMATCH_SHAPE
from features.tasks.stock_risk.shape import STOCK_RISK_SHAPE
from features.tasks.supplier_delay.shape import SUPPLIER_DELAY_SHAPE
from models.task import Task
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from training.dataset.asks import ASKED_AT, Asks
from training.tasks.catalogue import training_task

RECOMMENDATION_ID = "recommendation_id"
CASE_ID = "case_id"
TASK = "task"
LABEL = "label"
TARGET = "target"
MATURED_AT = "matured_at"
CASE_KEY_COLUMNS = {
    STOCK_RISK.name: ITEM_ID,
    INVOICE_MISMATCH.name: INVOICE_LINE_ID,
    SUPPLIER_DELAY.name: PO_LINE_ID,
}
CASE_SHAPES = {
    STOCK_RISK.name: STOCK_RISK_SHAPE,
    INVOICE_MISMATCH.name: INVOICE_MISMATCH_SHAPE,
    SUPPLIER_DELAY.name: SUPPLIER_DELAY_SHAPE,
}


def matured_outcomes(store: Store, task: Task, recommendations: pd.DataFrame) -> pd.DataFrame:
    """One row a recommendation of the task whose case has ended.

    Columns: RECOMMENDATION_ID, CASE_ID, TASK, LABEL (class number), TARGET (the number that
    quantiles are of, NaN where there is none), MATURED_AT (UTC).
    """
    asks = _recommendations_as_asks(store, task, recommendations)
    labels = training_task(task.name).labels(store, asks, task)
    frame = pd.DataFrame(
        {
            RECOMMENDATION_ID: asks.frame["id"].to_numpy(dtype=object),
            CASE_ID: asks.frame[CASE_ID].to_numpy(dtype=object),
            TASK: str(task.name),
            LABEL: labels.label,
            TARGET: labels.target,
            MATURED_AT: pd.to_datetime(labels.matured_at, utc=True),
        }
    )
    return frame[labels.known].reset_index(drop=True)


def _recommendations_as_asks(store: Store, task: Task, recommendations: pd.DataFrame) -> Asks:
    """The recommendations as labels read asks; the case's key is what follows its site."""
    key = CASE_KEY_COLUMNS[task.name]
    frame = recommendations[["id", CASE_ID, "site_id", "asked_at"]].reset_index(drop=True)
    frame = frame.rename(columns={"site_id": SITE_ID, "asked_at": ASKED_AT})
    frame[ASKED_AT] = frame[ASKED_AT].astype("datetime64[us, UTC]")
    frame[key] = [
        case.removeprefix(f"{site}/")
        for case, site in zip(frame[CASE_ID], frame[SITE_ID], strict=True)
    ]
    if task.name == SUPPLIER_DELAY.name:
        frame = _add_promised_dates(store, frame)
    return Asks(CASE_SHAPES[task.name], frame, {})


def _add_promised_dates(store: Store, frame: pd.DataFrame) -> pd.DataFrame:
    """With each line's promise; lines that the tables do not hold cannot be judged."""
    lines = store.table(PURCHASE_ORDERS.name).select(PO_LINE_ID, PROMISED_AT).to_pandas()
    joined = frame.merge(lines.drop_duplicates(PO_LINE_ID), on=PO_LINE_ID, how="inner")
    return joined[joined[PROMISED_AT].notna()].reset_index(drop=True)
