"""A stretch of time, half-open, on the moment of asking."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from training.asks.asks import ASKED_AT
from training.asks.gather import UTC


def within(asked: ir.Table, since: datetime | None, until: datetime | None) -> ir.Table:
    """The asks from `since` (inclusive) to `until` (exclusive); None has no end."""
    if since is not None:
        asked = asked.filter(asked[ASKED_AT] >= ibis.literal(since, type=UTC))
    if until is not None:
        asked = asked.filter(asked[ASKED_AT] < ibis.literal(until, type=UTC))
    return asked
