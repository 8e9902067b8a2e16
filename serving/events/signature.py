"""Signatures of webhooks as Standard Webhooks has them: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from pathlib import Path

from serving.audit.key_file import read_key

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes, as Standard Webhooks says
MOST = 2
TAKES = (
    f"one line, or two while a secret is changed, each {PREFIX} and {SHORTEST} to {LONGEST} bytes "
    "in base64"
)


def signed(secrets: Sequence[bytes], identifier: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of a message. at: seconds since 1970. One signature a secret, in their order."""
    content = f"{identifier}.{at}.".encode() + body
    made = [base64.b64encode(hmac.digest(one, content, "sha256")).decode() for one in secrets]
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{one}" for one in made),
    }


def secrets_in(path: Path) -> list[bytes]:
    """The secrets in a file, the newest first. What is wrong is told without what it holds.

    Raises:
        OSError: it cannot be read.
        ValueError: others can read it, or it holds something else.
    """
    text = read_key(path, "the secret of events").decode("ascii", errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [_secret(line, path) for line in lines]
    if not 1 <= len(found) <= MOST:
        raise ValueError(f"{path} holds {len(found)} secrets; it takes {TAKES}")
    return found


def _secret(line: str, path: Path) -> bytes:
    try:
        made = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        made = b""
    if not line.startswith(PREFIX) or not SHORTEST <= len(made) <= LONGEST:
        raise ValueError(f"{path} holds a line that is no secret; it takes {TAKES}") from None
    return made
