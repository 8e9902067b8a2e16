"""Invoice lines as booked with their price variance, and the outcomes of settled lines.

Prices are brought to base units before they are compared; one in a unit that cannot be converted
is not compared. Everything here is known when the invoice is booked.

An exception is often settled within days, a clean line is known to be clean only when its
window is over. To count both alike an outcome counts from the later of the two: when it
was known, and 30 days after booking.
"""

from __future__ import annotations

from collections.abc import Mapping

from data.contracts.invoice_outcomes import EXCEPTION_CLASS, RESOLUTION, ExceptionClass, Resolution
from data.contracts.invoices import (
    CHARGE_AMOUNT,
    ENTRY_CHANNEL,
    FREIGHT_AMOUNT,
    INVOICE_LINE_ID,
    LINE_AMOUNT,
    QUANTITY_INVOICED,
    EntryChannel,
)
from data.contracts.items import BASE_UNIT, PACK_SIZE
from data.contracts.purchase_orders import ORDER_UNIT, PO_LINE_ID, PO_UNIT_PRICE
from data.contracts.table import KNOWN_AT, Column
from data.lazy_imports import ibis, ir
from data.row_versions.stored_rows import SUPERSEDED_AT
from features.history.daily_sums import WEIGHT
from features.history.integer_measures import (
    MONEY,
    PRICE,
    RELATIVE,
    flag_as_integer,
    latest_moment,
    relative_difference,
    scaled_integer,
)
from features.history.invoice_units import UNIT_SIZE, with_unit_size
from features.history.row_versions import (
    MOMENT,
    current_at,
    first_versions,
    signed_versions,
    with_spans,
)
from features.history.shared_events import computed_once
from features.history.stream import Stream

LEAST_PRICE_VARIANCE = 0.005
LINE_MEASURES = {
    "amount": MONEY,
    "freight": MONEY,
    "manual": 1,
    "priced": 1,
    "price": PRICE,
    "varied": 1,
    "variance": RELATIVE,
}


def invoice_lines_by(
    name: str, *key: Column, windows: tuple[int, ...], last: tuple[str, ...] = ()
) -> Stream:
    """Invoice lines of each entity that `key` names."""
    return Stream(
        name=name,
        key=key,
        events=lambda tables: invoice_lines(tables).select(*key, KNOWN_AT, WEIGHT, *LINE_MEASURES),
        measures=LINE_MEASURES,
        windows=windows,
        last=last,
    )


@computed_once
def invoice_lines(tables: Mapping[str, ir.Table]) -> ir.Table:
    """One event a booked invoice line; `priced` counts those that can be compared."""
    lines = with_unit_size(booked_lines(tables), tables["item_units"])
    quantity = lines[QUANTITY_INVOICED] * lines[UNIT_SIZE]
    goods = lines[LINE_AMOUNT] - lines[CHARGE_AMOUNT].fill_null(0.0)
    price = ibis.cases((quantity > 0, goods / quantity))
    variance = relative_difference(price, lines[PO_UNIT_PRICE])
    booked = lines.select(
        "site_id",
        "supplier_id",
        "item_id",
        KNOWN_AT,
        SUPERSEDED_AT,
        amount=scaled_integer(lines[LINE_AMOUNT], MONEY),
        freight=scaled_integer(lines[FREIGHT_AMOUNT], MONEY),
        manual=flag_as_integer(lines[ENTRY_CHANNEL] == EntryChannel.MANUAL.value),
        priced=flag_as_integer(variance.notnull()),
        price=scaled_integer(price, PRICE),
        varied=flag_as_integer(variance.abs() > LEAST_PRICE_VARIANCE),
        variance=scaled_integer(variance, RELATIVE),
    )
    return signed_versions(booked, LINE_MEASURES)


