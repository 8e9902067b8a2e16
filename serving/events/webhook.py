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
"""Longest pause that a receiver may ask for; a longer one is cut to it."""


def retry_delay(attempts: int, chance: float, retry_after_seconds: float = 0.0) -> float:
    """Return the seconds until the next try: exponential backoff with jitter.

    Args:
        attempts: failures so far.
        chance: 0 to 1; half of the delay depends on it, so that many deliveries that failed
            together are not retried together.
        retry_after_seconds: pause that the receiver asked for; the least delay.
    """
    delay = min(MAX_DELAY_SECONDS, INITIAL_DELAY_SECONDS * 2.0 ** min(attempts - 1, 30))
    least = min(retry_after_seconds, MAX_RETRY_AFTER_SECONDS)
    return max(delay * (0.5 + 0.5 * chance), least)


def parse_retry_after(retry_after: str, now: datetime) -> float:
    """Return the seconds that a Retry-After header asks for; 0 if it cannot be parsed."""
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
    """Outcome of one delivery.

    Attributes:
        status: of the delivery.
        why: reason of a failure; "" if delivered.
        retry_after_seconds: pause that the receiver asked for.
    """

    status: DeliveryStatus
    why: str = ""
    retry_after_seconds: float = 0.0


class EventReceiver(Protocol):
    """A receiver of events."""

    def send(self, identifier: str, body: bytes, now: datetime) -> DeliveryResult:
        """Send an event once."""


@dataclass(frozen=True)
class Webhook:
    """A receiver over HTTP. Follows no redirect, and does not read the body of a response.

    A status of 200 to 299 means delivered, 410 that the receiver wants no more events, and any
    other that the delivery is retried.

    Attributes:
        url: that events are posted to.
        secrets: that sign each message; two while a secret is changed.
        timeout_seconds: of one request.
    """

    url: str = field(repr=False)
    secrets: Sequence[bytes] = field(repr=False)
    timeout_seconds: float
    client: httpx.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        client = httpx.Client(
            timeout=self.timeout_seconds,
            follow_redirects=False,
            trust_env=False,  # neither a proxy nor a .netrc password from the environment
        )
        object.__setattr__(self, "client", client)

    def send(self, identifier: str, body: bytes, now: datetime) -> DeliveryResult:
        """Post an event once; see `EventReceiver`."""
        headers = signature_headers(self.secrets, identifier, int(now.timestamp()), body)
        headers |= {"content-type": f"{CONTENT_TYPE}; charset=utf-8"}
        try:
            with self.client.stream("POST", self.url, content=body, headers=headers) as response:
                return _delivery_result(response, now)
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


def _delivery_result(response: httpx.Response, now: datetime) -> DeliveryResult:
    if response.is_success:
        return DeliveryResult(DeliveryStatus.DELIVERED)
    if response.status_code == httpx.codes.GONE:
        return DeliveryResult(DeliveryStatus.GONE, "HTTP 410")
    seconds = parse_retry_after(response.headers.get("retry-after", ""), now)
    return DeliveryResult(DeliveryStatus.FAILED, f"HTTP {response.status_code}", seconds)
