"""Layout of the reference data in a profile file, and how it is written from the lake.

Names, units and rates by key, and the invoice lines of the last year by what a second copy of
one would have in common with it.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from data.contracts.exchange_rates import (
    CURRENCY,
    EXCHANGE_RATE,
    EXCHANGE_RATES,
    REPORTING_CURRENCY,
)
from data.contracts.invoices import (
    DOCUMENT_TYPE,
    INVOICE_ID,
    INVOICE_LINE_ID,
    INVOICE_NUMBER,
    INVOICE_UNIT,
    INVOICES,
    LINE_AMOUNT,
    PO_LINE_ID,
    QUANTITY_INVOICED,
    REVERSES_LINE_ID,
)
from data.contracts.item_units import BASE_UNITS, ITEM_UNITS, UNIT
from data.contracts.items import (
    BASE_UNIT,
    CATEGORY,
    ITEM_ID,
    ITEM_NAME,
    ITEMS,
    PACK_SIZE,
    SUBCATEGORY,
    UNIT_COST,
)
from data.contracts.items import CURRENCY as COST_CURRENCY
from data.contracts.sites import (
    COUNTRY,
    LINK_TEMPLATE,
    REGION,
    SITE_ID,
    SITE_NAME,
    SITE_TYPE,
    SITES,
    TAX_JURISDICTION,
    TIME_ZONE,
)
from data.contracts.suppliers import (
    BANK_ACCOUNT,
    PAYMENT_TERM,
    SUPPLIER_ID,
    SUPPLIER_NAME,
    SUPPLIERS,
    VAT_ID,
)
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table
from data.lazy_imports import pa
from data.row_versions.stored_rows import SUPERSEDED_AT
from data.store import Store
from features.invoice_numbers import normalise_invoice_number
from features.supplier_groups import group_suppliers

KEPT_INVOICE_DAYS = 365
PARTY = "party"
NUMBER_KEY = "number_key"
CENTS = "cents"

# What a request may hold (`serving.tasks.message_fields`): a fact beyond it stays in the lake, as
# a case that was completed with it could not be read again.
MAX_TEXT_LENGTH = 200
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
MAX_NUMBER = 1e12

COUNTRY_CODE = re.compile(r"[A-Z]{2}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Row = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class ReferenceTable:
    """A table of the profile file, one object each.

    indexed: columns of each of its indexes. sparse: indexed columns that many rows lack; rows
    without them are left out of the index.
    """

    source: Table
    columns: tuple[str, ...]
    indexed: tuple[tuple[str, ...], ...]
    sparse: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Name in the file; streams have no such prefix."""
        return f"reference_{self.source.name}"


SITE_FACTS = ReferenceTable(
    SITES,
    (SITE_ID, SITE_NAME, SITE_TYPE, TIME_ZONE, TAX_JURISDICTION, REGION, LINK_TEMPLATE, KNOWN_AT),
    ((SITE_ID,),),
)
SUPPLIER_FACTS = ReferenceTable(
    SUPPLIERS,
    (SUPPLIER_ID, SUPPLIER_NAME, VAT_ID, PAYMENT_TERM, PARTY, KNOWN_AT),
    ((SUPPLIER_ID,),),
)
ITEM_FACTS = ReferenceTable(
    ITEMS,
    (
        ITEM_ID,
        ITEM_NAME,
        CATEGORY,
        SUBCATEGORY,
        BASE_UNIT,
        PACK_SIZE,
        UNIT_COST,
        COST_CURRENCY,
        KNOWN_AT,
    ),
    ((ITEM_ID,),),
)
UNITS_OF_ITEMS = ReferenceTable(
    ITEM_UNITS, (ITEM_ID, SUPPLIER_ID, UNIT, BASE_UNITS, KNOWN_AT), ((ITEM_ID,),)
)
RATES = ReferenceTable(
    EXCHANGE_RATES,
    (CURRENCY, REPORTING_CURRENCY, EXCHANGE_RATE, HAPPENED_AT, KNOWN_AT),
    ((CURRENCY, REPORTING_CURRENCY, HAPPENED_AT),),
)
RECENT_INVOICES = ReferenceTable(
    INVOICES,
    (
        SUPPLIER_ID,
        PARTY,
        NUMBER_KEY,
        CENTS,
        INVOICE_LINE_ID,
        INVOICE_ID,
        INVOICE_NUMBER,
        DOCUMENT_TYPE,
        REVERSES_LINE_ID,
        PO_LINE_ID,
        QUANTITY_INVOICED,
        INVOICE_UNIT,
        LINE_AMOUNT,
        HAPPENED_AT,
        KNOWN_AT,
    ),
    (
        (PARTY, NUMBER_KEY, KNOWN_AT),
        (SUPPLIER_ID, CENTS, KNOWN_AT),
        (PO_LINE_ID, KNOWN_AT),
        (REVERSES_LINE_ID,),
    ),
    sparse=frozenset({NUMBER_KEY, CENTS, PO_LINE_ID, REVERSES_LINE_ID}),
)
REFERENCE_TABLES = (
    SITE_FACTS,
    SUPPLIER_FACTS,
    ITEM_FACTS,
    UNITS_OF_ITEMS,
    RATES,
    RECENT_INVOICES,
)
# Read for what they say of others: which suppliers are one, which law applies.
READ_COLUMNS = {column for table in REFERENCE_TABLES for column in table.columns} | {
    COUNTRY,
    BANK_ACCOUNT,
}


