"""Addresses that will go: said in every answer (RFC 9745, RFC 8594) and in the contract."""

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


DEPRECATED: Mapping[str, Deprecation] = {}
"""By path as the contract writes it, e.g. "/v1/recommendations/{identifier}". None now."""


class Deprecating:
    """Adds the headers to answers of deprecated addresses; stands around the router alone."""

    def __init__(self, app: ASGIApp, deprecated: Mapping[str, Deprecation] = DEPRECATED) -> None:
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
