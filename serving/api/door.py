"""The door: every request is let in as somebody, or not at all."""

from __future__ import annotations

import logging

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access.gate import Gate, Shown
from serving.access.limits import Budget
from serving.access.refusal import RecordTooOldError, Refusal, RefusedError
from serving.api.callers import admit
from serving.api.problem_kind import ProblemKind
from serving.api.problems import Problem
from serving.api.tracing import trace_of
from serving.caller import Caller

OPEN = frozenset({"/livez", "/readyz"})
"""Addresses for everybody: they tell a stranger one word."""
UNTIL_LOADED = 2
UNTIL_READ = 5
UNTIL_FORGOTTEN = 60
CHALLENGE = (b"www-authenticate", b"Bearer")
RawHeaders = list[tuple[bytes, bytes]]
LOG = logging.getLogger("triage.access")


class Door:
    """Asks the gate of the application; without one nobody is let in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answering = Answering(send)
        try:
            await self._let_in(scope, answering)
        except Problem as problem:
            await problem.response(trace_of(scope))(scope, receive, answering)
            return
        await self.app(scope, receive, answering)

    async def _let_in(self, scope: Scope, answering: Answering) -> None:
        gate: Gate | None = getattr(scope["app"].state, "gate", None)
        if scope["path"] in OPEN:
            await _if_known(scope, gate)
            return
        await let_in(scope, gate, answering.headers)


async def let_in(scope: Scope, gate: Gate | None, headers: RawHeaders) -> None:
    """Let a request in as somebody's. headers: what the answer has to say of it is added.

    Raises:
        Problem: 401, 429, 503: it is not let in.
    """
    if gate is None:
        mend = "try again in a few seconds"
        raise Problem(503, "the service is still loading", mend=mend, retry_after=UNTIL_LOADED)
    try:
        caller = await _caller(scope, gate)
    except Problem as problem:
        headers += [CHALLENGE] if problem.status == 401 else []
        raise
    if gate.limited(caller):
        await _spend(gate, caller, headers)
    admit(scope, caller)


class Answering:
    """Sends what is answered with headers of the door's own."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.headers: RawHeaders = []

    async def __call__(self, message: Message) -> None:
        """One message of an answer."""
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *self.headers]
        await self.send(message)


async def _if_known(scope: Scope, gate: Gate | None) -> None:
    """Let in whoever is known, and everybody else as nobody."""
    if gate is not None:
        try:
            admit(scope, await gate.caller(_shown(scope)))
        except (RefusedError, RecordTooOldError):
            return


async def _caller(scope: Scope, gate: Gate) -> Caller:
    shown = _shown(scope)
    try:
        return await gate.caller(shown)
    except RecordTooOldError as error:
        mend = "try again later; whoever runs the service: see /readyz and `triage doctor`"
        kind = ProblemKind.RECORD_AWAY
        raise Problem(503, f"{error}", mend=mend, retry_after=UNTIL_READ, kind=kind) from error
    except RefusedError as error:
        LOG.info("refused: %s (trace %s)", error.reason, trace_of(scope))
        if error.reason is Refusal.NOTHING_SHOWN or await gate.limits.failed(shown.peer):
            raise _refused() from None
        raise _too_many(UNTIL_FORGOTTEN) from None


async def _spend(gate: Gate, caller: Caller, headers: RawHeaders) -> None:
    budget: Budget = await gate.limits.spend(caller.name)
    headers.append((b"ratelimit-policy", gate.limits.policy.encode()))
    if budget.told:
        headers.append((b"ratelimit", budget.told.encode()))
    if not budget.allowed:
        raise _too_many(budget.seconds)


def _shown(scope: Scope) -> Shown:
    headers = Headers(scope=scope)
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    return Shown(headers.getlist("authorization"), peer, headers.get("host", ""))


def _refused() -> Problem:
    """The same whatever was wrong: it is no help to whoever tries."""
    mend = "show a key (`triage keys create`) or a token: Authorization: Bearer ..."
    return Problem(401, "who asks is not known", mend=mend, kind=ProblemKind.UNAUTHENTICATED)


def _too_many(seconds: int) -> Problem:
    mend = "ask again once the time in Retry-After is over"
    return Problem(429, "too many requests", mend=mend, retry_after=seconds)
