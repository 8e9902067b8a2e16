"""Headers of every answer: nothing is guessed, kept, framed or lent to another site's page."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

DATA = b"default-src 'none'; frame-ancestors 'none'"
DOCS = (
    b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)
"""The documentation draws itself, from what this service alone gives it."""
CSP = b"content-security-policy"
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""No Access-Control-...: pages of other sites read nothing and ask for nothing."""


SEAL = (*HEADERS, (CSP, DATA))
"""Of every answer but the documentation."""


class Sealed:
    """Adds what an answer does not say itself; twice around it does no harm."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        policy = DOCS if scope["path"].startswith("/docs") else DATA

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = list(message.get("headers", ()))
                there = {name.lower() for name, _ in said}
                wanted = (*HEADERS, (CSP, policy))
                message["headers"] = said + [one for one in wanted if one[0] not in there]
            await send(message)

        await self.app(scope, receive, answer)
