"""Request context recorded with every audit entry.

Caller, trace id, idempotency key and code version.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RELEASE = "0.3.0"
"""As in pyproject.toml, which a container or a bento does not have."""
ROOMS = ("data", "features", "models", "serving")
DIGEST_DIGITS = 12

# W3C Trace Context, level 1: version, trace id, parent id, flags; a later version may say more.
TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True)
class RequestContext:
    """What an entry says of the request that led to it.

    trace_id: W3C, 32 hexadecimal digits. idempotency_key: as the caller gave it; None without.
    code_version: see `code_version`. monotonic_ns: of this process' clock that never steps
        back, so that entries of one process can be ordered and timed whatever the time of day.
    """

    trace_id: str
    caller: str
    idempotency_key: str | None
    code_version: str
    monotonic_ns: int = field(default_factory=time.monotonic_ns)

    def recorded(self) -> dict[str, Any]:
        """As it stands in a payload."""
        return dict(vars(self))


def service_context(code: str) -> RequestContext:
    """The circumstances of what the service records on its own account."""
    return RequestContext(parse_trace_id(None), "service", None, code)


def command_context(command: str) -> RequestContext:
    """The circumstances of what a command records, such as `triage report`."""
    return RequestContext(parse_trace_id(None), command, None, code_version())


def parse_trace_id(traceparent: str | None) -> str:
    """The trace id of a W3C `traceparent` header; a new one where there is none that is valid."""
    match = TRACEPARENT.fullmatch((traceparent or "").strip())
    if match is None:
        return secrets.token_hex(16)
    made_by, trace, parent, _, more = match.groups()
    known = made_by != "ff" and (made_by != "00" or more is None)
    valid = known and set(trace) != {"0"} and set(parent) != {"0"}
    return trace if valid else secrets.token_hex(16)


def code_version(root: Path | None = None) -> str:
    """Return the release and 12 digits of the SHA-256 over its code, as `0.3.0+0123456789ab`.

    The digest covers path and content of every .py file of the rooms that answer, in order of
    path: the release alone does not tell a changed checkout from the one that was released.
    """
    root = root or Path(__file__).resolve().parents[2]
    files = sorted(path for room in ROOMS for path in (root / room).rglob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return f"{RELEASE}+{digest.hexdigest()[:DIGEST_DIGITS]}"


def release_of(code: str) -> str:
    """Return the release that a code version names: `0.3.0` of `0.3.0+0123456789ab`."""
    return code.partition("+")[0]
