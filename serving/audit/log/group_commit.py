"""Group commit: callers that arrive while another one is writing share the next transaction.

Every append goes through here: a person's decision, a key, a batch of scored cases. There is no
writer thread. One caller leads: it writes for all who wait, wakes them, and hands the lead to the
first of those who arrived meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from serving.audit.log.entry import Draft, Entry
from serving.audit.log.errors import AuditUnavailableError

GATHER_FACTOR = 1.0
"""Longest wait of the leader for the last group of callers, in durations of its commit."""
MAX_GROUP_ENTRIES = 4096
TransactionHook = Callable[[sa.Connection], None]


@dataclass(frozen=True)
class IdempotencyKey:
    """An idempotency key and the request it was used for. body_digest: sha256, hexadecimal."""

    caller: str
    key: str
    operation: str
    body_digest: str


@dataclass(frozen=True)
class CommitResult:
    """Result of one commit.

    Attributes:
        entries: that were written.
        checkpoint: signed checkpoint that covers them, C2SP tlog-checkpoint text; "" if the log
            has no signer.
    """

    entries: list[Entry]
    checkpoint: str


@dataclass(eq=False)
class PendingCommit:
    """Entries that are recorded together or not at all, and the outcome.

    Attributes:
        drafts: of the entries.
        bodies: the canonical payload of each draft.
        key: idempotency key of the request.
        also: runs in the same transaction once the entries are in; if it fails, they are not
            written.
        tried: result of a transaction whose outcome is still unknown.
        committed: result, once the entries are written.
        error: reason, once they are refused.
    """

    drafts: Sequence[Draft]
    bodies: Sequence[str]
    key: IdempotencyKey | None = None
    also: TransactionHook | None = None
    tried: CommitResult | None = None
    committed: CommitResult | None = None
    error: Exception | None = None

    @property
    def done(self) -> bool:
        """True once the commit was written or refused."""
        return self.committed is not None or self.error is not None

    def result(self) -> CommitResult:
        """Return the result of the written commit.

        Raises:
            Exception: the reason why it was not written.
        """
        if self.error is not None:
            raise self.error
        assert self.committed is not None
        return self.committed


WriteGroup = Callable[[Sequence[PendingCommit]], None]


@dataclass(eq=False)
class WaitingCaller:
    """A caller in the queue with its commits. leads: whether it writes for those who wait."""

    commits: Sequence[PendingCommit]
    leads: bool = False
    asleep: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.asleep.acquire()

    @property
    def entries(self) -> int:
        """Number of entries that it wants written."""
        return sum(len(commit.drafts) for commit in self.commits)

    @property
    def unsettled(self) -> list[PendingCommit]:
        """The commits that were neither written nor refused yet."""
        return [commit for commit in self.commits if not commit.done]

    def wait(self) -> None:
        """Sleep until the leader wakes it; a bare lock costs a tenth of a `threading.Event`."""
        self.asleep.acquire()

    def wake(self) -> None:
        """Let the caller go on. Only the leader calls this, so no two threads release at once."""
        if self.asleep.locked():
            self.asleep.release()


@dataclass
class GroupCommit:
    """The queue of callers.

    write: settles each commit that it is given, or raises and settles none.
    max_entries: most entries in one transaction, unless a single caller brings more.
    has_leader: whether a caller is writing, or was told to.
    last_callers, last_seconds: size and duration of the last group.
    """

    write: WriteGroup
    max_entries: int = MAX_GROUP_ENTRIES
    waiting: deque[WaitingCaller] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)
    has_leader: bool = False
    last_callers: int = 1
    last_seconds: float = 0.0
    gathered: threading.Event = field(default_factory=threading.Event)

    def commit(self, commits: Sequence[PendingCommit]) -> None:
        """Write these commits, alone or with those of others, and wait until all are settled.

        Args:
            commits: each is written or refused by itself; see `PendingCommit.result`.
        """
        caller = WaitingCaller(commits)
        try:
            with self.lock:
                self.waiting.append(caller)
                caller.leads, self.has_leader = not self.has_leader, True
                if len(self.waiting) == self.last_callers:
                    self.gathered.set()
            if not caller.leads:
                caller.wait()
            if caller.leads:
                self._gather()
                self._write_next_group()
        finally:
            self._leave(caller)

    def _gather(self) -> None:
        """Wait for as many callers as in the last group: they were answered just now and return.

        Where they do not return, that costs the duration of one commit, once: the next group is
        expected to be as small as this one.
        """
        with self.lock:
            self.gathered.clear()
            complete = len(self.waiting) >= self.last_callers
        if not complete:
            self.gathered.wait(self.last_seconds * GATHER_FACTOR)

    def _write_next_group(self) -> None:
        group = self._take_group()
        commits = [commit for caller in group for commit in caller.unsettled]
        began = time.monotonic()
        try:
            self.write(commits)
        except Exception as error:  # noqa: BLE001 - every caller raises it, see PendingCommit.result
            for commit in commits:
                commit.error = commit.error or error
        finally:
            self.last_callers, self.last_seconds = len(group), time.monotonic() - began
            # A commit is unsettled here if the leader's thread is being stopped: queue it again.
            with self.lock:
                self.waiting.extendleft(one for one in reversed(group) if one.unsettled)
            for caller in group:
                if not caller.unsettled:
                    caller.wake()

    def _take_group(self) -> list[WaitingCaller]:
        """Take the next group from the queue; the leader is its first caller."""
        with self.lock:
            group = [self.waiting.popleft()]
            entries = group[0].entries
            while self.waiting and entries + self.waiting[0].entries <= self.max_entries:
                group.append(self.waiting.popleft())
                entries += group[-1].entries
            return group

    def _leave(self, caller: WaitingCaller) -> None:
        """Hand the lead on. A caller that is being stopped withdraws what was not written yet."""
        with self.lock:
            for commit in caller.unsettled:
                commit.error = AuditUnavailableError("its caller was stopped")
            if caller in self.waiting:
                self.waiting.remove(caller)
            if caller.leads:
                caller.leads, self.has_leader = False, bool(self.waiting)
                if self.waiting:
                    self.waiting[0].leads = True
                    self.waiting[0].wake()
