"""How far events are: what waits to be delivered, and what could not be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from serving.audit.store import AuditStore
from serving.audit.tables import ENTRIES
from serving.events.event_type import EventType, kinds_of
from serving.events.outbox import Outbox

TOLD = kinds_of(frozenset(EventType))


def deliveries(store: AuditStore, now: datetime) -> Iterator[Metric]:
    """Figures of the one subscription; none where no event was ever sent.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    outbox = Outbox(store)
    cursor = outbox.cursor()
    if cursor is None:
        return
    waiting, since = _waiting(store, cursor.sequence)
    age = (now - datetime.fromisoformat(since)).total_seconds() if since else 0.0
    yield GaugeMetricFamily(
        "triage_events_waiting", "Events that the receiver was not told of yet", waiting
    )
    yield GaugeMetricFamily(
        "triage_events_oldest_seconds", "Since the oldest of them was recorded", max(0.0, age)
    )
    yield GaugeMetricFamily(
        "triage_events_dead_letters", "Events that could not be delivered", len(outbox.dead())
    )
    yield GaugeMetricFamily(
        "triage_events_stopped", "1 while nothing is sent any more", float(bool(cursor.stopped))
    )


def _waiting(store: AuditStore, after: int) -> tuple[int, str]:
    """How many entries are to be told after that one, and when the first was recorded."""
    query = sa.select(sa.func.count(), sa.func.min(ENTRIES.c.recorded_at)).where(
        ENTRIES.c.sequence > after, ENTRIES.c.kind.in_([str(kind) for kind in TOLD])
    )
    with store.reading() as connection:
        count, since = connection.execute(query).one()
    return int(count), since or ""
