"""Observations of a run: the answers that callers got, and the entries on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from serving.audit.log.database import open_engine
from serving.audit.log.entry import Entry
from serving.audit.log.queries import entries, entry_from_row
from serving.audit.log.tables import ENTRIES, REQUESTS
from serving.audit.log.transaction import LogHead, read_head


class Outcome(StrEnum):
    """Outcome of a request as its caller saw it."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    BROKEN = "broken"


@dataclass(frozen=True)
class AcknowledgedEntry:
    """One entry that a caller holds an answer for.

    Attributes:
        id: Id of the entry; empty in a replay, which names only sequences.
        sequence: Sequence of the entry.
        hash: Hash of the entry.
        content: The recommendation, or a digest of it, as `content` of the target reads it
            from the entry; None if the answer did not contain it.
    """

    id: str
    sequence: int
    hash: str
    content: Any = None


@dataclass(frozen=True)
class Answer:
    """Answer to one request, as its caller saw it.

    Attributes:
        outcome: Outcome of the request.
        sent: Time of sending, in seconds of the machine's monotonic clock.
        got: Time of the answer, on the same clock.
        told: Entries that the answer acknowledges.
        note: Signed checkpoint that came with the answer; empty if there was none.
        key: Idempotency key; empty if there was none.
        status: HTTP status; 0 if there was none.
        reason: Reason of a refusal.
    """

    outcome: Outcome
    sent: float
    got: float
    told: Sequence[AcknowledgedEntry] = ()
    note: str = ""
    key: str = ""
    status: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Window:
    """Time window of a fault, on the monotonic clock.

    Attributes:
        start: Start of the fault, in seconds.
        end: End of the fault, in seconds.
        refuses: True if callers must have been refused, or the fault did not strike.
        closed: True if nothing could be recorded, so that no score may be answered.
        struck: Start of the recovery time; None for the end of the fault.
        steps_hours: Hours by which the clock must have stepped in the record.
    """

    start: float
    end: float
    refuses: bool = False
    closed: bool = False
    struck: float | None = None
    steps_hours: float = 0.0

    @property
    def counts_from(self) -> float:
        """Moment from which the recovery time counts."""
        return self.end if self.struck is None else self.struck


@dataclass(frozen=True)
class Snapshot:
    """Consistent snapshot of the record after a sequence."""

    entries: Sequence[Entry]
    head: LogHead
    keys: Sequence[Mapping[str, Any]]
    count: int


@dataclass
class AuditReader:
    """Reader of a record; `url` has the form that the store takes."""

    url: str
    engine: sa.Engine = field(init=False)

    def __post_init__(self) -> None:
        engine = open_engine(self.url)
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        self.engine = engine.execution_options(reading=True)

    def read(self, after: int = 0) -> Snapshot:
        """Read the entries after a sequence, their keys and the head in one transaction."""
        later = entries().where(ENTRIES.c.sequence > after).order_by(ENTRIES.c.sequence)
        keys = sa.select(REQUESTS).where(REQUESTS.c.first > after)
        with self.engine.connect() as connection:
            end = read_head(connection)
            count = connection.scalar(sa.select(sa.func.count()).select_from(ENTRIES))
            new = [entry_from_row(row) for row in connection.execute(later).mappings()]
            used = [dict(row) for row in connection.execute(keys).mappings()]
        return Snapshot(new, end, used, int(count or 0))

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()
