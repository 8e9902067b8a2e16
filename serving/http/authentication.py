"""Authentication of requests, and the checks of scope and site that routes make on the caller."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from data.contracts.sites import SITE_ID
from serving.auth.authenticator import Authenticator, PresentedCredentials
from serving.auth.caller import AuthenticationError, Caller, KeysOutdatedError, Refusal
from serving.auth.rate_limits import RateLimitStatus
from serving.http.problems import Problem, ProblemKind
from serving.http.response_headers import RawHeaders
from serving.telemetry.request_tracing import trace_id_of

CALLER_KEY = "triage.caller"


def set_caller(scope: Scope, caller: Caller) -> None:
    """Note the caller of an authenticated request."""
    scope[CALLER_KEY] = caller


def caller_of(request: Request) -> Caller:
    """Return the caller of a request.

    Raises:
        Problem: 401 for a request that was not authenticated.
    """
    caller: Caller | None = request.scope.get(CALLER_KEY)
    if caller is None:
        raise Problem(401, "who asks is not known", kind=ProblemKind.UNAUTHENTICATED)
    return caller


def is_authenticated(request: Request) -> bool:
    """Return whether a request to a public address comes from a known caller."""
    return CALLER_KEY in request.scope


def require_scope(request: Request, scope: str) -> Caller:
    """Return the caller of a request who has that scope.

    Raises:
        Problem: 401 as `caller_of`, 403 for a caller without the scope.
    """
    caller = caller_of(request)
    check_scope(caller, scope)
    return caller


def check_scope(caller: Caller, scope: str) -> None:
    """Refuse a caller who lacks a scope.

    Raises:
        Problem: 403.
    """
    if not caller.may(scope):
        mend = f"ask whoever gave out your key or token for the scope {scope}"
        raise Problem(403, f"this takes the scope {scope}", mend=mend, kind=ProblemKind.FORBIDDEN)


def check_sites(caller: Caller, sites: Iterable[str], site_prefix: str = "") -> None:
    """Refuse cases of sites that the caller may not see.

    Args:
        caller: who sent the cases.
        sites: the site of each case, in order.
        site_prefix: prefix of the site's field within a case, such as "case."; empty for the case
            itself.

    Raises:
        Problem: 403 that names the first such case, but not its site.
    """
    if caller.sites is None:
        return
    for row, site in enumerate(sites):
        if not caller.sees(site):
            field = {
                "field": f"cases[{row}].{site_prefix}{SITE_ID}",
                "got": "a site that is not yours",
                "takes": "a site that your key or token names",
            }
            detail = "a case is of a site that is not yours; nothing was done"
            raise Problem(403, detail, [field], kind=ProblemKind.FORBIDDEN)


PUBLIC_PATHS = frozenset({"/livez", "/readyz"})
"""Addresses that need no authentication; an anonymous caller learns the status only."""
RETRY_UNTIL_LOADED = 2
RETRY_UNTIL_AUDIT_READ = 5
RETRY_AFTER_FAILURES = 60
CHALLENGE = (b"www-authenticate", b"Bearer")
LOG = logging.getLogger("triage.access")


async def authenticate(
    scope: Scope, authenticator: Authenticator | None, headers: RawHeaders
) -> None:
    """Set the caller of a request, and count the request against the caller's limits.

    Probes pass without credentials; they tell an authenticated caller more.

    Args:
        scope: of the request; gets the caller.
        authenticator: None while the service loads.
        headers: gets what the answer has to say: the challenge, or the limits and what is left.

    Raises:
        Problem: 401, 429 or 503; the request is refused.
    """
    if scope["path"] in PUBLIC_PATHS:
        await _identify_if_possible(scope, authenticator)
        return
    if authenticator is None:
        mend = "try again in a few seconds"
        raise Problem(
            503, "the service is still loading", mend=mend, retry_after=RETRY_UNTIL_LOADED
        )
    try:
        caller = await _identify_caller(scope, authenticator)
    except Problem as problem:
        headers += [CHALLENGE] if problem.status == 401 else []
        raise
    if authenticator.is_limited(caller):
        await _count_request(authenticator, caller, headers)
    set_caller(scope, caller)


async def _identify_if_possible(scope: Scope, authenticator: Authenticator | None) -> None:
    """Set the caller if the credentials hold; leave the request anonymous if not."""
    if authenticator is not None:
        try:
            set_caller(scope, await authenticator.caller(_presented_credentials(scope)))
        except (AuthenticationError, KeysOutdatedError):
            return


async def _identify_caller(scope: Scope, authenticator: Authenticator) -> Caller:
    presented = _presented_credentials(scope)
    try:
        return await authenticator.caller(presented)
    except KeysOutdatedError as error:
        mend = "try again later; whoever runs the service: see /readyz and `triage doctor`"
        kind = ProblemKind.RECORD_AWAY
        raise Problem(
            503, f"{error}", mend=mend, retry_after=RETRY_UNTIL_AUDIT_READ, kind=kind
        ) from error
    except AuthenticationError as error:
        LOG.info("refused: %s (trace %s)", error.reason, trace_id_of(scope))
        if error.reason is Refusal.NOTHING_SHOWN or await authenticator.limits.failed(
            presented.peer
        ):
            raise _unauthenticated_problem() from None
        raise _rate_limit_problem(RETRY_AFTER_FAILURES) from None


async def _count_request(authenticator: Authenticator, caller: Caller, headers: RawHeaders) -> None:
    budget: RateLimitStatus = await authenticator.limits.spend(caller.name)
    headers.append((b"ratelimit-policy", authenticator.limits.policy.encode()))
    if budget.header:
        headers.append((b"ratelimit", budget.header.encode()))
    if not budget.allowed:
        raise _rate_limit_problem(budget.seconds)


def _presented_credentials(scope: Scope) -> PresentedCredentials:
    headers = Headers(scope=scope)
    client = scope.get("client")
    peer = str(client[0]) if client else ""
    return PresentedCredentials(headers.getlist("authorization"), peer, headers.get("host", ""))


def _unauthenticated_problem() -> Problem:
    """Return the same 401 whatever was wrong, so that it helps no attacker."""
    mend = "show a key (`triage keys create`) or a token: Authorization: Bearer ..."
    return Problem(401, "who asks is not known", mend=mend, kind=ProblemKind.UNAUTHENTICATED)


def _rate_limit_problem(seconds: int) -> Problem:
    mend = "ask again once the time in Retry-After is over"
    return Problem(429, "too many requests", mend=mend, retry_after=seconds)
