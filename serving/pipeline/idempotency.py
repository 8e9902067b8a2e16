"""Idempotency: a request repeated with its key gets its recorded answer.

After draft-ietf-httpapi-idempotency-key-header. A key is recorded in the transaction of the
entries that it led to, and nowhere before. A process that is killed at any moment therefore
leaves an answer that can be given again, or nothing, and never a key that is stuck.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from serving.audit.log.errors import AuditUnavailableError, IdempotencyKeyUsedError
from serving.audit.log.group_commit import CommitResult, IdempotencyKey
from serving.audit.log.store import AuditStore

T = TypeVar("T")


class KeyReusedError(RuntimeError):
    """The key was used for another operation or another body; nothing was done."""

    def __init__(self, key: IdempotencyKey, operation: str) -> None:
        was = "another body" if operation == key.operation else f"another operation ({operation})"
        super().__init__(f"the Idempotency-Key {key.key!r} was used before with {was}")


class InFlightError(RuntimeError):
    """The same request is still being processed."""

    def __init__(self, key: IdempotencyKey) -> None:
        super().__init__(f"a request with the Idempotency-Key {key.key!r} is being worked on")


class AnswerErasedError(RuntimeError):
    """The recorded answer has been erased since, and is not made again."""

    def __init__(self, key: IdempotencyKey) -> None:
        super().__init__(f"what the Idempotency-Key {key.key!r} was answered with has been erased")


@dataclass(frozen=True)
class IdempotencyGuard:
    """Runs the work of a key once, in all processes that share the audit log.

    working: keys whose work is running in this process, by caller and key.
    """

    audit: AuditStore
    working: dict[tuple[str, str], IdempotencyKey] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run_once(
        self, key: IdempotencyKey | None, make: Callable[[], T], replay: Callable[[CommitResult], T]
    ) -> T:
        """Run `make`, or replay what it committed for the same key before.

        Args:
            key: the request's key; None without one.
            make: does the work and commits it with the key, so that no two processes both do it.
            replay: builds the result from what was committed before.

        Raises:
            KeyReusedError, InFlightError, AnswerErasedError: nothing was done.
            AuditUnavailableError: the record cannot be read.
            Exception: whatever `make` raises.
        """
        if key is None:
            return make()
        with self.hold(key):
            stored = self.stored(key)
            if stored is None:
                try:
                    return make()
                except IdempotencyKeyUsedError as error:
                    stored = self.stored_meanwhile(key, error)
            return replay(stored)

    def stored(self, key: IdempotencyKey) -> CommitResult | None:
        """Return what was committed with the key; None if the key is new.

        Raises:
            KeyReusedError: it was used for something else.
            AnswerErasedError: what was committed has been erased.
            AuditUnavailableError: the record cannot be read.
        """
        return self._led_to(key, self.audit.request(key.caller, key.key))

    def stored_many(self, keys: Sequence[IdempotencyKey]) -> list[CommitResult | Exception | None]:
        """Return for each key what `stored` returns, or the error it raises; in one query."""
        rows = self.audit.requests([(key.caller, key.key) for key in keys])
        found: list[CommitResult | Exception | None] = []
        for key in keys:
            try:
                found.append(self._led_to(key, rows.get((key.caller, key.key))))
            except (KeyReusedError, AnswerErasedError, AuditUnavailableError) as error:
                found.append(error)
        return found

    def stored_meanwhile(self, key: IdempotencyKey, error: IdempotencyKeyUsedError) -> CommitResult:
        """Return what another process committed with the key between look and commit.

        Raises:
            InFlightError: it is not on record yet.
            KeyReusedError, AnswerErasedError, AuditUnavailableError: as `stored`.
        """
        before = self.stored(key)
        if before is None:
            raise InFlightError(key) from error
        return before

    def _led_to(self, key: IdempotencyKey, row: Mapping[str, Any] | None) -> CommitResult | None:
        """Read the entries that a recorded key led to. row: of the table of keys.

        Raises:
            KeyReusedError: it led to something else.
            AnswerErasedError: it was erased.
        """
        if row is None:
            return None
        _check_same_request(
            key, IdempotencyKey(row["caller"], row["key"], row["operation"], row["body_digest"])
        )
        entries = self.audit.between(row["first"], row["first"] + row["count"] - 1)
        if any(entry.body is None for entry in entries):
            raise AnswerErasedError(key)
        return CommitResult(entries, row["checkpoint"])

    @contextmanager
    def hold(self, key: IdempotencyKey) -> Iterator[None]:
        """Mark the key's request as being processed in this process.

        Raises:
            KeyReusedError, InFlightError: a request with the key is being processed.
        """
        name = (key.caller, key.key)
        with self.lock:
            if (other := self.working.get(name)) is not None:
                _check_same_request(key, other)
                raise InFlightError(key)
            self.working[name] = key
        try:
            yield
        finally:
            with self.lock:
                del self.working[name]


def _check_same_request(key: IdempotencyKey, before: IdempotencyKey) -> None:
    if key != before:
        raise KeyReusedError(key, before.operation)
