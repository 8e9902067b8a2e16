"""Asks of invoice_mismatch: every invoice line, at the moment it was booked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir

from data.contracts.invoice_outcomes import INVOICE_OUTCOMES
from data.contracts.invoices import (
    INVOICE_ID,
    INVOICE_LINE_ID,
    INVOICE_NUMBER,
    INVOICES,
    LINE_AMOUNT,
    PO_LINE_ID,
    REVERSES_LINE_ID,
)
from data.contracts.item_units import ITEM_UNITS, UNIT
from data.contracts.items import CURRENCY, ITEM_ID, ITEMS
from data.contracts.purchase_orders import PO_ID, PURCHASE_ORDERS
from data.contracts.receipts import RECEIPT_ID, RECEIPTS
from data.contracts.sites import COUNTRY, SITE_ID, SITE_NAME, SITES, TAX_JURISDICTION, TIME_ZONE
from data.contracts.suppliers import BANK_ACCOUNT, SUPPLIER_ID, SUPPLIERS, VAT_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.row_versions.stored_rows import SUPERSEDED_AT
from data.store import Store
from features.builders.order_documents import EVENTS, ORDERED_AT
from features.history.row_versions import current_at, first_versions
from features.invoice_numbers import invoice_number_key
from features.supplier_groups import related_suppliers
from features.tasks.invoice_mismatch.shape import DOCUMENT_AT, INVOICE_MISMATCH_SHAPE, PO_CURRENCY
from models.task import Task
from training.dataset.ask_queries import (
    SPAN,
    UTC,
    collect_asks,
    filter_asked_between,
    join_master_as_known,
)
from training.dataset.asks import ASKED_AT, ROW, Asks
from training.dataset.purchase_order_lines import messages_known_of_line, rows_known_of_line

# An invoice is asked when it is booked: older ones have had their recommendation.
OPEN_BACK_DAYS = 7
EARLIER_INVOICE_DAYS = 180


def query_asks(
    store: Store,
    task: Task,
    since: datetime | None = None,
    until: datetime | None = None,
    max_rows: int | None = None,
) -> Asks:
    """Query each invoice line when it was booked; what became known at that moment counts.

    `since` is inclusive, `until` exclusive, on the moment of asking.
    """
    del task
    booked = _booked_lines(first_versions(store.versions(INVOICES.name)))
    return _collect(store, filter_asked_between(booked, since, until), max_rows)


def query_open_asks(store: Store, task: Task, at: datetime) -> Asks:
    """Query the lines of the last OPEN_BACK_DAYS days without a known outcome, as booked."""
    del task
    since, moment = at - timedelta(days=OPEN_BACK_DAYS), ibis.literal(at, type=UTC)
    outcomes = store.table(INVOICE_OUTCOMES.name)
    ended = outcomes.filter(outcomes[KNOWN_AT] <= moment)
    booked = _booked_lines(store.table(INVOICES.name))
    booked = filter_asked_between(booked, since, at + timedelta(microseconds=1))
    return _collect(store, booked.anti_join(ended, [INVOICE_LINE_ID]), None)


def _booked_lines(invoices: ir.Table) -> ir.Table:
    invoices = invoices.select(*map(str, INVOICES.columns))
    renamed = {ASKED_AT: invoices[KNOWN_AT], DOCUMENT_AT: invoices[HAPPENED_AT]}
    return invoices.mutate(**renamed).drop(KNOWN_AT, HAPPENED_AT)


def _collect(store: Store, booked: ir.Table, max_rows: int | None) -> Asks:
    asked = join_master_as_known(booked, _order_columns(store), PO_LINE_ID)
    asked = join_master_as_known(asked, store.versions(ITEMS.name).drop(CURRENCY), ITEM_ID)
    asked = join_master_as_known(asked, store.versions(SUPPLIERS.name), SUPPLIER_ID)
    asked = join_master_as_known(asked, _site_columns(store), SITE_ID)
    base = asked.mutate(
        ask_id=asked[INVOICE_LINE_ID],
        group=ibis.coalesce(asked[PO_ID], asked[INVOICE_ID]),
        money_at_risk=asked[LINE_AMOUNT].abs(),
    )
    children = {
        "receipts": lambda numbered: rows_known_of_line(
            numbered, store.versions(RECEIPTS.name), RECEIPT_ID
        ),
        EVENTS: lambda numbered: messages_known_of_line(numbered, store),
        "item_units": lambda numbered: _units_of_item(store, numbered),
        "earlier_invoices": lambda numbered: _earlier_invoices(store, numbered),
    }
    return collect_asks(base, INVOICE_MISMATCH_SHAPE, children, max_rows)


def _order_columns(store: Store) -> ir.Table:
    """Order lines without what the invoice line says itself: its supplier, site, currency."""
    orders = store.versions(PURCHASE_ORDERS.name)
    own = [c for c in orders.columns if c in INVOICES.columns and c not in _JOIN_COLUMNS]
    renamed = {ORDERED_AT: orders[HAPPENED_AT], PO_CURRENCY: orders[CURRENCY]}
    return orders.mutate(**renamed).drop(*own)


_JOIN_COLUMNS = (PO_LINE_ID, HAPPENED_AT, KNOWN_AT)


def _site_columns(store: Store) -> ir.Table:
    sites = store.versions(SITES.name)
    jurisdiction = ibis.coalesce(sites[TAX_JURISDICTION], sites[COUNTRY])
    columns = (SITE_ID, SITE_NAME, TIME_ZONE, TAX_JURISDICTION, KNOWN_AT, *SPAN)
    return sites.mutate(**{TAX_JURISDICTION: jurisdiction}).select(*columns)


def _units_of_item(store: Store, numbered: ir.Table) -> ir.Table:
    """The other units of each ask's item; those of its supplier lead over those of all."""
    units = store.versions(ITEM_UNITS.name).rename(supplier_of_unit=SUPPLIER_ID)
    asked = numbered.select(ROW, ASKED_AT, ITEM_ID, SUPPLIER_ID)
    joined = asked.inner_join(units, [ITEM_ID])
    own = joined["supplier_of_unit"] == joined[SUPPLIER_ID]
    known = joined.filter(
        current_at(joined[ASKED_AT], joined[KNOWN_AT], joined[SUPERSEDED_AT]),
        own | joined["supplier_of_unit"].isnull(),
    )
    own = known["supplier_of_unit"].notnull()
    has_own = own.any().over(ibis.window(group_by=[ROW, UNIT]))
    kept = known.mutate(kept=own | ~has_own).filter(lambda rows: rows["kept"])
    return kept.mutate(tie=kept[UNIT])


