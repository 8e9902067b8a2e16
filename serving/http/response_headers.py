"""Security headers of every response, and deprecation headers (RFC 9745, RFC 8594)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class Deprecation:
    """An address that will go. since, sunset: with time zone UTC. link: what to use instead."""

    since: datetime
    sunset: datetime
    link: str

    def headers(self) -> Mapping[str, str]:
        """As an answer says it."""
        return {
            "Deprecation": f"@{int(self.since.timestamp())}",
            "Sunset": format_datetime(self.sunset, usegmt=True),
            "Link": f'<{self.link}>; rel="deprecation"',
        }


DEPRECATIONS: Mapping[str, Deprecation] = {}
"""By path as the contract writes it, e.g. "/v1/recommendations/{identifier}". None now."""


class DeprecationMiddleware:
    """Adds the headers to answers of deprecated addresses; stands around the router alone."""

    def __init__(self, app: ASGIApp, deprecated: Mapping[str, Deprecation] = DEPRECATIONS) -> None:
        self.app, self.deprecated = app, deprecated

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Which route takes it is known once it begins to answer."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                path = getattr(scope.get("route"), "path", None)
                if (gone := self.deprecated.get(path or "")) is not None:
                    MutableHeaders(scope=message).update(gone.headers())
            await send(message)

        watched = scope["type"] == "http" and bool(self.deprecated)
        await self.app(scope, receive, answer if watched else send)


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
"""The documentation draws itself, from what this service alone gives it."""
CSP_HEADER = b"content-security-policy"
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""No Access-Control-...: pages of other sites read nothing and ask for nothing."""


DATA_SECURITY_HEADERS = (*SECURITY_HEADERS, (CSP_HEADER, DATA_CSP))
"""Of every answer but the documentation."""


class SecurityHeadersMiddleware:
    """Adds what an answer does not say itself; twice around it does no harm."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        policy = DOCS_CSP if scope["path"].startswith("/docs") else DATA_CSP

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = list(message.get("headers", ()))
                there = {name.lower() for name, _ in said}
                wanted = (*SECURITY_HEADERS, (CSP_HEADER, policy))
                message["headers"] = said + [one for one in wanted if one[0] not in there]
            await send(message)

        await self.app(scope, receive, answer)
