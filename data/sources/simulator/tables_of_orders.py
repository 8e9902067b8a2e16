"""Purchasing as canonical tables: purchase orders, receipts, supplier events."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.contracts.items import CATEGORY, CURRENCY, ITEM_ID, SUBCATEGORY
from data.contracts.purchase_orders import (
    CHANNEL,
    INCOTERM,
    LINE_TYPE,
    LINE_VALUE,
    MANAGED_BY,
    ORDER_TYPE,
    ORDER_UNIT,
    ORIGIN,
    PO_ID,
    PO_LINE_ID,
    PO_UNIT_PRICE,
    PROMISED_AT,
    QUANTITY_ORDERED,
    REQUESTED_AT,
    SHIPMENT_ID,
    TRANSPORT_MODE,
    Channel,
)
from data.contracts.receipts import FINAL, QUANTITY_DAMAGED, QUANTITY_RECEIVED, RECEIPT_ID
from data.contracts.sites import SITE_ID
from data.contracts.supplier_events import (
    ACK_STATUS,
    DETAIL,
    EVENT_ID,
    EVENT_KIND,
    EVENT_QUANTITY,
    EXPECTED_AT,
)
from data.contracts.suppliers import SUPPLIER_ID
from data.sources.simulator.chance import Flags, Floats, Ints
from data.sources.simulator.clock import DAY, moments
from data.sources.simulator.deliveries import Lines, Parts
from data.sources.simulator.invoicing import consignment
from data.sources.simulator.items import CATEGORY_NAMES
from data.sources.simulator.messages import PROMISE_HOUR, Messages
from data.sources.simulator.prices import CURRENCIES, Prices
from data.sources.simulator.stacking import take
from data.sources.simulator.suppliers import ORIGINS
from data.sources.simulator.tables import (
    canonical,
    document_ids,
    in_order,
    item_ids,
    site_ids,
    supplier_ids,
)
from data.sources.simulator.texts import coded, numbered, plain
from data.sources.simulator.world import World


def line_numbers(document: Ints) -> Ints:
    """Place of each line on its document, counted from 1 in the order of the lines."""
    order = np.argsort(document, kind="stable")
    begins = np.searchsorted(document[order], document[order])
    place = np.empty(len(document), dtype=np.int64)
    place[order] = np.arange(len(document)) - begins + 1
    return place


def po_line_ids(world: World, lines: Lines, line: Ints) -> pd.Series:
    """S01-000017-2: site, document and place of a line; missing where the line is below zero."""
    at = np.maximum(line, 0)
    site = world.pairs.site[lines.pair[at]]
    number = np.where(line < 0, -1, lines.document[at] + 1)
    place = line_numbers(lines.document)[at]
    return document_ids(site, number) + numbered("-", place, 1)


def purchase_orders(
    world: World, lines: Lines, confirmed: Ints, price: Floats, prices: Prices
) -> pd.DataFrame:
    """Order lines as first confirmed; known since the confirmation."""
    at = in_order(world, confirmed, np.arange(len(confirmed)))
    pair, document = lines.pair[at], lines.document[at]
    site, item, supplier = (
        column[pair] for column in (world.pairs.site, world.pairs.item, world.pairs.supplier)
    )
    origin = world.suppliers.origin[supplier]
    kind = np.where(lines.rush[at], 1, np.where(consignment(lines)[at], 2, 0))
    start, quantity = world.size.start, lines.quantity[at].astype(np.float64)
    columns = {
        PO_LINE_ID: po_line_ids(world, lines, at),
        PO_ID: document_ids(site, document + 1),
        SHIPMENT_ID: numbered("SH", document + 1, 6),
        SITE_ID: site_ids(site),
        SUPPLIER_ID: supplier_ids(supplier),
        ITEM_ID: item_ids(item),
        CATEGORY: coded(CATEGORY_NAMES, world.items.category[item]),
        SUBCATEGORY: plain(world.items.subcategory_names()[item]),
        QUANTITY_ORDERED: quantity,
        ORDER_UNIT: coded(
            ["EA", "CS"], ((world.items.pack[item] > 1) & (item % 3 == 0)).astype(int)
        ),
        PO_UNIT_PRICE: price[at],
        LINE_VALUE: np.round(price[at] * quantity, 2),
        CURRENCY: coded(CURRENCIES, prices.currency[supplier]),
        ORDER_TYPE: coded(["standard", "rush", "consignment"], kind),
        LINE_TYPE: coded(["three_way", "two_way"], world.suppliers.two_way[supplier].astype(int)),
        CHANNEL: coded([Channel.WAREHOUSE], np.zeros(len(at))),
        INCOTERM: plain(world.suppliers.incoterm[supplier]),
        TRANSPORT_MODE: coded([o.mode for o in ORIGINS], origin),
        ORIGIN: coded([o.place for o in ORIGINS], origin),
        MANAGED_BY: coded([f"purchasing {s.region}" for s in world.sites], site),
        REQUESTED_AT: moments(lines.requested[at] * DAY + PROMISE_HOUR, start),
        PROMISED_AT: moments(lines.promised[at] * DAY + PROMISE_HOUR, start),
    }
    return canonical("purchase_orders", world, lines.placed[at], confirmed[at], columns)


def receipts(
    world: World, lines: Lines, parts: Parts, posted: Ints, recorded: Flags
) -> pd.DataFrame:
    """Receipts of orders; happened when unloaded, known when posted."""
    at = in_order(world, posted, parts.line)
    at = at[parts.receipt[at] & (parts.received[at] > 0)]
    columns = {
        RECEIPT_ID: document_ids(
            world.pairs.site[lines.pair[parts.line[at]]], np.arange(1, len(at) + 1)
        ),
        PO_LINE_ID: po_line_ids(world, lines, parts.line[at]),
        QUANTITY_RECEIVED: parts.received[at].astype(np.float64),
        QUANTITY_DAMAGED: np.where(recorded[at], parts.damaged[at], 0).astype(np.float64),
        FINAL: parts.final[at],
    }
    return canonical("receipts", world, parts.arrived[at], posted[at], columns)


def supplier_events(world: World, lines: Lines, messages: Messages) -> pd.DataFrame:
    """Messages about order lines; known when they were taken in."""
    messages = take(messages, in_order(world, messages.known, messages.line))
    site = world.pairs.site[lines.pair[messages.line]]
    columns = {
        EVENT_ID: document_ids(site, np.arange(1, len(site) + 1)),
        PO_LINE_ID: po_line_ids(world, lines, messages.line),
        EVENT_KIND: plain(messages.kind),
        ACK_STATUS: plain(messages.status),
        DETAIL: plain(messages.detail),
        EXPECTED_AT: moments(messages.expected, world.size.start),
        EVENT_QUANTITY: messages.quantity,
    }
    return canonical("supplier_events", world, messages.said, messages.known, columns)