def write_reference_tables(database: sqlite3.Connection, store: Store, as_of: date) -> bytes:
    """Write what was known before `as_of` (midnight UTC); return the digest of all of it."""
    suppliers = list(_known_rows(store, SUPPLIERS, as_of))
    parties = group_suppliers(suppliers)
    rows: dict[ReferenceTable, Iterable[Row]] = {
        SITE_FACTS: map(_with_jurisdiction, _known_rows(store, SITES, as_of)),
        SUPPLIER_FACTS: ({**row, PARTY: parties[row[SUPPLIER_ID]]} for row in suppliers),
        ITEM_FACTS: _known_rows(store, ITEMS, as_of),
        UNITS_OF_ITEMS: _known_rows(store, ITEM_UNITS, as_of),
        RATES: _known_rows(store, EXCHANGE_RATES, as_of),
        RECENT_INVOICES: (
            _with_search_keys(row, parties)
            for row in _known_rows(store, INVOICES, as_of, KEPT_INVOICE_DAYS)
        ),
    }
    digest = sha256()
    for table in REFERENCE_TABLES:
        digest.update(_write_table(database, table, rows[table]))
    return digest.digest()


def to_cents(amount: float) -> int | None:
    """Return an amount without its sign in hundredths, halves up; None for zero.

    Without its sign, so that what reverses a line is found with the line.
    """
    return math.floor(abs(amount) * 100 + 0.5) or None


def to_microseconds(moment: datetime) -> int:
    """Return a moment as microseconds since 1970 in UTC."""
    return (moment - EPOCH) // MICROSECOND


def to_moment(microseconds: int) -> datetime:
    """Return the moment of microseconds since 1970 in UTC."""
    return EPOCH + microseconds * MICROSECOND


def _with_jurisdiction(row: Row) -> Row:
    """Take the country as the tax jurisdiction of a site that names none."""
    country = row[COUNTRY] or ""
    by_country = country if COUNTRY_CODE.fullmatch(country) else None
    return {**row, TAX_JURISDICTION: row[TAX_JURISDICTION] or by_country}


def _with_search_keys(row: Row, parties: Mapping[str, str]) -> Row:
    return {
        **row,
        PARTY: parties.get(row[SUPPLIER_ID], row[SUPPLIER_ID]),
        NUMBER_KEY: normalise_invoice_number(row[INVOICE_NUMBER]) or None,
        CENTS: None if row[LINE_AMOUNT] is None else to_cents(row[LINE_AMOUNT]),
    }


def _known_rows(
    store: Store, table: Table, as_of: date, days: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the rows known before a day, of the last so many days, in order of the key.

    Moments are microseconds. A row without a required value that a request may hold is left out.
    """
    rows = store.versions(table.name)
    before = datetime.combine(as_of, datetime.min.time(), UTC)
    ended = rows[SUPERSEDED_AT]
    wanted = rows.filter(rows[KNOWN_AT] < before, ended.isnull() | (ended >= before))
    if days is not None:
        wanted = wanted.filter(rows[KNOWN_AT] >= before - timedelta(days=days))
    kept = [column for column in table.columns if column in READ_COLUMNS]
    names, needed = list(map(str, kept)), [i for i, c in enumerate(kept) if c.required]
    read = wanted.order_by([KNOWN_AT, *map(str, table.key)]).select(*names).to_pyarrow()
    for values in zip(*(_plain(c, read[c]) for c in kept), strict=True):
        if all(values[place] is not None for place in needed):
            yield dict(zip(names, values, strict=True))


def _plain(column: Column, values: pa.ChunkedArray) -> list[Any]:
    """Return values as the file holds them; None for those that a request may not hold."""
    match column.kind:
        case Kind.TEXT:
            return [v if v is None or _is_sendable(v) else None for v in values.to_pylist()]
        case Kind.MOMENT:
            return cast(
                "list[Any]", values.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist()
            )
        case Kind.NUMBER | Kind.FLAG:
            return [
                None if v is None or not abs(v) <= MAX_NUMBER else v + 0.0
                for v in values.to_pylist()
            ]


def _is_sendable(text: str) -> bool:
    return 0 < len(text) <= MAX_TEXT_LENGTH and not UNPRINTABLE.search(text)


def _write_table(database: sqlite3.Connection, table: ReferenceTable, rows: Iterable[Row]) -> bytes:
    digest = sha256(repr(table.columns).encode())

    def values() -> Iterator[tuple[Any, ...]]:
        for row in rows:
            line = tuple(row[column] for column in table.columns)
            digest.update(repr(line).encode())
            yield line

    places = ", ".join("?" * len(table.columns))
    database.execute(f"CREATE TABLE {table.name} ({', '.join(table.columns)})")
    database.executemany(f"INSERT INTO {table.name} VALUES ({places})", values())  # noqa: S608 our names
    for place, columns in enumerate(table.indexed):
        by = ", ".join(columns)
        stated = " AND ".join(f"{c} IS NOT NULL" for c in columns if c in table.sparse)
        where = f" WHERE {stated}" if stated else ""
        database.execute(f"CREATE INDEX {table.name}_{place} ON {table.name} ({by}){where}")
    return digest.digest()
