"""Canonical tables of purchasing and payables.

Orders, receipts, supplier events, invoices, outcomes.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.contracts.invoice_outcomes import EXCEPTION_CLASS, RESOLUTION
from data.contracts.invoices import (
    DOCUMENT_TYPE,
    ENTRY_CHANNEL,
    FREIGHT_AMOUNT,
    INVOICE_ID,
    INVOICE_LINE_ID,
    INVOICE_NUMBER,
    INVOICE_UNIT,
    INVOICE_UNIT_PRICE,
    LINE_AMOUNT,
    QUANTITY_INVOICED,
    TAX_AMOUNT,
    TAX_RATE_EXPECTED,
    DocumentType,
    EntryChannel,
)
from data.contracts.invoices import PO_LINE_ID as INVOICED_LINE_ID
from data.contracts.items import CATEGORY, CURRENCY, ITEM_ID, SUBCATEGORY
from data.contracts.purchase_orders import (
    CHANNEL,
    INCOTERM,
    LINE_STATE,
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
    STATE_KNOWN_AT,
    TRANSPORT_MODE,
    Channel,
    LineState,
)
from data.contracts.receipts import (
    FINAL,
    POSTING_KIND,
    QUANTITY_DAMAGED,
    QUANTITY_RECEIVED,
    RECEIPT_ID,
    PostingKind,
)
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
from data.simulator.corrections import LineStates, Postings, overseas_minutes
from data.simulator.deliveries import Deliveries, PurchaseOrderLines
from data.simulator.invoicing import EXCEPTION_CLASSES, InvoiceDrafts, consignment_flags
from data.simulator.prices import CURRENCIES, Prices
from data.simulator.resolution import InvoiceResolutions
from data.simulator.supplier_messages import SupplierMessages
from data.simulator.tables import (
    canonical_table,
    document_ids,
    item_ids,
    known_before_end,
    rows_in_known_order,
    site_ids,
    supplier_ids,
)
from data.simulator.world.clock import DAY, NEVER, avoid_clock_changes, utc_timestamps
from data.simulator.world.columns import decoded_text, numbered_ids, take_rows, text_column
from data.simulator.world.items import CATEGORY_NAMES
from data.simulator.world.random_streams import Flags, Floats, Ints
from data.simulator.world.suppliers import ORIGINS
from data.simulator.world.world import World

CLOSED_SHORT = LineState.CLOSED_SHORT


def document_line_numbers(document: Ints) -> Ints:
    """Place of each line on its document, counted from 1 in the order of the lines."""
    order = np.argsort(document, kind="stable")
    begins = np.searchsorted(document[order], document[order])
    place = np.empty(len(document), dtype=np.int64)
    place[order] = np.arange(len(document)) - begins + 1
    return place


def po_line_ids(world: World, lines: PurchaseOrderLines, line: Ints) -> pd.Series:
    """S01-000017-2: site, document and place of a line; missing where the line is below zero."""
    at = np.maximum(line, 0)
    site = world.pairs.site[lines.pair[at]]
    number = np.where(line < 0, -1, lines.document[at] + 1)
    place = document_line_numbers(lines.document)[at]
    return document_ids(site, number) + numbered_ids("-", place, 1)


def purchase_orders(
    world: World,
    lines: PurchaseOrderLines,
    confirmed: Ints,
    price: Floats,
    prices: Prices,
    *,
    states: LineStates,
) -> pd.DataFrame:
    """Order lines as first confirmed, known since the confirmation; with their last state."""
    at = rows_in_known_order(world, confirmed, np.arange(len(confirmed)))
    pair, document = lines.pair[at], lines.document[at]
    site, item, supplier = (
        column[pair] for column in (world.pairs.site, world.pairs.item, world.pairs.supplier)
    )
    origin = world.suppliers.origin[supplier]
    kind = np.where(lines.rush[at], 1, np.where(consignment_flags(lines)[at], 2, 0))
    start, quantity = world.size.start, lines.quantity[at].astype(np.float64)
    state_known = avoid_clock_changes(states.known[at], start)
    stated = (states.known[at] != NEVER) & (state_known < world.size.days * DAY)
    columns = {
        PO_LINE_ID: po_line_ids(world, lines, at),
        PO_ID: document_ids(site, document + 1),
        SHIPMENT_ID: numbered_ids("SH", document + 1, 6),
        SITE_ID: site_ids(site),
        SUPPLIER_ID: supplier_ids(supplier),
        ITEM_ID: item_ids(item),
        CATEGORY: decoded_text(CATEGORY_NAMES, world.items.category[item]),
        SUBCATEGORY: text_column(world.items.subcategory_names()[item]),
        QUANTITY_ORDERED: quantity,
        ORDER_UNIT: decoded_text(
            ["EA", "CS"], ((world.items.pack[item] > 1) & (item % 3 == 0)).astype(int)
        ),
        PO_UNIT_PRICE: price[at],
        LINE_VALUE: np.round(price[at] * quantity, 2),
        CURRENCY: decoded_text(CURRENCIES, prices.currency[supplier]),
        ORDER_TYPE: decoded_text(["standard", "rush", "consignment"], kind),
        LINE_TYPE: decoded_text(
            ["three_way", "two_way"], world.suppliers.two_way[supplier].astype(int)
        ),
        CHANNEL: decoded_text([Channel.WAREHOUSE], np.zeros(len(at))),
        INCOTERM: text_column(world.suppliers.incoterm[supplier]),
        TRANSPORT_MODE: decoded_text([o.mode for o in ORIGINS], origin),
        ORIGIN: decoded_text([o.place for o in ORIGINS], origin),
        MANAGED_BY: decoded_text([f"purchasing {s.region}" for s in world.sites], site),
        # A day at the site, which midnight UTC stands for.
        REQUESTED_AT: utc_timestamps(lines.requested[at] * DAY, start),
        PROMISED_AT: utc_timestamps(lines.promised[at] * DAY, start),
        LINE_STATE: text_column(np.where(stated, states.state[at], LineState.OPEN)),
        STATE_KNOWN_AT: utc_timestamps(np.where(stated, state_known, NEVER), start),
    }
    return canonical_table("purchase_orders", world, lines.placed[at], confirmed[at], columns)


def receipts(
    world: World,
    lines: PurchaseOrderLines,
    parts: Deliveries,
    posted: Ints,
    recorded: Flags,
    *,
    states: LineStates,
    corrections: Postings,
) -> pd.DataFrame:
    """Receipts of orders, happened when unloaded, known when posted; then their corrections."""
    at = rows_in_known_order(world, posted, parts.line)
    at = at[parts.receipt[at] & (parts.received[at] > 0)]
    corrected = take_rows(
        corrections, rows_in_known_order(world, corrections.known, corrections.part)
    )
    part = np.concatenate([at, corrected.part])
    receives = np.arange(len(part)) < len(at)
    damaged = np.where(recorded[part] & receives, parts.damaged[part], 0)
    # Lines that the buyer closes short were not closed by their last receipt.
    closes = parts.final[part] & receives & (states.state[parts.line[part]] != CLOSED_SHORT)
    kind = np.concatenate([np.full(len(at), PostingKind.RECEIPT, dtype=object), corrected.kind])
    columns = {
        RECEIPT_ID: document_ids(
            world.pairs.site[lines.pair[parts.line[part]]], np.arange(1, len(part) + 1)
        ),
        PO_LINE_ID: po_line_ids(world, lines, parts.line[part]),
        QUANTITY_RECEIVED: np.concatenate([parts.received[at], corrected.quantity]).astype(
            np.float64
        ),
        QUANTITY_DAMAGED: damaged.astype(np.float64),
        POSTING_KIND: text_column(kind),
        FINAL: closes,
    }
    shift = overseas_minutes(world, lines, parts)
    happened = np.concatenate([parts.arrived[at], corrected.happened]) + shift[part]
    known = np.concatenate([posted[at], corrected.known]) + shift[part]
    table = canonical_table("receipts", world, happened, known, columns)
    return known_before_end(world, table)


def supplier_events(
    world: World, lines: PurchaseOrderLines, messages: SupplierMessages
) -> pd.DataFrame:
    """Messages about order lines; known when they were taken in."""
    messages = take_rows(messages, rows_in_known_order(world, messages.known, messages.line))
    site = world.pairs.site[lines.pair[messages.line]]
    columns = {
        EVENT_ID: document_ids(site, np.arange(1, len(site) + 1)),
        PO_LINE_ID: po_line_ids(world, lines, messages.line),
        EVENT_KIND: text_column(messages.kind),
        ACK_STATUS: text_column(messages.status),
        DETAIL: text_column(messages.detail),
        EXPECTED_AT: utc_timestamps(messages.expected, world.size.start),
        EVENT_QUANTITY: messages.quantity,
    }
    return canonical_table("supplier_events", world, messages.said, messages.known, columns)


def invoice_tables(
    world: World,
    lines: PurchaseOrderLines,
    drafts: InvoiceDrafts,
    outcomes: InvoiceResolutions,
    *,
    documents_first: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Invoice lines in booking order, and the outcomes that are known before the end.

    documents_first: so many drafts are numbered first, in their order of booking; credit
        notes, which are the others, come after them.
    """
    booked = rows_in_known_order(world, drafts.booked, _booking_tie_break(drafts))
    booked = np.concatenate([booked[booked < documents_first], booked[booked >= documents_first]])
    line = np.full(len(drafts), -1)
    line[booked] = np.arange(len(booked))
    paper = drafts.rows(booked)
    _, first, which = np.unique(paper.document, return_index=True, return_inverse=True)
    document = np.argsort(np.argsort(first))[which]
    invoice_ids = document_ids(paper.site, document + 1)
    invoice_line_ids = invoice_ids + numbered_ids("-", document_line_numbers(document), 1)
    columns = {
        INVOICE_LINE_ID: invoice_line_ids,
        INVOICE_ID: invoice_ids,
        INVOICE_NUMBER: text_column(paper.number),
        DOCUMENT_TYPE: decoded_text(
            [DocumentType.INVOICE, DocumentType.CREDIT_NOTE], (paper.quantity < 0).astype(int)
        ),
        SUPPLIER_ID: supplier_ids(paper.supplier),
        SITE_ID: site_ids(paper.site),
        INVOICED_LINE_ID: po_line_ids(world, lines, paper.referenced_line),
        QUANTITY_INVOICED: paper.quantity,
        INVOICE_UNIT: decoded_text(["EA", "CS"], paper.in_packs.astype(int)),
        INVOICE_UNIT_PRICE: paper.price,
        LINE_AMOUNT: paper.amount,
        FREIGHT_AMOUNT: paper.freight,
        TAX_AMOUNT: paper.tax,
        TAX_RATE_EXPECTED: paper.tax_expected,
        CURRENCY: decoded_text(CURRENCIES, paper.currency),
        ENTRY_CHANNEL: decoded_text(list(EntryChannel), paper.manual.astype(int)),
    }
    table = canonical_table("invoices", world, paper.dated, paper.booked, columns)
    ends = _outcome_table(world, outcomes, line, invoice_line_ids)
    return known_before_end(world, table), ends


def _booking_tie_break(drafts: InvoiceDrafts) -> Ints:
    """Return the sort key of lines booked in the same minute: their order line."""
    return np.asarray(drafts.document % 997 * 10_000_000 + drafts.line, dtype=np.int64)


def _outcome_table(
    world: World, outcomes: InvoiceResolutions, line: Ints, ids: pd.Series
) -> pd.DataFrame:
    """Build the outcomes of booked lines.

    Args:
        world: simulated world.
        outcomes: outcome of each draft.
        line: position of each draft in the invoice table, or -1.
        ids: ids of the lines of the invoice table.
    """
    at = rows_in_known_order(world, outcomes.known, line)
    at = at[line[at] >= 0]
    columns = {
        INVOICE_LINE_ID: ids.iloc[line[at]].reset_index(drop=True),
        EXCEPTION_CLASS: decoded_text(EXCEPTION_CLASSES, outcomes.ended_as[at]),
        RESOLUTION: text_column(outcomes.resolution[at]),
    }
    return canonical_table(
        "invoice_outcomes", world, outcomes.happened[at], outcomes.known[at], columns
    )
