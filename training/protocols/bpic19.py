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
from data.sources import bpic19
from data.store import Store
from models.catalogue import TASKS
from models.task import Task, TaskName
from training.asks import invoice_mismatch
from training.asks.asks import Asks
from training.labels import invoice_mismatch as invoice_mismatch_labels
from training.labels.labels import Labels
from training.parameters.read import parameters
from training.protocols.protocol import Protocol
from training.protocols.so_far import share_so_far
from training.protocols.tables import Flags, Floats, Tables

SOURCE = "bpic19"
CLEAN = "clean"
CLASSES = {
    Resolution.NONE_NEEDED.value: CLEAN,
    Resolution.BLOCK_REMOVED.value: "blocked",
    Resolution.REVERSED.value: "reversed",
    Resolution.PO_AMENDED.value: "po_amended",
}
HORIZON_DAYS = 30


def asks(store: Store, task: Task) -> Asks:
    """The first invoice of each order item, when booked."""
    found = invoice_mismatch.asks(store, task)
    return found.take(~pd.Series(found.text(PO_LINE_ID)).duplicated().to_numpy())


def labels(store: Store, asks: Asks, task: Task) -> Labels:
    """What was done about the invoice says how it ended; the source has no class for it."""
    return invoice_mismatch_labels.labels(store, asks, task, told_by=RESOLUTION, classes=CLASSES)


def segments(asks: Asks) -> Mapping[str, Flags]:
    """None besides the two-class view."""
    del asks
    return {}


def rules(store: Store, asks: Asks) -> Mapping[str, Floats]:
    """Share of exceptions so far of the supplier, and of the kind of spend."""
    ends = _ends(store)
    keys = {"supplier_exception_share": SUPPLIER_ID, "spend_exception_share": SUBCATEGORY}
    return {
        name: share_so_far(
            pd.DataFrame({"key": asks.text(key), "as_of": asks.as_of}),
            ends.rename(columns={str(key): "key"}),
        )
        for name, key in keys.items()
    }


def _ends(store: Store) -> pd.DataFrame:
    outcomes = store.frame("invoice_outcomes")[[INVOICE_LINE_ID, RESOLUTION, KNOWN_AT]]
    invoices = store.frame("invoices")[[INVOICE_LINE_ID, PO_LINE_ID, SUPPLIER_ID]]
    orders = store.frame("purchase_orders")[[PO_LINE_ID, SUBCATEGORY]]
    ends = outcomes.merge(invoices, on=INVOICE_LINE_ID).merge(orders, on=PO_LINE_ID)
    exception = ends[RESOLUTION] != Resolution.NONE_NEEDED.value
    return ends.assign(
        exception=exception.astype("float64"), known_at=ends[KNOWN_AT].dt.tz_localize(None)
    )


ASKED = replace(
    TASKS[TaskName.INVOICE_MISMATCH],
    question="How will this invoice end within 30 days?",
    classes=tuple(CLASSES.values()),
    horizon_days=HORIZON_DAYS,
)


def protocol() -> Protocol:
    """The protocol, with the parameters of the set's file."""
    chosen = parameters(SOURCE)
    return Protocol(
        source=SOURCE,
        task=chosen.task(ASKED),
        gather=Tables(SOURCE, bpic19.read, asks, labels, segments, rules).gather,
        two_class_views={"any_exception": CLEAN},
        options=chosen.options,
    )
