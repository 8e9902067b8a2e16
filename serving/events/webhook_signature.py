"""Sign webhooks as Standard Webhooks specifies: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from pathlib import Path

from serving.audit.transparency.durable_files import read_private_file

WEBHOOK_KEY_PREFIX = "whsec_"
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64  # bytes, as Standard Webhooks says
MAX_SECRETS = 2
SECRET_FORMAT = (
    f"one line, or two while a secret is changed, each {WEBHOOK_KEY_PREFIX} and "
    f"{MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes "
    "in base64"
)


def signature_headers(
    secrets: Sequence[bytes], identifier: str, at: int, body: bytes
) -> dict[str, str]:
    """Return the headers of a message, with one signature for each secret, in their order.

    Args:
        secrets: keys of the signatures.
        identifier: of the message.
        at: seconds since 1970.
        body: of the message.
    """
    content = f"{identifier}.{at}.".encode() + body
    signatures = [
        base64.b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets
    ]
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def read_secrets(path: Path) -> list[bytes]:
    """Return the secrets in a file, the newest first. Errors never hold a secret.

    Raises:
        OSError: the file cannot be read.
        ValueError: others can read the file, or it does not hold one or two secrets.
    """
    text = read_private_file(path, "the secret of events").decode("ascii", errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    secrets = [_parse_secret(line, path) for line in lines]
    if not 1 <= len(secrets) <= MAX_SECRETS:
        raise ValueError(f"{path} holds {len(secrets)} secrets; it takes {SECRET_FORMAT}")
    return secrets


def _parse_secret(line: str, path: Path) -> bytes:
    try:
        secret = base64.b64decode(line.removeprefix(WEBHOOK_KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if (
        not line.startswith(WEBHOOK_KEY_PREFIX)
        or not MIN_SECRET_BYTES <= len(secret) <= MAX_SECRET_BYTES
    ):
        raise ValueError(
            f"{path} holds a line that is no secret; it takes {SECRET_FORMAT}"
        ) from None
    return secret
