"""Select the recorded answers to replay: one, a period, a task, or a random sample."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from models.task import TaskName
from serving.audit.log import queries
from serving.audit.log.entry import Entry
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES

CHUNK_SIZE = 500


@dataclass(frozen=True)
class AnswerSelection:
    """Which recorded answers are replayed.

    since, until: days (UTC) of recording, `until` not included. sample: number of answers drawn
    at most, with `seed`; all by default.
    """

    task: TaskName | None = None
    since: date | None = None
    until: date | None = None
    sample: int | None = None
    seed: int = 0

    def sequences(self, record: AuditStore) -> list[int]:
        """Return the sequence numbers of the selected answers, in order."""
        query = sa.select(ENTRIES.c.sequence).where(*self._conditions())
        with record.reading() as connection:
            every = list(connection.scalars(query.order_by(ENTRIES.c.sequence)))
        if self.sample is None or self.sample >= len(every):
            return every
        drawn = random.Random(self.seed)  # noqa: S311 - a draw that can be repeated, no secret
        return sorted(drawn.sample(every, self.sample))

    def _conditions(self) -> Iterator[sa.ColumnElement[bool]]:
        yield queries.is_answer()
        if self.task is not None:
            yield ENTRIES.c.task == str(self.task)
        if self.since is not None:  # both are ISO 8601 in UTC, which sorts as time does
            yield ENTRIES.c.recorded_at >= self.since.isoformat()
        if self.until is not None:
            yield ENTRIES.c.recorded_at < self.until.isoformat()


def read_chunks(record: AuditStore, sequences: Sequence[int]) -> Iterator[list[Entry]]:
    """Read entries by sequence number, in order, `CHUNK_SIZE` at a time."""
    for start in range(0, len(sequences), CHUNK_SIZE):
        chunk = sequences[start : start + CHUNK_SIZE]
        query = queries.entries().where(ENTRIES.c.sequence.in_(chunk))
        yield record.select(query.order_by(ENTRIES.c.sequence))


def sequence_of_answer(record: AuditStore, name: str) -> int:
    """Return the sequence number of an answer. name: its id, or the unique start of it.

    Raises:
        LookupError: no answer has that id, or several ids start with it.
    """
    entry = record.read(name) or record.named(name)
    if entry is None:
        raise LookupError(f"there is no recommendation {name!r} on record")
    if not entry.answers:
        raise LookupError(f"entry {name!r} is a {entry.kind}; only answers can be replayed")
    return entry.sequence
