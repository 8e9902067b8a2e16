"""Authentication middleware, and the checks of scope and site that routes make on the caller."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.types import Scope as RequestScope

from data.contracts.sites import SITE_ID
from serving.auth.authenticator import Authenticator, PresentedCredentials
from serving.auth.caller import AccessScope, AuthenticationError, Caller, KeysOutdatedError, Refusal
from serving.auth.rate_limits import RateLimitStatus
from serving.http.problems import Problem, ProblemKind
from serving.telemetry.request_tracing import trace_id_of

CALLER_KEY = "triage.caller"


def set_caller(scope: RequestScope, caller: Caller) -> None:
    """Let a request in as that caller's."""
    scope[CALLER_KEY] = caller


def caller_of(request: Request) -> Caller:
    """Who asks.

    Raises:
        Problem: 401 where nobody was let in: what is not said to be allowed is refused.
    """
    caller: Caller | None = request.scope.get(CALLER_KEY)
    if caller is None:
        raise Problem(401, "who asks is not known", kind=ProblemKind.UNAUTHENTICATED)
    return caller


def is_authenticated(request: Request) -> bool:
    """Whether somebody was let in: what is open to everybody tells them more."""
    return CALLER_KEY in request.scope


def require_scope(request: Request, scope: AccessScope) -> Caller:
    """Who asks, if that is allowed to them.

    Raises:
        Problem: 401 as `caller_of`, 403 where it is not allowed.
    """
    caller = caller_of(request)
    check_scope(caller, scope)
    return caller


def check_scope(caller: Caller, scope: AccessScope) -> None:
    """Refuse what is not allowed to a caller.

    Raises:
        Problem: 403.
    """
    if not caller.may(scope):
        mend = f"ask whoever gave out your key or token for the scope {scope}"
        raise Problem(403, f"this takes the scope {scope}", mend=mend, kind=ProblemKind.FORBIDDEN)


def check_sites(caller: Caller, sites: Iterable[str], inside: str = "") -> None:
    """Refuse cases of sites that the caller does not see. sites: of each case, in order.

    inside: the field of a case that holds the site, with its point; the case itself by default.

    Raises:
        Problem: 403 that names the first such case; the sites of others it does not name.
    """
    if caller.sites is None:
        return
    for row, site in enumerate(sites):
        if not caller.sees(site):
            field = {
                "field": f"cases[{row}].{inside}{SITE_ID}",
                "got": "a site that is not yours",
                "takes": "a site that your key or token names",
            }
            detail = "a case is of a site that is not yours; nothing was done"
            raise Problem(403, detail, [field], kind=ProblemKind.FORBIDDEN)


PUBLIC_PATHS = frozenset({"/livez", "/readyz"})
"""Addresses for everybody: they tell a stranger one word."""
RETRY_UNTIL_LOADED = 2
RETRY_UNTIL_AUDIT_READ = 5
RETRY_AFTER_FAILURES = 60
CHALLENGE = (b"www-authenticate", b"Bearer")
RawHeaders = list[tuple[bytes, bytes]]
LOG = logging.getLogger("triage.access")


class AuthenticationMiddleware:
    """Asks the gate of the application; without one nobody is let in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answering = HeaderAppender(send)
        try:
            await self._let_in(scope, answering)
        except Problem as problem:
            await problem.response(trace_id_of(scope))(scope, receive, answering)
            return
        await self.app(scope, receive, answering)

    async def _let_in(self, scope: Scope, answering: HeaderAppender) -> None:
        gate: Authenticator | None = getattr(scope["app"].state, "gate", None)
        if scope["path"] in PUBLIC_PATHS:
            await _identify_if_possible(scope, gate)
            return
        await authenticate(scope, gate, answering.headers)


async def authenticate(scope: Scope, gate: Authenticator | None, headers: RawHeaders) -> None:
    """Let a request in as somebody's. headers: what the answer has to say of it is added.

    Raises:
        Problem: 401, 429, 503: it is not let in.
    """
    if gate is None:
        mend = "try again in a few seconds"
        raise Problem(
            503, "the service is still loading", mend=mend, retry_after=RETRY_UNTIL_LOADED
        )
    try:
        caller = await _identify_caller(scope, gate)
    except Problem as problem:
        headers += [CHALLENGE] if problem.status == 401 else []
        raise
    if gate.is_limited(caller):
        await _count_request(gate, caller, headers)
    set_caller(scope, caller)


class HeaderAppender:
    """Sends what is answered with headers of the door's own."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.headers: RawHeaders = []

    async def __call__(self, message: Message) -> None:
        """One message of an answer."""
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *self.headers]
        await self.send(message)


async def _identify_if_possible(scope: Scope, gate: Authenticator | None) -> None:
    """Let in whoever is known, and everybody else as nobody."""
    if gate is not None:
        try:
            set_caller(scope, await gate.caller(_presented_credentials(scope)))
        except (AuthenticationError, KeysOutdatedError):
            return


async def _identify_caller(scope: Scope, gate: Authenticator) -> Caller:
    shown = _presented_credentials(scope)
    try:
        return await gate.caller(shown)
    except KeysOutdatedError as error:
        mend = "try again later; whoever runs the service: see /readyz and `triage doctor`"
        kind = ProblemKind.RECORD_AWAY
        raise Problem(
            503, f"{error}", mend=mend, retry_after=RETRY_UNTIL_AUDIT_READ, kind=kind
        ) from error
    except AuthenticationError as error:
        LOG.info("refused: %s (trace %s)", error.reason, trace_id_of(scope))
        if error.reason is Refusal.NOTHING_SHOWN or await gate.limits.failed(shown.peer):
            raise _unauthenticated_problem() from None
        raise _rate_limit_problem(RETRY_AFTER_FAILURES) from None


async def _count_request(gate: Authenticator, caller: Caller, headers: RawHeaders) -> None:
    budget: RateLimitStatus = await gate.limits.spend(caller.name)
    headers.append((b"ratelimit-policy", gate.limits.policy.encode()))
    if budget.told:
        headers.append((b"ratelimit", budget.told.encode()))
    if not budget.allowed:
        raise _rate_limit_problem(budget.seconds)


def _presented_credentials(scope: Scope) -> PresentedCredentials:
    headers = Headers(scope=scope)
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    return PresentedCredentials(headers.getlist("authorization"), peer, headers.get("host", ""))


def _unauthenticated_problem() -> Problem:
    """The same whatever was wrong: it is no help to whoever tries."""
    mend = "show a key (`triage keys create`) or a token: Authorization: Bearer ..."
    return Problem(401, "who asks is not known", mend=mend, kind=ProblemKind.UNAUTHENTICATED)


def _rate_limit_problem(seconds: int) -> Problem:
    mend = "ask again once the time in Retry-After is over"
    return Problem(429, "too many requests", mend=mend, retry_after=seconds)
