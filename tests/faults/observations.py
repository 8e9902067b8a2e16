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

    id: empty where an answer only repeats what a key was answered with before.
    content: the recommendation as it was answered, or a digest of it, as `content_of` reads
        it from the entry; None where the caller was not told.
    """

    id: str
    sequence: int
    hash: str
    content: Any = None


@dataclass(frozen=True)
class Answer:
    """Answer to one request, as its caller saw it.

    sent, got: seconds of the machine's monotonic clock, the same in every process.
    note: the signed checkpoint that came with the answer, if any. key: idempotency key.
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
    """When the fault was there, on the monotonic clock.

    refuses: whether callers must have been refused meanwhile, or the fault did not strike.
    closed: whether nothing at all could be recorded inside, so that no score may be answered.
    struck: when the time to come back begins; at the end, if not told otherwise.
    steps_hours: how far the clock must be seen to have stepped, in the record.
    """

    start: float
    end: float
    refuses: bool = False
    closed: bool = False
    struck: float | None = None
    steps_hours: float = 0.0

    @property
    def counts_from(self) -> float:
        """Since when somebody waits for an answer."""
        return self.end if self.struck is None else self.struck


@dataclass(frozen=True)
class Snapshot:
    """The record after `after`, all of it at one moment."""

    entries: Sequence[Entry]
    head: LogHead
    keys: Sequence[Mapping[str, Any]]
    count: int


@dataclass
class AuditReader:
    """A record to read from. url: as the store takes it."""

    url: str
    engine: sa.Engine = field(init=False)

    def __post_init__(self) -> None:
        engine = open_engine(self.url)
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        self.engine = engine.execution_options(reading=True)

    def read(self, after: int = 0) -> Snapshot:
        """Entries behind that sequence, the head, and their keys, in one transaction."""
        later = entries().where(ENTRIES.c.sequence > after).order_by(ENTRIES.c.sequence)
        keys = sa.select(REQUESTS).where(REQUESTS.c.first > after)
        with self.engine.connect() as connection:
            end = read_head(connection)
            count = connection.scalar(sa.select(sa.func.count()).select_from(ENTRIES))
            found = [entry_from_row(row) for row in connection.execute(later).mappings()]
            used = [dict(row) for row in connection.execute(keys).mappings()]
        return Snapshot(found, end, used, int(count or 0))

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()