def booked_lines(tables: Mapping[str, ir.Table]) -> ir.Table:
    """Invoice lines with what was known at booking of the order line and the item.

    The base unit is that of the item, or else of the order.
    """
    lines = with_spans(tables["invoices"])
    orders = with_spans(tables["purchase_orders"])
    orders = orders.select(
        "item_id",
        "category",
        PO_UNIT_PRICE,
        ORDER_UNIT,
        ordered_line=PO_LINE_ID,
        ordered_known_at=KNOWN_AT,
        order_superseded_at=SUPERSEDED_AT,
    )
    items = with_spans(tables["items"])
    items = items.select(
        BASE_UNIT,
        PACK_SIZE,
        ordered_item="item_id",
        item_known_at=KNOWN_AT,
        item_superseded_at=SUPERSEDED_AT,
    )
    lines = lines.left_join(
        orders,
        [
            lines[PO_LINE_ID] == orders.ordered_line,
            current_at(lines[KNOWN_AT], orders.ordered_known_at, orders.order_superseded_at),
        ],
    )
    lines = lines.left_join(
        items,
        [
            lines.item_id == items.ordered_item,
            current_at(lines[KNOWN_AT], items.item_known_at, items.item_superseded_at),
        ],
    )
    return lines.mutate(**{BASE_UNIT: ibis.coalesce(lines[BASE_UNIT], lines[ORDER_UNIT])})


SETTLED_DAYS = 30
CLASSES_OF_MEASURE = {
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
RESOLUTIONS_OF_MEASURE = {
    "blocked": (Resolution.BLOCK_REMOVED,),
    "reversed": (Resolution.REVERSED, Resolution.CREDIT_NOTE),
    "amended": (Resolution.PO_AMENDED,),
}
OUTCOME_MEASURES = {"exceptions": 1} | dict.fromkeys(
    (*CLASSES_OF_MEASURE, *RESOLUTIONS_OF_MEASURE), 1
)


def invoice_outcomes_by(name: str, *key: Column, windows: tuple[int, ...]) -> Stream:
    """Outcomes of the invoice lines of each entity that `key` names."""
    return Stream(
        name=name,
        key=key,
        events=lambda tables: invoice_outcomes(tables).select(
            *key, KNOWN_AT, WEIGHT, *OUTCOME_MEASURES
        ),
        measures=OUTCOME_MEASURES,
        windows=windows,
    )


@computed_once
def invoice_outcomes(tables: Mapping[str, ir.Table]) -> ir.Table:
    """One event a settled invoice line; an unnamed class counts by how it was resolved."""
    lines = first_versions(booked_lines(tables)).select(
        INVOICE_LINE_ID, "site_id", "supplier_id", "item_id", "category", booked_at=KNOWN_AT
    )
    outcomes = with_spans(tables["invoice_outcomes"]).rename(ended_at=KNOWN_AT)
    ended = lines.inner_join(outcomes, INVOICE_LINE_ID)
    settled_at = ended.booked_at + ibis.interval(days=SETTLED_DAYS)
    unnamed = ended[RESOLUTION] != Resolution.NONE_NEEDED.value
    settled = ended.select(
        "site_id",
        "supplier_id",
        "item_id",
        "category",
        known_at=latest_moment(settled_at, ended.ended_at),
        **{
            SUPERSEDED_AT: ended[SUPERSEDED_AT]
            .isnull()
            .ifelse(ibis.null(MOMENT), latest_moment(settled_at, ended[SUPERSEDED_AT]))
        },
        exceptions=flag_as_integer(
            (ended[EXCEPTION_CLASS] != ExceptionClass.CLEAN.value).coalesce(unnamed)
        ),
        **{
            name: flag_as_integer(ended[EXCEPTION_CLASS].isin([c.value for c in classes]))
            for name, classes in CLASSES_OF_MEASURE.items()
        },
        **{
            name: flag_as_integer(ended[RESOLUTION].isin([r.value for r in resolutions]))
            for name, resolutions in RESOLUTIONS_OF_MEASURE.items()
        },
    )
    return signed_versions(settled, OUTCOME_MEASURES)
