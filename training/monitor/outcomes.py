"""How recommended cases ended, by the canonical tables: training's own labels, once matured."""

from __future__ import annotations

import pandas as pd

from data.contracts.invoices import INVOICE_LINE_ID
from data.contracts.items import ITEM_ID
from data.contracts.purchase_orders import PO_LINE_ID, PROMISED_AT, PURCHASE_ORDERS
from data.contracts.sites import SITE_ID
from data.store import Store
from features.request.shapes import INVOICE_MISMATCH, STOCK_RISK, SUPPLIER_DELAY
from models.task import Task, TaskName
from training.asks.asks import ASKED_AT, Asks
from training.wiring import wiring

RECOMMENDATION_ID = "recommendation_id"
CASE_ID = "case_id"
TASK = "task"
LABEL = "label"
TARGET = "target"
MATURED_AT = "matured_at"
KEY = {
    TaskName.STOCK_RISK: ITEM_ID,
    TaskName.INVOICE_MISMATCH: INVOICE_LINE_ID,
    TaskName.SUPPLIER_DELAY: PO_LINE_ID,
}
SHAPES = {
    TaskName.STOCK_RISK: STOCK_RISK,
    TaskName.INVOICE_MISMATCH: INVOICE_MISMATCH,
    TaskName.SUPPLIER_DELAY: SUPPLIER_DELAY,
}


def outcomes(store: Store, task: Task, recommendations: pd.DataFrame) -> pd.DataFrame:
    """One row a recommendation of the task whose case has ended.

    Columns: RECOMMENDATION_ID, CASE_ID, TASK, LABEL (class number), TARGET (the number that
    quantiles are of, NaN where there is none), MATURED_AT (UTC).
    """
    asks = _asks(store, task, recommendations)
    labels = wiring(task.name).labels(store, asks, task)
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


def _asks(store: Store, task: Task, recommendations: pd.DataFrame) -> Asks:
    """The recommendations as labels read asks; the case's key is what follows its site."""
    key = KEY[task.name]
    frame = recommendations[["id", CASE_ID, "site_id", "asked_at"]].reset_index(drop=True)
    frame = frame.rename(columns={"site_id": SITE_ID, "asked_at": ASKED_AT})
    frame[ASKED_AT] = frame[ASKED_AT].astype("datetime64[us, UTC]")
    frame[key] = [
        case.removeprefix(f"{site}/")
        for case, site in zip(frame[CASE_ID], frame[SITE_ID], strict=True)
    ]
    if task.name is TaskName.SUPPLIER_DELAY:
        frame = _promised(store, frame)
    return Asks(SHAPES[task.name], frame, {})


def _promised(store: Store, frame: pd.DataFrame) -> pd.DataFrame:
    """With each line's promise; lines that the tables do not hold cannot be judged."""
    lines = store.table(PURCHASE_ORDERS.name).select(PO_LINE_ID, PROMISED_AT).to_pandas()
    joined = frame.merge(lines.drop_duplicates(PO_LINE_ID), on=PO_LINE_ID, how="inner")
    return joined[joined[PROMISED_AT].notna()].reset_index(drop=True)
