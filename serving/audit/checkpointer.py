"""Write signed checkpoints to the mirror, on demand and from a background thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from serving.audit.log import queries
from serving.audit.log.database import writer_lock
from serving.audit.log.entry import Draft, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError, describe_error
from serving.audit.log.process_lock import process_lock
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES, HEAD, REQUESTS
from serving.audit.transparency.checkpoint import open_checkpoint
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror, DivergentHistoryError
from serving.audit.transparency.mirror_storage import CheckpointMirrorError
from serving.audit.transparency.note import Verifier, WrongKeyError
from serving.audit.transparency.signing_key import SigningKey
from serving.runtime.context import code_version, service_context

LEAVES_PER_READ = 2**16


@dataclass(frozen=True)
class CheckpointLag:
    """Distance of the mirror behind the log.

    Attributes:
        size: entries in the log.
        checkpoint_size: entries that the last checkpoint covers.
        at: time of the last checkpoint, ISO 8601; "" if there is none.
        news: whether entries other than checkpoints were written since.
    """

    size: int
    checkpoint_size: int
    at: str
    news: bool


@dataclass(frozen=True)
class CheckpointWriter:
    """Writes signed checkpoints of a log to its mirror, and an entry for each to the log."""

    store: AuditStore
    place: CheckpointMirror
    clock: Callable[[], datetime]
    code: str = field(default_factory=code_version)

    def standing(self) -> CheckpointLag:
        """Return how far the mirror is behind, by the head row of the log.

        Raises:
            AuditUnavailableError: the log cannot be read.
        """
        later = sa.and_(
            ENTRIES.c.sequence > HEAD.c.checkpoint_size,
            ENTRIES.c.kind != str(EntryKind.CHECKPOINT),
        )
        news = sa.exists().where(later).correlate(HEAD)
        query = sa.select(HEAD.c.size, HEAD.c.checkpoint_size, HEAD.c.checkpoint_at, news)
        with self.store.reading() as connection:
            return CheckpointLag(*connection.execute(query).one())

    def write(self, *, wait: bool = False) -> str | None:
        """Write a checkpoint of the log as it is now.

        Args:
            wait: for another process that is writing one; otherwise leave it to that process.

        Returns:
            The signed note; None if there is nothing new, or another process is writing one.

        Raises:
            CheckpointMirrorError, DivergentHistoryError: see `CheckpointMirror.write`; nothing was
                recorded in the log.
            AuditUnavailableError: the log cannot be read, or the entry cannot be written.
            ValueError: the store has no signing key, or one that is no longer valid.
        """
        lock = process_lock(self.store.engine, "checkpoint", "to write a checkpoint", wait=wait)
        with lock as held:
            if not held or not self.standing().news:
                return None
            return self._write()

    def _write(self) -> str:
        key = self.store.signer
        if not isinstance(key, SigningKey):
            raise ValueError("this record is opened without a key that signs its checkpoints")  # noqa: TRY004 - of a setting
        end = self.store.head()
        own = Verifier.parse(key.verifier(end.origin))
        self._require_same_key(own)
        size, at = end.frontier.size, self.clock().isoformat()
        note = key.note(end.origin, size, end.frontier.root())
        self.place.write(note, own, self._leaves)
        not_ahead = sa.update(HEAD).where(HEAD.c.checkpoint_size <= size)
        advance = not_ahead.values(checkpoint_size=size, checkpoint_at=at)

        def advance_head(connection: sa.Connection) -> None:
            connection.execute(advance)

        self.store.commit([self._draft(note, size, at)], also=advance_head)
        return note

    def _require_same_key(self, own: Verifier) -> None:
        """Raise if another key signs this log: machines that write one log share one key."""
        last = self.store.select(queries.latest_checkpoint_entry())
        if not last or last[0].body is None:
            return
        note = last[0].payload["note"]
        try:
            open_checkpoint(note, [own, *self.place.keys()])
        except WrongKeyError as error:
            raise DivergentHistoryError(
                f"entry {last[0].sequence} holds a checkpoint of another key ({error}); nothing "
                "was written. Machines that write one log sign with one key: give each of them "
                "the same TRIAGE_AUDIT_KEY_FILE and TRIAGE_AUDIT_CHECKPOINTS"
            ) from error
        except ValueError as error:
            raise DivergentHistoryError(
                f"the checkpoint in entry {last[0].sequence} does not verify ({error}); nothing "
                "was written: run `triage audit verify`"
            ) from error

    def _leaves(self, first: int, last: int) -> Iterator[bytes]:
        """Yield leaf hashes in batches: no read transaction lasts while the mirror is slow."""
        for start in range(first, last + 1, LEAVES_PER_READ):
            some = ENTRIES.c.sequence.between(start, min(last, start + LEAVES_PER_READ - 1))
            query = sa.select(ENTRIES.c.hash).where(some).order_by(ENTRIES.c.sequence)
            with self.store.reading() as connection:
                found = connection.scalars(query).all()
            yield from map(bytes.fromhex, found)

    def _draft(self, note: str, size: int, at: str) -> Draft:
        said = {"note": note, "place": self.place.told}
        context = service_context(self.code).recorded()
        return new_draft(EntryKind.CHECKPOINT, said, context, at, about=f"checkpoint/{size}")


def delete_expired_idempotency_keys(store: AuditStore, before: datetime) -> int:
    """Delete idempotency keys that were used before a moment; their entries stay.

    Args:
        store: whose keys.
        before: the moment, UTC.

    Returns:
        Number of deleted keys.

    Raises:
        AuditUnavailableError: the log cannot be read or written.
    """
    expired = REQUESTS.c.recorded_at < before.isoformat()
    with store.reading() as connection:
        if connection.scalar(sa.select(REQUESTS.c.key).where(expired).limit(1)) is None:
            return 0  # as nearly always, without taking the write lock
    try:
        with writer_lock(store.engine), store.engine.begin() as connection:
            return connection.execute(sa.delete(REQUESTS).where(expired)).rowcount
    except (OSError, sa.exc.SQLAlchemyError) as error:
        raise AuditUnavailableError(
            f"old keys cannot be forgotten: {describe_error(error)}"
        ) from error


LOG = logging.getLogger(__name__)
RETRY_SECONDS = 10.0
STOP_SECONDS = 8.0
EXPECTED_ERRORS = (CheckpointMirrorError, DivergentHistoryError, AuditUnavailableError)


@dataclass
class Checkpointer:
    """Background thread that writes checkpoints of a log to its mirror.

    Safe to run in every process that writes the log: they take turns. No answer waits for a
    checkpoint, and none is stopped by a mirror that is away.

    Attributes:
        store: the log.
        place: its mirror.
        every_entries: entries after which a checkpoint is due.
        every_seconds: seconds after which a checkpoint is due, if that comes first.
        clock: returns the time, UTC.
        keys_kept_hours: age at which idempotency keys are deleted.
        failing: why the last attempt failed; "" if it did not.
        failing_since: when the failures began, in seconds of the monotonic clock.
    """

    store: AuditStore
    place: CheckpointMirror
    every_entries: int
    every_seconds: float
    clock: Callable[[], datetime]
    keys_kept_hours: int = 7 * 24
    failing: str = field(default="", init=False)
    failing_since: float = field(default=0.0, init=False)
    _since: int = field(default=0, init=False)
    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.writer = CheckpointWriter(self.store, self.place, self.clock)

    def due(self) -> bool:
        """Return whether a checkpoint is due; the entry of a checkpoint makes no other one due.

        Raises:
            AuditUnavailableError: the log cannot be read.
        """
        lag = self.writer.standing()
        if not lag.news:
            return False
        if not lag.at or lag.size - lag.checkpoint_size >= self.every_entries:
            return True
        # Absolute: a clock that was set back must not delay the next checkpoint by as much.
        apart = abs(self.clock() - datetime.fromisoformat(lag.at))
        return apart >= timedelta(seconds=self.every_seconds)

    def write_now(self) -> str | None:
        """Write a checkpoint, due or not; see `CheckpointWriter.write`."""
        self._since = 0
        return self.writer.write()

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: it runs already.
        """
        if self._thread is not None:
            raise RuntimeError("the checkpointer runs already")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="checkpointer", daemon=True)
        self._thread.start()

    def nudge(self, entries: int = 1) -> None:
        """Count entries after a commit, and wake the thread once a checkpoint is due by number."""
        self._since += entries  # unlocked: a count lost in a race is made up in the next round
        if self._since >= self.every_entries:
            self._since = 0
            self._woken.set()

    def stop(self, within_seconds: float = STOP_SECONDS) -> bool:
        """Stop the thread after a last checkpoint; return False if it did not end in time."""
        thread, self._thread = self._thread, None
        if thread is None:
            return True
        self._stopping.set()
        self._woken.set()
        thread.join(within_seconds)
        if thread.is_alive():
            LOG.warning("no last checkpoint within %s s: %s", within_seconds, self.place.told)
        return not thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._try(self._round)
            self._woken.wait(self._pause_seconds())
            self._woken.clear()
        self._try(lambda: self.writer.write(wait=True))

    def _pause_seconds(self) -> float:
        return min(self.every_seconds, RETRY_SECONDS) if self.failing else self.every_seconds

    def _round(self) -> None:
        if self.due():
            self.write_now()
        delete_expired_idempotency_keys(
            self.store, self.clock() - timedelta(hours=self.keys_kept_hours)
        )

    def _try(self, step: Callable[[], object]) -> None:
        """Run a step; log the first of consecutive failures. No exception ends the thread."""
        try:
            step()
        except Exception as error:  # the next round tries again, whatever failed
            if not self.failing:
                self.failing_since = time.monotonic()
                unexpected = None if isinstance(error, EXPECTED_ERRORS) else error
                said = "no checkpoint can be written: %s"
                LOG.log(logging.ERROR, said, error, exc_info=unexpected)
            self.failing = str(error) or type(error).__name__
        else:
            if self.failing:
                LOG.warning("checkpoints are written again to %s", self.place.told)
            self.failing = ""
