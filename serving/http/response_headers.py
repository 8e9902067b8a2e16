"""Security headers of every response, and deprecation headers (RFC 9745, RFC 8594)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Deprecation:
    """An address that will be removed.

    since, sunset: with time zone UTC. link: where callers read what to use instead.
    """

    since: datetime
    sunset: datetime
    link: str

    def raw_headers(self) -> RawHeaders:
        """Return the headers Deprecation, Sunset and Link of an answer."""
        return [
            (b"deprecation", f"@{int(self.since.timestamp())}".encode()),
            (b"sunset", format_datetime(self.sunset, usegmt=True).encode()),
            (b"link", f'<{self.link}>; rel="deprecation"'.encode()),
        ]


DEPRECATIONS: Mapping[str, Deprecation] = {}
"""Deprecated addresses by path as the contract writes it, e.g. "/v1/recommendations/{identifier}";
there are none now."""


PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

DATA_CSP = b"default-src 'none'; frame-ancestors 'none'"
DOCS_CSP = (
    b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
"""The documentation page runs scripts and styles of this service only."""
CSP_HEADER = b"content-security-policy"
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""No Access-Control-... headers: pages of other origins may neither read nor send anything."""


def missing_security_headers(path: str, headers: RawHeaders) -> RawHeaders:
    """Return the security headers that an answer does not set itself.

    Args:
        path: of the request; the documentation may load its own scripts and styles.
        headers: of the answer so far.
    """
    policy = DOCS_CSP if path.startswith("/docs") else DATA_CSP
    names = {name.lower() for name, _ in headers}
    return [one for one in (*SECURITY_HEADERS, (CSP_HEADER, policy)) if one[0] not in names]
