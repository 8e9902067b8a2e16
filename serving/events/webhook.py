"""The webhook: one signed request an event, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

import httpx

from serving.events.backoff import asked_for
from serving.events.cloud_event import CONTENT_TYPE
from serving.events.signature import signed


class Fate(StrEnum):
    """What became of an event that was sent."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True)
class Outcome:
    """What became of it, why it failed, and for how many seconds the receiver wants peace."""

    fate: Fate
    why: str = ""
    asked_seconds: float = 0.0


class Receiver(Protocol):
    """Whoever takes events."""

    def send(self, identifier: str, body: bytes, now: datetime) -> Outcome:
        """Give it an event, once."""


@dataclass(frozen=True)
class Webhook:
    """A receiver over HTTP. Follows no redirect, and reads nothing of what it answers.

    Answers of 200 to 299 mean delivered, 410 that nothing is wanted any more, all else that it
    is to be tried again.
    """

    url: str = field(repr=False)
    secrets: Sequence[bytes] = field(repr=False)
    timeout_seconds: float
    client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        client = httpx.Client(
            timeout=self.timeout_seconds,
            follow_redirects=False,
            trust_env=False,  # no proxy and no password of a file that nobody thought of
        )
        object.__setattr__(self, "client", client)

    def send(self, identifier: str, body: bytes, now: datetime) -> Outcome:
        """As `Receiver` says."""
        headers = signed(self.secrets, identifier, int(now.timestamp()), body)
        headers |= {"content-type": f"{CONTENT_TYPE}; charset=utf-8"}
        try:
            with self.client.stream("POST", self.url, content=body, headers=headers) as answer:
                return _outcome(answer, now)
        except httpx.HTTPError as error:
            return Outcome(Fate.FAILED, type(error).__name__)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()


def _outcome(answer: httpx.Response, now: datetime) -> Outcome:
    if answer.is_success:
        return Outcome(Fate.DELIVERED)
    if answer.status_code == httpx.codes.GONE:
        return Outcome(Fate.GONE, "HTTP 410")
    asked = asked_for(answer.headers.get("retry-after", ""), now)
    return Outcome(Fate.FAILED, f"HTTP {answer.status_code}", asked)
