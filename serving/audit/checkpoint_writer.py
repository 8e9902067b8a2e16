"""Writing a checkpoint: sign what the log is, put it in the second place, and say so on record."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from serving.audit import queries
from serving.audit.checkpoint import opened
from serving.audit.entry import Draft, EntryKind, drafted
from serving.audit.errors import AuditUnavailableError, reason
from serving.audit.note import WrongKeyError
from serving.audit.second_place import OtherHistoryError, SecondPlace
from serving.audit.signing_key import SigningKey, Verifier
from serving.audit.store import AuditStore
from serving.audit.tables import ENTRIES, HEAD
from serving.context import code_version, of_service

READ_AT_ONCE = 2**16


@dataclass(frozen=True)
class Standing:
    """How far the second place is behind. at: of the last checkpoint, ISO 8601; "" for none.

    news: whether there is more to say than that a checkpoint was written.
    """

    size: int
    checkpoint_size: int
    at: str
    news: bool


@dataclass(frozen=True)
class CheckpointWriter:
    """Takes the state of a log to its second place."""

    store: AuditStore
    place: SecondPlace
    clock: Callable[[], datetime]
    code: str = field(default_factory=code_version)

    def standing(self) -> Standing:
        """How far the second place is behind, as the record says.

        Raises:
            AuditUnavailableError: the record cannot be read.
        """
        later = sa.and_(
            ENTRIES.c.sequence > HEAD.c.checkpoint_size,
            ENTRIES.c.kind != str(EntryKind.CHECKPOINT),
        )
        news = sa.exists().where(later).correlate(HEAD)
        query = sa.select(HEAD.c.size, HEAD.c.checkpoint_size, HEAD.c.checkpoint_at, news)
        with self.store.reading() as connection:
            return Standing(*connection.execute(query).one())

    def write(self, *, wait: bool = False) -> str | None:
        """Write a checkpoint of the log as it is now: its note, which is then in both places.

        None where there is nothing new to say, or another process is at it. wait: until that
        one is done.

        Raises:
            SecondPlaceError, OtherHistoryError: as `SecondPlace.write`; the record is as before.
            AuditUnavailableError: the record cannot be read, or the entry not be written.
            ValueError: the store signs with nothing, or a key that can be used no more.
        """
        with _turn(self.store.engine, wait=wait) as mine:
            if not mine or not self.standing().news:
                return None
            return self._write()

    def _write(self) -> str:
        key = self.store.signer
        if not isinstance(key, SigningKey):
            raise ValueError("this record is opened without a key that signs its checkpoints")  # noqa: TRY004 - of a setting
        end = self.store.head()
        own = Verifier.parse(key.verifier(end.origin))
        self._one_key(own)
        size, at = end.frontier.size, self.clock().isoformat()
        note = key.note(end.origin, size, end.frontier.root())
        self.place.write(note, own, self._leaves)
        further = sa.update(HEAD).where(HEAD.c.checkpoint_size <= size)
        now = further.values(checkpoint_size=size, checkpoint_at=at)

        def move(connection: sa.Connection) -> None:
            connection.execute(now)

        self.store.commit([self._draft(note, size, at)], also=move)
        return note

    def _one_key(self, own: Verifier) -> None:
        """Refuse where another key signs this log: machines that write one log share one key."""
        last = self.store.select(queries.last_checkpoint())
        if not last or last[0].body is None:
            return
        note = last[0].payload["note"]
        try:
            opened(note, [own, *self.place.keys()])
        except WrongKeyError as error:
            raise OtherHistoryError(
                f"entry {last[0].sequence} holds a checkpoint of another key ({error}); nothing "
                "was written. Machines that write one log sign with one key: give each of them "
                "the same TRIAGE_AUDIT_KEY_FILE and TRIAGE_AUDIT_CHECKPOINTS"
            ) from error
        except ValueError as error:
            raise OtherHistoryError(
                f"the checkpoint in entry {last[0].sequence} does not verify ({error}); nothing "
                "was written: run `triage audit verify`"
            ) from error

    def _leaves(self, first: int, last: int) -> Iterator[bytes]:
        """Leaf hashes, some at a time: no read lasts while a second place is slow."""
        for start in range(first, last + 1, READ_AT_ONCE):
            some = ENTRIES.c.sequence.between(start, min(last, start + READ_AT_ONCE - 1))
            query = sa.select(ENTRIES.c.hash).where(some).order_by(ENTRIES.c.sequence)
            with self.store.reading() as connection:
                found = connection.scalars(query).all()
            yield from map(bytes.fromhex, found)

    def _draft(self, note: str, size: int, at: str) -> Draft:
        said = {"note": note, "place": self.place.told}
        context = of_service(self.code).recorded()
        return drafted(EntryKind.CHECKPOINT, said, context, at, about=f"checkpoint/{size}")


@contextmanager
def _turn(engine: sa.Engine, *, wait: bool) -> Iterator[bool]:
    """Whether this process, of all that write this log, may write its checkpoint now.

    The lock is of its own: entries are written on meanwhile, and it ends with the process.
    """
    taken = _file_lock(engine, wait=wait) if _is_sqlite(engine) else _pg_lock(engine, wait=wait)
    with ExitStack() as held:
        try:
            mine = held.enter_context(taken)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            why = reason(error)
            raise AuditUnavailableError(f"no turn to write a checkpoint: {why}") from error
        yield mine


def _is_sqlite(engine: sa.Engine) -> bool:
    return engine.dialect.name == "sqlite"


@contextmanager
def _file_lock(engine: sa.Engine, *, wait: bool) -> Iterator[bool]:
    with Path(f"{engine.url.database}.checkpoint.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _pg_lock(engine: sa.Engine, *, wait: bool) -> Iterator[bool]:
    with engine.connect() as connection:
        origin = connection.scalar(sa.select(HEAD.c.origin)) or ""
        number = int.from_bytes(
            sha256(f"checkpoint of {origin}".encode()).digest()[:8], signed=True
        )
        if wait:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
        got = sa.select(sa.func.pg_try_advisory_xact_lock(number))
        yield wait or bool(connection.scalar(got))
