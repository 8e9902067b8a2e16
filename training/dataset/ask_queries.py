"""Ibis queries that build asks.

Period filter, master data as of the ask, collection into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import ibis
import ibis.expr.types as ir

from data.contracts.table import HAPPENED_AT, KNOWN_AT, Kind
from data.row_versions.stored_rows import FIRST_KNOWN_AT, SUPERSEDED_AT
from features.builders.order_documents import EVENT_ORDER, EVENTS
from features.cases import CaseShape
from features.history.row_versions import current_at, with_spans
from training.dataset.asks import AS_OF, ASK_ID, ASKED_AT, GROUP, MONEY_AT_RISK, ROW, Asks

ASK_COLUMNS = (ASK_ID, ASKED_AT, AS_OF, GROUP, MONEY_AT_RISK)
UTC = "timestamp('UTC', 6)"
IBIS_TYPES = {Kind.TEXT: "string", Kind.NUMBER: "float64", Kind.FLAG: "boolean", Kind.MOMENT: UTC}

ChildQuery = Callable[[ir.Table], ir.Table]


def collect_asks(
    base: ir.Table,
    shape: CaseShape,
    children: Mapping[str, ChildQuery],
    max_rows: int | None = None,
) -> Asks:
    """Run the ask queries and load the result into memory.

    base: the case's columns (those absent are missing) and OWN without AS_OF.
    children: for each child of the shape, a function from the numbered asks (the columns of
        base and ROW) to ROW, the child's columns and `tie`, a column that orders children
        that became known (events: that were said and became known) in one moment.
    max_rows: keep about so many asks, spread evenly over time: those with the smallest
        digest of their ask_id. Which are kept does not depend on how they ended.
    """
    asked = base.mutate(as_of=midnight_of(base[ASKED_AT]))
    if max_rows is not None:
        asked = asked.order_by(asked[ASK_ID].hexdigest("md5")).limit(max_rows)
    order = ibis.window(order_by=[asked[ASKED_AT], asked[ASK_ID]])
    with asked.mutate(**{ROW: ibis.row_number().over(order)}).cache() as numbered:
        frame = _typed_asks(numbered, shape.columns).order_by(ROW).to_pandas()
        found = {
            name: _typed_child(
                children[name](numbered), columns, EVENT_ORDER if name == EVENTS else (KNOWN_AT,)
            )
            for name, columns in shape.children.items()
        }
        return Asks(shape, frame.drop(columns=ROW), {k: v.to_pandas() for k, v in found.items()})


def midnight_of(moment: ir.Value) -> ir.Value:
    """Return midnight of the moment's UTC day, as a timestamp without a zone."""
    return moment.cast("timestamp").truncate("D")


def midnight_after(moment: ir.Value, days: int) -> ir.Value:
    """Return midnight a number of days after the moment's day, as a moment in UTC."""
    return (midnight_of(moment) + ibis.interval(days=days)).cast(UTC)


def day_text(moment: ir.Value) -> ir.Value:
    """Format the moment's day as text, for ids."""
    return midnight_of(moment).strftime("%Y-%m-%d")


def _typed_asks(table: ir.Table, columns: tuple[ir.Column, ...]) -> ir.Table:
    case = {
        str(c): (table[c] if c in table.columns else ibis.null()).cast(IBIS_TYPES[c.kind])
        for c in columns
    }
    return table.select(ROW, *ASK_COLUMNS, **case)


def _typed_child(
    table: ir.Table, columns: tuple[ir.Column, ...], order: tuple[str, ...]
) -> ir.Table:
    case = {
        str(c): (table[c] if c in table.columns else ibis.null()).cast(IBIS_TYPES[c.kind])
        for c in columns
    }
    return table.order_by([ROW, *order, "tie"]).select(ROW, **case)


MASTER_PREFIX = "master_"
SPAN = (SUPERSEDED_AT, FIRST_KNOWN_AT)


def join_master_as_known(asked: ir.Table, master: ir.Table, key: str) -> ir.Table:
    """Join the columns of the master row, in the version that was known when asked.

    Where both have a column the ask's own value counts, the master's fills what is missing.
    Master rows known only after the ask are left out.

    master: all versions of its rows.
    """
    master = with_spans(master)
    facts = [c for c in master.columns if c not in (key, HAPPENED_AT, KNOWN_AT, *SPAN)]
    side = master.select(
        **{MASTER_PREFIX + c: master[c] for c in (key, KNOWN_AT, SUPERSEDED_AT, *facts)}
    )
    # A view, or Ibis would fold this join into the one that computed the key.
    asked = asked.view()
    known = current_at(
        asked[ASKED_AT], side[MASTER_PREFIX + KNOWN_AT], side[MASTER_PREFIX + SUPERSEDED_AT]
    )
    joined = asked.left_join(side, [asked[key] == side[MASTER_PREFIX + key], known])
    filled = {c: _fill_from_master(asked, joined, c, joined[MASTER_PREFIX + c]) for c in facts}
    return joined.select(*[c for c in asked.columns if c not in filled], **filled)


def _fill_from_master(asked: ir.Table, joined: ir.Table, column: str, master: ir.Value) -> ir.Value:
    return ibis.coalesce(joined[column], master) if column in asked.columns else master


def filter_asked_between(
    asked: ir.Table, since: datetime | None, until: datetime | None
) -> ir.Table:
    """Keep the asks from `since` (inclusive) to `until` (exclusive); None is unbounded."""
    if since is not None:
        asked = asked.filter(asked[ASKED_AT] >= ibis.literal(since, type=UTC))
    if until is not None:
        asked = asked.filter(asked[ASKED_AT] < ibis.literal(until, type=UTC))
    return asked
