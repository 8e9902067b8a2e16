"""Invoice outcomes: in what invoice lines ended, once every line had its time.

An exception is often settled within days, a clean line is known to be clean only when its
window is over. To count both alike an outcome counts from the later of the two: when it
was known, and 30 days after booking.
"""

from __future__ import annotations

from collections.abc import Mapping

from data.contracts.invoice_outcomes import (
    EXCEPTION_CLASS,
    RESOLUTION,
    ExceptionClass,
    Resolution,
)
from data.contracts.invoices import INVOICE_LINE_ID
from data.contracts.table import KNOWN_AT, Column
from data.lazily import ibis, ir
from features.history.integers import flag, later
from features.history.invoice_lines import booked_lines
from features.history.stream import Stream

SETTLED_DAYS = 30
KINDS = {
    "price": (ExceptionClass.PRICE_VARIANCE,),
    "quantity": (ExceptionClass.QTY_OVER_ORDERED, ExceptionClass.QTY_OVER_RECEIVED),
    "no_receipt": (ExceptionClass.NO_RECEIPT,),
    "quality": (ExceptionClass.QUALITY_HOLD,),
    "unit": (ExceptionClass.UNIT_OF_MEASURE,),
    "charges": (
        ExceptionClass.FREIGHT_CHARGES,
        ExceptionClass.TAX_VARIANCE,
        ExceptionClass.CURRENCY_RATE,
    ),
    "duplicate": (ExceptionClass.DUPLICATE,),
    "paper": (
        ExceptionClass.PO_REFERENCE,
        ExceptionClass.SUPPLIER_MASTER,
        ExceptionClass.DATE_VARIANCE,
        ExceptionClass.AMOUNT_LIMIT,
    ),
}
ENDINGS = {
    "blocked": (Resolution.BLOCK_REMOVED,),
    "reversed": (Resolution.REVERSED, Resolution.CREDIT_NOTE),
    "amended": (Resolution.PO_AMENDED,),
}
MEASURES = {"exceptions": 1} | dict.fromkeys((*KINDS, *ENDINGS), 1)


def invoice_outcomes_by(name: str, *key: Column, windows: tuple[int, ...]) -> Stream:
    """Outcomes of the invoice lines of each entity that `key` names."""
    return Stream(
        name=name,
        key=key,
        events=lambda tables: invoice_outcomes(tables).select(*key, KNOWN_AT, *MEASURES),
        measures=MEASURES,
        windows=windows,
    )


def invoice_outcomes(tables: Mapping[str, ir.Table]) -> ir.Table:
    """One row a settled invoice line; an unnamed class counts by how it was resolved."""
    lines = booked_lines(tables).select(
        INVOICE_LINE_ID, "site_id", "supplier_id", "item_id", "category", booked_at=KNOWN_AT
    )
    outcomes = tables["invoice_outcomes"].rename(ended_at=KNOWN_AT)
    ended = lines.inner_join(outcomes, INVOICE_LINE_ID)
    settled_at = ended.booked_at + ibis.interval(days=SETTLED_DAYS)
    unnamed = ended[RESOLUTION] != Resolution.NONE_NEEDED.value
    return ended.select(
        "site_id",
        "supplier_id",
        "item_id",
        "category",
        known_at=later(settled_at, ended.ended_at),
        exceptions=flag((ended[EXCEPTION_CLASS] != ExceptionClass.CLEAN.value).coalesce(unnamed)),
        **{
            name: flag(ended[EXCEPTION_CLASS].isin([c.value for c in classes]))
            for name, classes in KINDS.items()
        },
        **{
            name: flag(ended[RESOLUTION].isin([r.value for r in resolutions]))
            for name, resolutions in ENDINGS.items()
        },
    )
