"""Accounts payable as canonical tables: invoices and how they ended."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.contracts.invoice_outcomes import EXCEPTION_CLASS, RESOLUTION
from data.contracts.invoices import (
    ENTRY_CHANNEL,
    FREIGHT_AMOUNT,
    INVOICE_ID,
    INVOICE_LINE_ID,
    INVOICE_NUMBER,
    INVOICE_UNIT,
    INVOICE_UNIT_PRICE,
    LINE_AMOUNT,
    PO_LINE_ID,
    QUANTITY_INVOICED,
    TAX_AMOUNT,
    TAX_RATE_EXPECTED,
    EntryChannel,
)
from data.contracts.items import CURRENCY
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.sources.simulator.chance import Ints
from data.sources.simulator.deliveries import Lines
from data.sources.simulator.drafts import CLASSES, Drafts
from data.sources.simulator.prices import CURRENCIES
from data.sources.simulator.resolution import Outcomes
from data.sources.simulator.tables import canonical, document_ids, in_order, site_ids, supplier_ids
from data.sources.simulator.tables_of_orders import line_numbers, po_line_ids
from data.sources.simulator.texts import coded, numbered, plain
from data.sources.simulator.world import World


def invoices(
    world: World, lines: Lines, drafts: Drafts, outcomes: Outcomes
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Invoice lines in booking order, and the outcomes that are known before the end."""
    booked = in_order(world, drafts.booked, _tie(drafts))
    line = np.full(len(drafts), -1)
    line[booked] = np.arange(len(booked))
    paper = drafts.rows(booked)
    _, first, which = np.unique(paper.document, return_index=True, return_inverse=True)
    document = np.argsort(np.argsort(first))[which]
    invoice_ids = document_ids(paper.site, document + 1)
    invoice_line_ids = invoice_ids + numbered("-", line_numbers(document), 1)
    columns = {
        INVOICE_LINE_ID: invoice_line_ids,
        INVOICE_ID: invoice_ids,
        INVOICE_NUMBER: plain(paper.number),
        SUPPLIER_ID: supplier_ids(paper.supplier),
        SITE_ID: site_ids(paper.site),
        PO_LINE_ID: po_line_ids(world, lines, paper.refers),
        QUANTITY_INVOICED: paper.quantity,
        INVOICE_UNIT: coded(["EA", "CS"], paper.in_packs.astype(int)),
        INVOICE_UNIT_PRICE: paper.price,
        LINE_AMOUNT: paper.amount,
        FREIGHT_AMOUNT: paper.freight,
        TAX_AMOUNT: paper.tax,
        TAX_RATE_EXPECTED: paper.tax_expected,
        CURRENCY: coded(CURRENCIES, paper.currency),
        ENTRY_CHANNEL: coded(list(EntryChannel), paper.manual.astype(int)),
    }
    table = canonical("invoices", world, paper.dated, paper.booked, columns)
    return table, _outcomes(world, outcomes, line, invoice_line_ids)


def _tie(drafts: Drafts) -> Ints:
    """What orders lines booked in the same minute: the order line, as on the paper."""
    return np.asarray(drafts.document % 997 * 10_000_000 + drafts.line, dtype=np.int64)


def _outcomes(world: World, outcomes: Outcomes, line: Ints, ids: pd.Series) -> pd.DataFrame:
    """Outcomes of booked lines. line: each draft's place in the invoice table or -1; ids: there."""
    at = in_order(world, outcomes.known, line)
    at = at[line[at] >= 0]
    columns = {
        INVOICE_LINE_ID: ids.iloc[line[at]].reset_index(drop=True),
        EXCEPTION_CLASS: coded(CLASSES, outcomes.ended_as[at]),
        RESOLUTION: plain(outcomes.resolution[at]),
    }
    return canonical("invoice_outcomes", world, outcomes.happened[at], outcomes.known[at], columns)
