"""Versions of rows in history: what was known at a moment, and corrections as events.

History is a sum of events. A version counts from when it was known; when the next one is known, it
is taken back and the next one counts. So what is asked as of a moment before a correction has the
value of that time, and the sums after it have the corrected one.
"""

from __future__ import annotations

from collections.abc import Iterable

from data.contracts.table import KNOWN_AT
from data.lazy_imports import ibis, ir
from data.row_versions.stored_rows import FIRST_KNOWN_AT, SUPERSEDED_AT
from features.history.daily_sums import WEIGHT

MOMENT = "timestamp('UTC', 6)"


def with_spans(rows: ir.Table) -> ir.Table:
    """Return rows with the span of each; where it is not said, a row is its only version."""
    if SUPERSEDED_AT in rows.columns:
        return rows
    return rows.mutate(
        **{SUPERSEDED_AT: ibis.null(MOMENT), FIRST_KNOWN_AT: rows[KNOWN_AT].cast(MOMENT)}
    )


def first_versions(rows: ir.Table) -> ir.Table:
    """Keep each row as it first became known."""
    rows = with_spans(rows)
    return rows.filter(rows[KNOWN_AT] == rows[FIRST_KNOWN_AT])


def current_versions(versions: ir.Table) -> ir.Table:
    """Return the canonical rows that no later version superseded."""
    current = versions.filter(versions[SUPERSEDED_AT].isnull())
    return current.drop(SUPERSEDED_AT, FIRST_KNOWN_AT)


def current_at(
    moment: ir.TimestampValue, known_at: ir.TimestampValue, superseded_at: ir.TimestampValue
) -> ir.BooleanValue:
    """Return whether a version with this span was the current one at a moment."""
    return (known_at <= moment) & (superseded_at.isnull() | (superseded_at > moment))


def signed_versions(rows: ir.Table, measures: Iterable[str]) -> ir.Table:
    """Return each version as an event, and for those that were superseded what takes it back.

    rows: keys, KNOWN_AT, SUPERSEDED_AT and int64 measures.
    """
    names = list(measures)
    rows = rows.mutate(**{WEIGHT: ibis.literal(1, "int64")})
    ended = rows.filter(rows[SUPERSEDED_AT].notnull())
    negative = {name: (-ended[name]).cast("int64") for name in (*names, WEIGHT)}
    back = ended.mutate(**{KNOWN_AT: ended[SUPERSEDED_AT].cast(rows[KNOWN_AT].type())}, **negative)
    return rows.union(back.select(*rows.columns)).drop(SUPERSEDED_AT)
