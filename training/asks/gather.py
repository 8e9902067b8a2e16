"""From Ibis expressions to asks: the asks first, then what belonged to each when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ibis
import ibis.expr.types as ir

from data.contracts.table import KNOWN_AT, Kind
from features.cases import CaseShape
from training.asks.asks import AS_OF, ASK_ID, ASKED_AT, GROUP, MONEY_AT_RISK, ROW, Asks

OWN = (ASK_ID, ASKED_AT, AS_OF, GROUP, MONEY_AT_RISK)
UTC = "timestamp('UTC', 6)"
TYPES = {Kind.TEXT: "string", Kind.NUMBER: "float64", Kind.FLAG: "boolean", Kind.MOMENT: UTC}

ChildOf = Callable[[ir.Table], ir.Table]


def gather(
    base: ir.Table,
    shape: CaseShape,
    children: Mapping[str, ChildOf],
    max_rows: int | None = None,
) -> Asks:
    """Run the expressions and bring the result into memory.

    base: the case's columns (those absent are missing) and OWN without AS_OF.
    children: for each child of the shape, a function from the numbered asks (the columns of
        base and ROW) to ROW, the child's columns and `tie`, a column that orders children
        that became known in one moment.
    max_rows: keep about so many asks, spread evenly over time: those with the smallest
        digest of their ask_id. Which are kept does not depend on how they ended.
    """
    asked = base.mutate(as_of=day(base[ASKED_AT]))
    if max_rows is not None:
        asked = asked.order_by(asked[ASK_ID].hexdigest("md5")).limit(max_rows)
    order = ibis.window(order_by=[asked[ASKED_AT], asked[ASK_ID]])
    with asked.mutate(**{ROW: ibis.row_number().over(order)}).cache() as numbered:
        frame = _typed(numbered, shape.columns).order_by(ROW).to_pandas()
        found = {
            name: _child(children[name](numbered), columns)
            for name, columns in shape.children.items()
        }
        return Asks(shape, frame.drop(columns=ROW), {k: v.to_pandas() for k, v in found.items()})


def day(moment: ir.Value) -> ir.Value:
    """Midnight of the moment's day in UTC, as a timestamp without a zone."""
    return moment.cast("timestamp").truncate("D")


def after(moment: ir.Value, days: int) -> ir.Value:
    """Midnight so many days after the moment's day, as a moment in UTC."""
    return (day(moment) + ibis.interval(days=days)).cast(UTC)


def stamp(moment: ir.Value) -> ir.Value:
    """The moment's day as text, for ids."""
    return day(moment).strftime("%Y-%m-%d")


def _typed(table: ir.Table, columns: tuple[ir.Column, ...]) -> ir.Table:
    case = {
        str(c): (table[c] if c in table.columns else ibis.null()).cast(TYPES[c.kind])
        for c in columns
    }
    return table.select(ROW, *OWN, **case)


def _child(table: ir.Table, columns: tuple[ir.Column, ...]) -> ir.Table:
    case = {
        str(c): (table[c] if c in table.columns else ibis.null()).cast(TYPES[c.kind])
        for c in columns
    }
    return table.order_by([ROW, KNOWN_AT, "tie"]).select(ROW, **case)
