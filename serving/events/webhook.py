"""Deliver one event as a signed HTTP request, and compute the delay before a retry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

import httpx

from serving.events.cloud_event import CONTENT_TYPE
from serving.events.webhook_signature import signature_headers

INITIAL_DELAY_SECONDS = 1.0
MAX_DELAY_SECONDS = 300.0
MAX_RETRY_AFTER_SECONDS = 3600.0
"""What a receiver may ask for; longer is cut off."""


def retry_delay(attempts: int, chance: float, asked: float = 0.0) -> float:
    """Seconds until the next try, after that many failures.

    It doubles up to a longest; half of it hangs on chance (0 to 1), so that many who failed
    together do not come back together. asked: what the receiver asked for is waited at least.
    """
    grown = min(MAX_DELAY_SECONDS, INITIAL_DELAY_SECONDS * 2.0 ** min(attempts - 1, 30))
    return max(grown * (0.5 + 0.5 * chance), min(asked, MAX_RETRY_AFTER_SECONDS))


def parse_retry_after(retry_after: str, now: datetime) -> float:
    """The seconds that a Retry-After header asks for; 0 where it cannot be read."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


class DeliveryStatus(StrEnum):
    """Outcome of sending an event."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True)
class DeliveryResult:
    """Outcome, reason of a failure, and seconds for which the receiver asked for a pause."""

    status: DeliveryStatus
    why: str = ""
    retry_after_seconds: float = 0.0


class EventReceiver(Protocol):
    """A receiver of events."""

    def send(self, identifier: str, body: bytes, now: datetime) -> DeliveryResult:
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

    def send(self, identifier: str, body: bytes, now: datetime) -> DeliveryResult:
        """See `EventReceiver`."""
        headers = signature_headers(self.secrets, identifier, int(now.timestamp()), body)
        headers |= {"content-type": f"{CONTENT_TYPE}; charset=utf-8"}
        try:
            with self.client.stream("POST", self.url, content=body, headers=headers) as answer:
                return _delivery_result(answer, now)
        except httpx.HTTPError as error:
            return DeliveryResult(DeliveryStatus.FAILED, type(error).__name__)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()


def _delivery_result(answer: httpx.Response, now: datetime) -> DeliveryResult:
    if answer.is_success:
        return DeliveryResult(DeliveryStatus.DELIVERED)
    if answer.status_code == httpx.codes.GONE:
        return DeliveryResult(DeliveryStatus.GONE, "HTTP 410")
    asked = parse_retry_after(answer.headers.get("retry-after", ""), now)
    return DeliveryResult(DeliveryStatus.FAILED, f"HTTP {answer.status_code}", asked)