def _earlier_invoices(store: Store, numbered: ir.Table) -> ir.Table:
    """Lines of other documents that were booked before, on the line or looking the same.

    Joins by equal keys and a union: one join by "this or that" would compare every pair of a
    supplier's invoices.
    """
    past = _with_look_alike_keys(store.versions(INVOICES.name))
    past = past.rename({f"past_{c}": c for c in past.columns})
    own = _with_look_alike_keys(numbered).select(
        ROW, ASKED_AT, INVOICE_LINE_ID, INVOICE_ID, SUPPLIER_ID, PO_LINE_ID, *_LOOK_ALIKE_KEYS
    )
    same_line = _pairs_booked_before(own, past, {PO_LINE_ID: PO_LINE_ID})
    alike = [
        _within_earlier_days(
            _pairs_booked_before(suppliers, past, {SUPPLIER_ID: SUPPLIER_ID, key: key})
        )
        for suppliers, key in (
            (own, _NUMBER_KEY),
            (own, _CENTS),
            (_as_related_suppliers(store, own), _NUMBER_KEY),
        )
    ]
    found = same_line.union(*alike)
    return found.union(_reversals_booked_before(own, past, found)).distinct()


def _reversals_booked_before(own: ir.Table, past: ir.Table, found: ir.Table) -> ir.Table:
    """Lines that reverse what was found: a reversed invoice is as if it had never been booked."""
    reversed_lines = found.select(ROW, reversed_line=found["tie"]).distinct()
    asked = own.inner_join(reversed_lines, [ROW])
    return _pairs_booked_before(asked, past, {"reversed_line": REVERSES_LINE_ID})


_NUMBER_KEY, _CENTS = _LOOK_ALIKE_KEYS = ("number_key", "cents")


def _with_look_alike_keys(lines: ir.Table) -> ir.Table:
    # Without a sign, so that what takes an amount back is found with it; nothing is no amount.
    cents = (lines[LINE_AMOUNT].abs() * 100).round().cast("int64").nullif(0)
    return lines.mutate(number_key=invoice_number_key(lines[INVOICE_NUMBER]), cents=cents)


def _as_related_suppliers(store: Store, own: ir.Table) -> ir.Table:
    """Ask for the other suppliers of the group, once it was known that they belong to it."""
    suppliers = store.versions(SUPPLIERS.name).select(SUPPLIER_ID, BANK_ACCOUNT, VAT_ID, KNOWN_AT)
    related = ibis.memtable(
        related_suppliers(suppliers.to_pyarrow().to_pylist()),
        schema={"of_supplier": "string", "related_supplier": "string", "related_since": UTC},
    )
    asked = own.inner_join(related, [own[SUPPLIER_ID] == related["of_supplier"]])
    known = asked.filter(asked["related_since"] <= asked[ASKED_AT])
    return known.mutate(**{SUPPLIER_ID: known["related_supplier"]}).select(*own.columns)


def _pairs_booked_before(own: ir.Table, past: ir.Table, keys: Mapping[str, str]) -> ir.Table:
    """Pairs with equal keys; of lines booked in one moment the one with the lower id is first.

    keys: columns of a line asked about, each with that of an earlier line.
    """
    pairs = own.inner_join(past, [(mine, f"past_{other}") for mine, other in keys.items()])
    moment, tie = pairs[f"past_{KNOWN_AT}"], pairs[f"past_{INVOICE_LINE_ID}"]
    earlier = (moment < pairs[ASKED_AT]) | (
        (moment == pairs[ASKED_AT]) & (tie < pairs[INVOICE_LINE_ID])
    )
    known = current_at(pairs[ASKED_AT], moment, pairs[f"past_{SUPERSEDED_AT}"])
    pairs = pairs.filter(earlier, known, pairs[f"past_{INVOICE_ID}"] != pairs[INVOICE_ID])
    columns = {str(c): pairs[f"past_{c}"] for c in INVOICES.columns}
    return pairs.select(ROW, ASKED_AT, tie=tie, **columns)


def _within_earlier_days(pairs: ir.Table) -> ir.Table:
    start = pairs[ASKED_AT] - ibis.interval(days=EARLIER_INVOICE_DAYS)
    return pairs.filter(pairs[KNOWN_AT] >= start)
