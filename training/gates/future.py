"""The canonical tables with another future: what a feature must not notice."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir

from data.contracts.catalogue import TABLES
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table
from data.store import Store

BACK = timedelta(days=90)
AHEAD = timedelta(days=15)
TOLD_AGAIN = timedelta(days=30)
LATER = timedelta(hours=1)
ONCE = ("sites", "items", "suppliers", "stock_levels", "invoice_outcomes")
"""Tables in which an entity is told once; a second row would break their contract."""
MASTERS = ONCE[:3]


class Around(Store):
    """A stretch of time around a moment, held in memory; the masters are whole.

    What is compared is two answers from the same rows, so a stretch tells as much as all of
    it, in a fraction of the time. Shares the connection of the store it looks at.
    """

    def __init__(self, store: Store, moment: datetime) -> None:
        """Keep what became known from `BACK` before to `AHEAD` after the moment."""
        super().__init__(store.connection)
        self._kept = {name: _between(store.table(name), name, moment).cache() for name in TABLES}

    def table(self, name: str) -> ir.Table:
        """The rows of a canonical table in the stretch."""
        return self._kept[name]


class OtherFuture(Store):
    """The same rows before a moment; from it on, everything is otherwise.

    Numbers, flags, texts and dates of what became known later are changed, and rows of the
    weeks before are told again, later and otherwise, as a careless join would find them.
    """

    def __init__(self, store: Store, moment: datetime) -> None:
        """Look at `store` with another future from `moment` (it has a zone) on."""
        super().__init__(store.connection)
        self._store, self._moment = store, moment
        self._made: dict[str, ir.Table] = {}

    def table(self, name: str) -> ir.Table:
        """The rows of a canonical table, those known later changed."""
        if name not in self._made:
            self._made[name] = self._changed(TABLES[name]).cache()
        return self._made[name]

    def _changed(self, table: Table) -> ir.Table:
        rows, start = self._store.table(table.name), _literal(self._moment)
        rows = rows.select(*map(str, table.columns))
        past, future = rows.filter(rows[KNOWN_AT] < start), rows.filter(rows[KNOWN_AT] >= start)
        parts = [past, _other(table, future)]
        if table.name not in ONCE:
            parts.append(self._again(table, past))
        return ibis.union(*(part.cast(past.schema()) for part in parts))

    def _again(self, table: Table, past: ir.Table) -> ir.Table:
        recent = past.filter(past[KNOWN_AT] >= _literal(self._moment - TOLD_AGAIN))
        changed = {str(KNOWN_AT): _literal(self._moment + LATER)}
        if len(table.key) == 1 and table.key[0].kind is Kind.TEXT:
            changed[str(table.key[0])] = ibis.literal("again-") + recent[table.key[0]]
        return _other(table, recent).mutate(**changed)


def _between(rows: ir.Table, name: str, moment: datetime) -> ir.Table:
    if name in MASTERS:
        return rows
    since, until = _literal(moment - BACK), _literal(moment + AHEAD)
    return rows.filter(rows[KNOWN_AT] >= since, rows[KNOWN_AT] < until)


def _other(table: Table, rows: ir.Table) -> ir.Table:
    """Every column but names of things and the clock, changed."""
    changed = {str(c): _otherwise(c, rows[c]) for c in table.columns if not _names(table, c)}
    return rows.mutate(**changed) if changed else rows


def _names(table: Table, column: Column) -> bool:
    return column == KNOWN_AT or column in table.key or column.endswith("_id")


def _otherwise(column: Column, value: ir.Value) -> ir.Value:
    match column.kind:
        case Kind.NUMBER:
            return value.abs() * 7 + 13
        case Kind.FLAG:
            return ~value
        case Kind.TEXT:
            return ibis.literal(column.allowed[-1] if column.allowed else "otherwise")
        case Kind.MOMENT:
            days = -3 if column == HAPPENED_AT else 40
            return value + ibis.interval(days=days)


def _literal(moment: datetime) -> ir.Scalar:
    return ibis.literal(moment, type="timestamp('UTC', 6)")
