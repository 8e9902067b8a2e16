"""Invoice lines as booked: prices, and how far they are from the order.

Quantities and prices are brought to base units before they are compared: an invoice in
packs is divided by the pack size. Everything here is known when the invoice is booked.
"""

from __future__ import annotations

from collections.abc import Mapping

from data.contracts.invoices import (
    ENTRY_CHANNEL,
    FREIGHT_AMOUNT,
    INVOICE_UNIT,
    LINE_AMOUNT,
    QUANTITY_INVOICED,
    EntryChannel,
)
from data.contracts.items import BASE_UNIT, PACK_SIZE
from data.contracts.purchase_orders import PO_LINE_ID, PO_UNIT_PRICE
from data.contracts.table import KNOWN_AT, Column
from data.lazily import ibis, ir
from features.history.integers import MONEY, PRICE, RELATIVE, flag, relative
from features.history.stream import Stream, whole

VARIED_FROM = 0.005
MEASURES = {
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
        events=lambda tables: invoice_lines(tables).select(*key, KNOWN_AT, *MEASURES),
        measures=MEASURES,
        windows=windows,
        last=last,
    )


def invoice_lines(tables: Mapping[str, ir.Table]) -> ir.Table:
    """One row a booked invoice line; `priced` counts those that can be compared."""
    lines = booked_lines(tables)
    packs = (lines[INVOICE_UNIT] != lines[BASE_UNIT]) & (lines[PACK_SIZE] > 0)
    quantity = lines[QUANTITY_INVOICED] * ibis.cases((packs, lines[PACK_SIZE]), else_=1.0)
    price = ibis.cases((quantity > 0, lines[LINE_AMOUNT] / quantity))
    variance = relative(price, lines[PO_UNIT_PRICE])
    return lines.select(
        "site_id",
        "supplier_id",
        "item_id",
        KNOWN_AT,
        amount=whole(lines[LINE_AMOUNT], MONEY),
        freight=whole(lines[FREIGHT_AMOUNT], MONEY),
        manual=flag(lines[ENTRY_CHANNEL] == EntryChannel.MANUAL.value),
        priced=flag(variance.notnull()),
        price=whole(price, PRICE),
        varied=flag(variance.abs() > VARIED_FROM),
        variance=whole(variance, RELATIVE),
    )


def booked_lines(tables: Mapping[str, ir.Table]) -> ir.Table:
    """Invoice lines with what was known at booking of the order line and the item."""
    lines = tables["invoices"]
    orders = tables["purchase_orders"].select(
        "item_id", "category", PO_UNIT_PRICE, ordered_line=PO_LINE_ID, ordered_known_at=KNOWN_AT
    )
    items = tables["items"].select(
        BASE_UNIT, PACK_SIZE, ordered_item="item_id", item_known_at=KNOWN_AT
    )
    lines = lines.left_join(
        orders,
        [
            lines[PO_LINE_ID] == orders.ordered_line,
            orders.ordered_known_at <= lines[KNOWN_AT],
        ],
    )
    return lines.left_join(
        items,
        [lines.item_id == items.ordered_item, items.item_known_at <= lines[KNOWN_AT]],
    )
