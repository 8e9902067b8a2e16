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
    """The headers of a message. at: seconds since 1970. One signature a secret, in their order."""
    content = f"{identifier}.{at}.".encode() + body
    made = [base64.b64encode(hmac.digest(one, content, "sha256")).decode() for one in secrets]
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{one}" for one in made),
    }


def read_secrets(path: Path) -> list[bytes]:
    """The secrets in a file, the newest first. What is wrong is told without what it holds.

    Raises:
        OSError: it cannot be read.
        ValueError: others can read it, or it holds something else.
    """
    text = read_private_file(path, "the secret of events").decode("ascii", errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [_parse_secret(line, path) for line in lines]
    if not 1 <= len(found) <= MAX_SECRETS:
        raise ValueError(f"{path} holds {len(found)} secrets; it takes {SECRET_FORMAT}")
    return found


def _parse_secret(line: str, path: Path) -> bytes:
    try:
        made = base64.b64decode(line.removeprefix(WEBHOOK_KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        made = b""
    if (
        not line.startswith(WEBHOOK_KEY_PREFIX)
        or not MIN_SECRET_BYTES <= len(made) <= MAX_SECRET_BYTES
    ):
        raise ValueError(
            f"{path} holds a line that is no secret; it takes {SECRET_FORMAT}"
        ) from None
    return made
