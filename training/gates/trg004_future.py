"""TRG004: what becomes known later changes no feature, to the last bit.

The newest asks get their features twice: from the tables as they are, and from tables in
which everything known after the ask is otherwise.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from data.contracts.catalogue import TABLES
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table
from data.row_versions.stored_rows import FIRST_KNOWN_AT, SUPERSEDED_AT
from data.store import Store
from features.history.row_versions import current_versions
from training.gates.gate import (
    Candidate,
    Gate,
    GateResult,
    InputReplay,
    gate_result,
    not_applicable,
)
from training.gates.segments import join_names

LOOK_BACK = timedelta(days=90)
LOOK_AHEAD = timedelta(days=15)
REPEATED_WINDOW = timedelta(days=30)
REPEAT_DELAY = timedelta(hours=1)
SINGLE_ROW_TABLES = ("sites", "items", "suppliers", "stock_levels", "invoice_outcomes")
"""Tables in which an entity is told once; a second row would break their contract."""
MASTER_TABLES = SINGLE_ROW_TABLES[:3]


class TimeWindowStore(Store):
    """A stretch of time around a moment, held in memory; the masters are whole.

    What is compared is two answers from the same rows, so a stretch tells as much as all of
    it, in a fraction of the time. Shares the connection of the store it looks at.
    """

    def __init__(self, store: Store, moment: datetime) -> None:
        """Keep what became known from `LOOK_BACK` before to `LOOK_AHEAD` after the moment."""
        super().__init__(store.connection)
        self._kept = {
            name: _rows_in_window(store.versions(name), name, moment).cache() for name in TABLES
        }

    def table(self, name: str) -> ir.Table:
        """The current rows of a canonical table in the stretch."""
        return current_versions(self.versions(name))

    def versions(self, name: str) -> ir.Table:
        """The versions of rows in the stretch."""
        return self._kept[name]


class AlteredFutureStore(Store):
    """Store with the same rows before a moment and altered rows from then on.

    Numbers, flags, texts and dates of what became known later are changed, and rows of the
    weeks before are told again, later and otherwise, as a careless join would find them.
    """

    def __init__(self, store: Store, moment: datetime) -> None:
        """Look at `store` with another future from `moment` (it has a zone) on."""
        super().__init__(store.connection)
        self._store, self._moment = store, moment
        self._made: dict[str, ir.Table] = {}

    def table(self, name: str) -> ir.Table:
        """The current rows of a canonical table, those known later changed."""
        return current_versions(self.versions(name))

    def versions(self, name: str) -> ir.Table:
        """The versions of rows, those known later changed."""
        if name not in self._made:
            self._made[name] = self._changed(TABLES[name]).cache()
        return self._made[name]

    def _changed(self, table: Table) -> ir.Table:
        rows, start = self._store.versions(table.name), _literal(self._moment)
        # What was corrected later is not corrected in the other future.
        corrected_later = rows[SUPERSEDED_AT] >= start
        rows = rows.mutate(
            **{SUPERSEDED_AT: corrected_later.ifelse(ibis.null(), rows[SUPERSEDED_AT])}
        )
        rows = rows.select(*map(str, table.columns), SUPERSEDED_AT, FIRST_KNOWN_AT)
        past, future = rows.filter(rows[KNOWN_AT] < start), rows.filter(rows[KNOWN_AT] >= start)
        parts = [past, _alter_rows(table, future)]
        if table.name not in SINGLE_ROW_TABLES:
            parts.append(self._again(table, past))
        return ibis.union(*(part.cast(past.schema()) for part in parts))

    def _again(self, table: Table, past: ir.Table) -> ir.Table:
        recent = past.filter(past[KNOWN_AT] >= _literal(self._moment - REPEATED_WINDOW))
        changed = {str(KNOWN_AT): _literal(self._moment + REPEAT_DELAY)}
        if len(table.key) == 1 and table.key[0].kind is Kind.TEXT:
            changed[str(table.key[0])] = ibis.literal("again-") + recent[table.key[0]]
        return _alter_rows(table, recent).mutate(**changed)


def _rows_in_window(rows: ir.Table, name: str, moment: datetime) -> ir.Table:
    if name in MASTER_TABLES:
        return rows
    since, until = _literal(moment - LOOK_BACK), _literal(moment + LOOK_AHEAD)
    return rows.filter(rows[KNOWN_AT] >= since, rows[KNOWN_AT] < until)


def _alter_rows(table: Table, rows: ir.Table) -> ir.Table:
    """Change every column but identifiers and moments."""
    changed = {
        str(c): _altered_value(c, rows[c]) for c in table.columns if not _is_identifier(table, c)
    }
    return rows.mutate(**changed) if changed else rows


def _is_identifier(table: Table, column: Column) -> bool:
    return column == KNOWN_AT or column in table.key or column.endswith("_id")


def _altered_value(column: Column, value: ir.Value) -> ir.Value:
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


CHANGED_ASKS = "the asks themselves"


def check(candidate: Candidate) -> GateResult:
    """Replay the asks before a few moments, with and without another future."""
    store, replay = candidate.store, candidate.replay
    if store is None or replay is None or not candidate.dated:
        return not_applicable("There are no tables with dates that the features could be made from")
    compared, changed = 0, set[str]()
    for moment in _moments(candidate):
        before, different = changed_by_future(store, replay, moment)
        compared += before
        changed |= different
    if not compared:
        return not_applicable("No ask of the last days before a measured one could be made again")
    figures = {"asks": float(compared), "changed_features": float(len(changed))}
    if changed:
        sentence = (
            f"{join_names(sorted(changed))} of {compared} asks changed when only what became known "
            "after them was changed; none may"
        )
        return gate_result(refused=True, sentence=sentence, figures=figures)
    sentence = (
        f"The features of {compared} of the newest asks stay the same to the last bit when "
        "everything known after them is changed"
    )
    return gate_result(refused=False, sentence=sentence, figures=figures)


def changed_by_future(store: Store, replay: InputReplay, moment: datetime) -> tuple[int, set[str]]:
    """Build the asks before the moment from both stores; return their number and differences."""
    around = TimeWindowStore(store, moment)
    as_it_was, other = (replay(s, moment) for s in (around, AlteredFutureStore(around, moment)))
    if not as_it_was.index.equals(other.index):
        return len(as_it_was), {CHANGED_ASKS}
    different = {str(name) for name in as_it_was if not _same(as_it_was[name], other[name])}
    return len(as_it_was), different


def _same(one: pd.Series[Any], other: pd.Series[Any]) -> bool:
    if one.dtype == object:
        return bool((one.fillna("") == other.fillna("")).all())
    return np.array_equal(one.to_numpy(), other.to_numpy(), equal_nan=True)


def _moments(candidate: Candidate) -> list[datetime]:
    """Just after measured asks, evenly spread over them."""
    asked_at = np.sort(candidate.measured.asked_at)
    count = candidate.limits.moments
    places = ((np.arange(count) + 0.5) / count * len(asked_at)).astype(np.int64)
    after = np.unique(asked_at[places]) + np.timedelta64(1, "us")
    return [moment.item().replace(tzinfo=UTC) for moment in after.astype("datetime64[us]")]


GATE = Gate("TRG004", "the future changes no feature", check)
