"""Reference data of a profile file, found by key: what completes a case without the lake."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from data.contracts.exchange_rates import CURRENCY, REPORTING_CURRENCY
from data.contracts.invoices import INVOICE_ID, INVOICE_LINE_ID, PO_LINE_ID, REVERSES_LINE_ID
from data.contracts.item_units import UNIT
from data.contracts.items import ITEM_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from features.invoice_numbers import normalise_invoice_number
from features.reference_tables import (
    CENTS,
    NUMBER_KEY,
    PARTY,
    RATES,
    RECENT_INVOICES,
    SUPPLIER_FACTS,
    UNITS_OF_ITEMS,
    ReferenceTable,
    to_cents,
    to_microseconds,
    to_moment,
)

EARLIER_INVOICE_DAYS = 180  # since a look-alike was booked; one on the same order line may be older
MAX_FOUND_INVOICES = 50
MAX_CACHED_QUERIES = 65_536

Facts = Mapping[str, Any]
Rows = tuple[Facts, ...]
FindRows = Callable[[str, tuple[Any, ...]], Rows]


@dataclass(frozen=True)
class InvoiceSearch:
    """The invoice line that earlier ones are searched for, as booked at the moment asked about."""

    asked_at: datetime
    invoice_line_id: str
    invoice_id: str | None
    supplier_id: str
    invoice_number: str | None
    line_amount: float
    po_line_id: str | None


class ReferenceData:
    """Reference data of one open profile file. Safe to use from several threads.

    A file that was built without reference data has none: nothing is found in it.
    """

    def __init__(self, database: sqlite3.Connection, lock: threading.Lock) -> None:
        self._database, self._lock = database, lock
        self._find = _cached_rows(database, lock)
        self.present = bool(
            database.execute(
                "SELECT 1 FROM sqlite_master WHERE name = ?", (RECENT_INVOICES.name,)
            ).fetchone()
        )

    def facts(self, table: ReferenceTable, key: str | None, at: datetime) -> Facts:
        """Return what is known of an entity at a moment; empty where that is nothing."""
        if key is None or not self.present:
            return {}
        rows = self._find(_select_by(table, table.indexed[0]), (key,))
        return rows[-1] if rows and rows[-1][KNOWN_AT] <= at else {}

    def item_units(self, item: str | None, supplier: str | None, at: datetime) -> list[Facts]:
        """Return the units of an item; the supplier's own lead over those of all suppliers."""
        if item is None or not self.present:
            return []
        rows = self._find(_select_by(UNITS_OF_ITEMS, (ITEM_ID,)), (item,))
        known = [r for r in rows if r[KNOWN_AT] <= at and r[SUPPLIER_ID] in (None, supplier)]
        own = {r[UNIT] for r in known if r[SUPPLIER_ID] is not None}
        return [r for r in known if r[SUPPLIER_ID] is not None or r[UNIT] not in own]

    def exchange_rate(self, currency: str, reporting: str, at: datetime) -> Facts:
        """Return the latest rate that was valid and known at a moment; empty without one."""
        if not self.present:
            return {}
        rows = self._find(_select_by(RATES, (CURRENCY, REPORTING_CURRENCY)), (currency, reporting))
        valid = (r for r in rows if r[HAPPENED_AT] <= at and r[KNOWN_AT] <= at)
        return max(valid, key=lambda r: (r[HAPPENED_AT], r[KNOWN_AT]), default={})

    def earlier_invoices(
        self, search: InvoiceSearch, most: int = MAX_FOUND_INVOICES
    ) -> list[Facts]:
        """Find lines of other documents that were booked before and look like this one.

        They have its number, however written, from the supplier or another one with the same
        VAT id or bank account; or its amount from the same supplier; or are on its order line.
        What reverses a line that is found is found with it. The likest come first to the limit;
        they are returned in the order in which they became known.
        """
        if not self.present:
            return []
        found = dict[int, Facts]()
        for row in self._alike(search):
            reversals = self._find(
                _select_by(RECENT_INVOICES, (REVERSES_LINE_ID,)), (row[INVOICE_LINE_ID],)
            )
            for one in (row, *reversals):
                if len(found) < most and _is_before(one, search):
                    found[one["rowid"]] = one
        return [found[place] for place in sorted(found)]

    def _alike(self, search: InvoiceSearch) -> Iterator[Facts]:
        supplier, at = search.supplier_id, to_microseconds(search.asked_at)
        since = to_microseconds(search.asked_at - timedelta(days=EARLIER_INVOICE_DAYS))
        party = self.facts(SUPPLIER_FACTS, supplier, search.asked_at).get(PARTY, supplier)
        number = normalise_invoice_number(search.invoice_number) or None
        given = (
            party,
            number,
            supplier,
            to_cents(search.line_amount),
            search.po_line_id,
            since,
            at,
        )
        with self._lock:
            places = self._database.execute(FIND_ALIKE, given).fetchall()
        for (place,) in dict.fromkeys(places):
            yield from self._find(SELECT_INVOICE, (place,))


def _is_before(row: Facts, search: InvoiceSearch) -> bool:
    """Return true for a line of another document booked before; the lower id is first at a tie."""
    own_document = search.invoice_id is not None and row[INVOICE_ID] == search.invoice_id
    booked = row[KNOWN_AT], row[INVOICE_LINE_ID]
    return not own_document and booked < (search.asked_at, search.invoice_line_id)


def _cached_rows(database: sqlite3.Connection, lock: threading.Lock) -> FindRows:
    """Cache rows by query and key; a site or a supplier is looked up by most cases."""

    @lru_cache(MAX_CACHED_QUERIES)
    def find(query: str, key: tuple[Any, ...]) -> Rows:
        with lock:
            cursor = database.execute(query, key)
            names, rows = [column[0] for column in cursor.description], cursor.fetchall()
        return tuple(_facts(names, row) for row in rows)

    return find


def _facts(names: Sequence[str], row: Sequence[Any]) -> Facts:
    facts = dict(zip(names, row, strict=True))
    for moment in (HAPPENED_AT, KNOWN_AT):
        if moment in facts:
            facts[moment] = to_moment(facts[moment])
    return facts


@lru_cache
def _select_by(table: ReferenceTable, columns: tuple[str, ...]) -> str:
    where = " AND ".join(f"{column} = ?" for column in columns)
    return f"SELECT rowid, * FROM {table.name} WHERE {where}"  # noqa: S608 our names


def _select_newest(where: str) -> str:
    """Select the newest lines booked up to the moment; the index is in that order."""
    return (
        f"SELECT * FROM (SELECT rowid FROM {RECENT_INVOICES.name} WHERE {where} "  # noqa: S608 our names
        f"AND {KNOWN_AT} <= ?7 ORDER BY {KNOWN_AT} DESC LIMIT {MAX_FOUND_INVOICES + 1})"
    )


FIND_ALIKE = " UNION ALL ".join(
    (
        _select_newest(f"{PARTY} = ?1 AND {NUMBER_KEY} = ?2 AND {KNOWN_AT} >= ?6"),
        _select_newest(f"{PO_LINE_ID} = ?5"),
        _select_newest(f"{SUPPLIER_ID} = ?3 AND {CENTS} = ?4 AND {KNOWN_AT} >= ?6"),
    )
)
SELECT_INVOICE = f"SELECT rowid, * FROM {RECENT_INVOICES.name} WHERE rowid = ?"  # noqa: S608 our names
