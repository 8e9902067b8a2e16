"""bpic19: how will the first invoice of an order item end within 30 days of its booking?

Asked when the first invoice of an item is booked. A block shows only when it is removed or set
by hand; one that still stands after 30 days counts as clean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from data.contracts.invoice_outcomes import RESOLUTION, Resolution
from data.contracts.invoices import INVOICE_LINE_ID
from data.contracts.items import SUBCATEGORY
from data.contracts.purchase_orders import PO_LINE_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import KNOWN_AT
from data.sources.public_sets import bpic19
from data.store import Store
from models.task import Task
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from training.backtest.protocols.canonical_sets import (
    CanonicalSet,
    Flags,
    Floats,
    running_exception_share,
)
from training.backtest.protocols.protocol import BacktestProtocol
from training.dataset.asks import Asks
from training.dataset.labels import Labels
from training.parameters.parameter_files import load_parameters
from training.tasks.invoice_mismatch import asks as invoice_mismatch_asks
from training.tasks.invoice_mismatch import labels as invoice_mismatch_labels

SOURCE = "bpic19"
CLEAN_CLASS = "clean"
CLASS_OF_RESOLUTION = {
    Resolution.NONE_NEEDED.value: CLEAN_CLASS,
    Resolution.BLOCK_REMOVED.value: "blocked",
    Resolution.REVERSED.value: "reversed",
    Resolution.PO_AMENDED.value: "po_amended",
}
HORIZON_DAYS = 30


def query_asks(store: Store, task: Task) -> Asks:
    """The first invoice of each order item, when booked."""
    asks = invoice_mismatch_asks.query_asks(store, task)
    return asks.take(~pd.Series(asks.text(PO_LINE_ID)).duplicated().to_numpy())


def label_asks(store: Store, asks: Asks, task: Task) -> Labels:
    """Derive the class of an invoice from what was done about it; the source has none."""
    return invoice_mismatch_labels.label_asks(
        store, asks, task, told_by=RESOLUTION, classes=CLASS_OF_RESOLUTION
    )


def segment_masks(asks: Asks) -> Mapping[str, Flags]:
    """Return no segments besides the two-class view."""
    del asks
    return {}


def rule_scores(store: Store, asks: Asks) -> Mapping[str, Floats]:
    """Share of exceptions so far of the supplier, and of the kind of spend."""
    ends = _ended_cases(store)
    keys = {"supplier_exception_share": SUPPLIER_ID, "spend_exception_share": SUBCATEGORY}
    return {
        name: running_exception_share(
            pd.DataFrame({"key": asks.text(key), "as_of": asks.as_of}),
            ends.rename(columns={str(key): "key"}),
        )
        for name, key in keys.items()
    }


def _ended_cases(store: Store) -> pd.DataFrame:
    outcomes = store.frame("invoice_outcomes")[[INVOICE_LINE_ID, RESOLUTION, KNOWN_AT]]
    invoices = store.frame("invoices")[[INVOICE_LINE_ID, PO_LINE_ID, SUPPLIER_ID]]
    orders = store.frame("purchase_orders")[[PO_LINE_ID, SUBCATEGORY]]
    ends = outcomes.merge(invoices, on=INVOICE_LINE_ID).merge(orders, on=PO_LINE_ID)
    exception = ends[RESOLUTION] != Resolution.NONE_NEEDED.value
    return ends.assign(
        exception=exception.astype("float64"), known_at=ends[KNOWN_AT].dt.tz_localize(None)
    )


TASK = replace(
    INVOICE_MISMATCH,
    question="How will this invoice end within 30 days?",
    classes=tuple(CLASS_OF_RESOLUTION.values()),
    horizon_days=HORIZON_DAYS,
)


def build_protocol() -> BacktestProtocol:
    """The protocol, with the parameters of the set's file."""
    chosen = load_parameters(SOURCE)
    return BacktestProtocol(
        source=SOURCE,
        task=chosen.task(TASK),
        gather=CanonicalSet(
            SOURCE, bpic19.read, query_asks, label_asks, segment_masks, rule_scores
        ).gather,
        two_class_views={"any_exception": CLEAN_CLASS},
        options=chosen.options,
    )
