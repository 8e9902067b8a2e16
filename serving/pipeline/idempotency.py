"""Idempotency: a request repeated with its key gets its recorded answer.

After draft-ietf-httpapi-idempotency-key-header. The key is recorded in the transaction of the
entries it led to and nowhere before: whoever is killed at whatever moment leaves either an
answer that can be given again, or nothing, and no key that is stuck.
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
    """The same request is being worked on; it is not known yet how it ends."""

    def __init__(self, key: IdempotencyKey) -> None:
        super().__init__(f"a request with the Idempotency-Key {key.key!r} is being worked on")


class AnswerErasedError(RuntimeError):
    """What was answered has been erased since, and is not made again."""

    def __init__(self, key: IdempotencyKey) -> None:
        super().__init__(f"what the Idempotency-Key {key.key!r} was answered with has been erased")


@dataclass(frozen=True)
class IdempotencyGuard:
    """Does what a key asks for once, in this process and in all that share the record."""

    audit: AuditStore
    working: dict[tuple[str, str], IdempotencyKey] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def do(
        self, key: IdempotencyKey | None, make: Callable[[], T], again: Callable[[CommitResult], T]
    ) -> T:
        """What `make` does; or what `again` makes of that which the key led to before.

        make: commits with the key, so that two processes cannot both do it.

        Raises:
            KeyReusedError, InFlightError, AnswerErasedError: nothing was done.
            AuditUnavailableError: the record cannot be read.
            whatever `make` raises.
        """
        if key is None:
            return make()
        with self.held(key):
            before = self.stored(key)
            if before is None:
                try:
                    return make()
                except IdempotencyKeyUsedError as error:
                    before = self.taken(key, error)
            return again(before)

    def stored(self, key: IdempotencyKey) -> CommitResult | None:
        """What the key led to before; None if it is new.

        Raises:
            as `_led_to`.
        """
        return self._led_to(key, self.audit.request(key.caller, key.key))

    def stored_many(self, keys: Sequence[IdempotencyKey]) -> list[CommitResult | Exception | None]:
        """What `stored` says of each key, or raises; the record is looked into once."""
        rows = self.audit.requests([(key.caller, key.key) for key in keys])
        found: list[CommitResult | Exception | None] = []
        for key in keys:
            try:
                found.append(self._led_to(key, rows.get((key.caller, key.key))))
            except (KeyReusedError, AnswerErasedError, AuditUnavailableError) as error:
                found.append(error)
        return found

    def taken(self, key: IdempotencyKey, error: IdempotencyKeyUsedError) -> CommitResult:
        """What the key led to, used by another process between look and commit.

        Raises:
            InFlightError: it is not on record yet.
            as `stored`.
        """
        before = self.stored(key)
        if before is None:
            raise InFlightError(key) from error
        return before

    def _led_to(self, key: IdempotencyKey, row: Mapping[str, Any] | None) -> CommitResult | None:
        """The answer behind that row of the record.

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
    def held(self, key: IdempotencyKey) -> Iterator[None]:
        """Around the work on what a key asks for.

        Raises:
            KeyReusedError, InFlightError: it is being worked on.
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
