"""Verify and read a webhook message (Standard Webhooks signature) of the service.

Standard Webhooks: HMAC-SHA256 over id, time and body. Pass the raw body, before any parsing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from typing import Any

WEBHOOK_KEY_PREFIX = "whsec_"
TOLERANCE_SECONDS = 300


class InvalidWebhookError(ValueError):
    """A message that the receiver must answer with 400, without processing it."""


def verify_event(
    headers: Mapping[str, str], body: bytes, secret: str, now: float
) -> dict[str, Any]:
    """Return the CloudEvent in a message.

    An event that is sent again has the same `id`: store the ids to recognise duplicates.

    Args:
        headers: names in lower case.
        body: as it was received.
        secret: `whsec_...`.
        now: seconds since 1970.

    Raises:
        InvalidWebhookError: not signed with the secret, too old, or from the future.
    """
    try:
        identifier, at = headers["webhook-id"], headers["webhook-timestamp"]
        signatures, sent = headers["webhook-signature"].split(), int(at)
        key = base64.b64decode(secret.removeprefix(WEBHOOK_KEY_PREFIX), validate=True)
    except (KeyError, ValueError, binascii.Error):
        raise InvalidWebhookError("not signed as it should be") from None
    digest = hmac.digest(key, f"{identifier}.{at}.".encode() + body, "sha256")
    expected = b"v1," + base64.b64encode(digest)
    if not any(hmac.compare_digest(expected, signature.encode()) for signature in signatures):
        raise InvalidWebhookError("not signed with this secret")
    if abs(now - sent) > TOLERANCE_SECONDS:
        raise InvalidWebhookError("sent too long ago, or in the future")
    try:
        event = json.loads(body)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise InvalidWebhookError("not an event")
    return event
