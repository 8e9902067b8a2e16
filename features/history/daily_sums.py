"""Events summed by entity and day: the part of history that runs in the engine.

Ibis expressions only, whole numbers only, so that DuckDB, Spark or a warehouse give the
same sums in whatever order they read the events. A key with millions of events has no more
rows here than there are days.
"""

from __future__ import annotations

from data.lazy_imports import ibis

EVENTS = "events"
KNOWN_AT = "known_at"
ENTITY = "entity"
DAY = "day"
WEIGHT = "weight"

Names = tuple[str, ...]


def last_value_column(measure: str) -> str:
    """Name of a measure's latest value."""
    return f"{measure}_last"


def sum_by_day(
    events: ibis.Table, entities: ibis.Table, *, key: Names, measures: Names, kept: Names
) -> ibis.Table:
    """Sum events to one row per entity and UTC day of `known_at`: count, sums, latest values.

    Rows come in order of entity and day. Of values known at the same instant the greatest is
    the latest, since the choice must not depend on the order of rows. An event that turns out
    never to have been is taken back by one of the negative measures with WEIGHT -1; it is then
    as much in the counts as in the sums, but never a latest value.

    Args:
        events: key, `known_at` and an int64 column per measure; WEIGHT, or each counts once.
        entities: key and its number `entity`; events of other entities are left out.
        key: columns that name the entity.
        measures: columns to sum.
        kept: measures whose latest value is kept.
    """
    known = events.filter(events[KNOWN_AT].notnull()).inner_join(entities, list(key))
    known = known.mutate(**{DAY: known[KNOWN_AT].date().epoch_days().cast("int64")})
    weighed = WEIGHT in known.columns
    count = known[WEIGHT].sum() if weighed else known.count()
    grain = [ENTITY, DAY]
    if not kept:
        days = known.group_by(grain).agg(**_totals(known, count, measures))
        return days.order_by(grain)
    stands = known[WEIGHT] > 0 if weighed else None
    instants = known.group_by([*grain, KNOWN_AT]).agg(
        **_totals(known, count, measures),
        **{last_value_column(name): known[name].max(where=stands) for name in kept},
    )
    days = instants.group_by(grain).agg(
        **_totals(instants, instants[EVENTS].sum(), measures),
        **{name: _at_latest_instant(instants, name) for name in map(last_value_column, kept)},
    )
    return days.order_by(grain)


def _totals(rows: ibis.Table, count: ibis.Value, measures: Names) -> dict[str, ibis.Value]:
    return {EVENTS: _as_int64(count), **{name: _as_int64(rows[name].sum()) for name in measures}}


def _at_latest_instant(instants: ibis.Table, name: str) -> ibis.Value:
    return instants[name].argmax(instants[KNOWN_AT], where=instants[name].notnull())


def _as_int64(total: ibis.Value) -> ibis.Value:
    """A sum as int64: DuckDB widens sums, which Ibis takes for int64 already."""
    return total.fill_null(0).cast("decimal(38, 0)").cast("int64")
