"""Events that several streams are summed from, computed once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TypeAlias

from data.contracts.catalogue import TABLES
from data.lazy_imports import ir
from data.store import Store

Tables: TypeAlias = "Mapping[str, ir.Table]"
MakeEvents: TypeAlias = "Callable[[Tables], ir.Table]"


class HistoryTables(dict[str, "ir.Table"]):
    """Versions of the rows of a store's tables, with the events that were computed from them.

    The events live in temporary tables of the store's engine until this is given back.
    """

    def __init__(self, store: Store) -> None:
        """Take all versions of the rows of every canonical table of the store."""
        super().__init__({name: store.versions(name) for name in TABLES})
        self.computed: dict[MakeEvents, ir.Table] = {}


def computed_once(make: MakeEvents) -> MakeEvents:
    """Decorate a function of the tables so that its rows are computed once for all streams.

    Takes effect where the tables are `HistoryTables`; of a plain mapping it is an expression.
    """

    @wraps(make)
    def once(tables: Tables) -> ir.Table:
        if not isinstance(tables, HistoryTables):
            return make(tables)
        if make not in tables.computed:
            tables.computed[make] = make(tables).cache()
        return tables.computed[make]

    return once
