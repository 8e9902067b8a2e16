"""The outermost layer: our own probes and problems instead of the framework's pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.problem_kind import ProblemKind
from serving.api.problems import MEDIA_TYPE, Problem
from serving.api.tracing import trace_of
from serving.observe.requests import routed

# Addresses at which the framework answers before the mounted application is asked.
OURS = frozenset({"/livez", "/readyz", "/healthz", "/schema.json", "/docs.json", "/metrics"})

FRAMEWORK = {
    429: Problem(
        429,
        "the service is busy",
        mend="try again in a second",
        retry_after=1,
        kind=ProblemKind.BUSY,
    ),
    503: Problem(503, "the service cannot answer now", mend="try again soon", retry_after=5),
    504: Problem(
        504,
        "not answered in time; whether it was recorded is not known",
        mend="send the same again with the same Idempotency-Key: what was recorded is answered, "
        "and nothing is recorded twice; without a key, look at the desk before you ask again",
        retry_after=5,
    ),
}


class Whole:
    """The application as one piece: it gives its own 404 and 405, with a problem.

    Counts what it is working on: a request that the framework has answered with a 504, or has
    given up when told to stop, is still being recorded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.working = 0
        self.idle = asyncio.Event()
        self.idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with self.busy():
            try:
                await self.app(scope, receive, send)
            finally:
                routed(scope)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Around one request that is worked on."""
        self.working += 1
        self.idle.clear()
        try:
            yield
        finally:
            self.working -= 1
            if not self.working:
                self.idle.set()

    async def drained(self, seconds: float) -> bool:
        """Wait until nothing is worked on; false if that takes longer."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.idle.wait(), seconds)
        return self.idle.is_set()


class Front:
    """Sends probes to the application, and turns the framework's errors into problems."""

    def __init__(self, framework: ASGIApp, ours: ASGIApp) -> None:
        self.framework, self.ours = framework, ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the start and stop of the process."""
        if scope["type"] != "http":
            await self.framework(scope, receive, send)
        elif scope["path"] in OURS:
            await self.ours(scope, receive, send)
        else:
            await self.framework(scope, receive, _Translated(scope, receive, send))


class _Translated:
    """Sends what the framework sends, but its own errors as problems."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.replaced = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and (problem := _problem(message)):
            self.replaced = True
            response = problem.response(trace_of(self.scope))
            await response(self.scope, self.receive, self.send)
        elif not self.replaced:
            await self.send(message)


def _problem(start: Message) -> Problem | None:
    """What the framework means by an error of its own; None for what the application answers."""
    status: int = start["status"]
    if status < 400 or Headers(raw=start["headers"]).get("content-type") == MEDIA_TYPE:
        return None
    return FRAMEWORK.get(status) or Problem(status, "the request could not be handled")
