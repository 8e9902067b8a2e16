"""Verify and read a webhook message (Standard Webhooks signature) of the service.

Standard Webhooks: HMAC-SHA256 over id, time and body. Give it the body as it came, not parsed.
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
    """A message that is to be answered with 400 and nothing else done."""


def verify_event(
    headers: Mapping[str, str], body: bytes, secret: str, now: float
) -> dict[str, Any]:
    """The CloudEvent in a message. Its `id` is the same however often it is sent: keep it.

    headers: names in lower case. secret: `whsec_...`. now: seconds since 1970.

    Raises:
        NotFromTheServiceError: not signed with the secret, too old, or from the future.
    """
    try:
        identifier, at = headers["webhook-id"], headers["webhook-timestamp"]
        signatures, sent = headers["webhook-signature"].split(), int(at)
        key = base64.b64decode(secret.removeprefix(WEBHOOK_KEY_PREFIX), validate=True)
    except (KeyError, ValueError, binascii.Error):
        raise InvalidWebhookError("not signed as it should be") from None
    made = hmac.digest(key, f"{identifier}.{at}.".encode() + body, "sha256")
    expected = b"v1," + base64.b64encode(made)
    if not any(hmac.compare_digest(expected, one.encode()) for one in signatures):
        raise InvalidWebhookError("not signed with this secret")
    if abs(now - sent) > TOLERANCE_SECONDS:
        raise InvalidWebhookError("sent too long ago, or in the future")
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise InvalidWebhookError("not an event")
    return said
