"""Who asks, from the request: set once at the door, looked up by whatever is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import Scope as RequestScope

from data.contracts.sites import SITE_ID
from serving.api.problem_kind import ProblemKind
from serving.api.problems import Problem
from serving.caller import Caller, Scope

IN_SCOPE = "triage.caller"


def admit(scope: RequestScope, caller: Caller) -> None:
    """Let a request in as that caller's."""
    scope[IN_SCOPE] = caller


def caller_of(request: Request) -> Caller:
    """Who asks.

    Raises:
        Problem: 401 where nobody was let in: what is not said to be allowed is refused.
    """
    caller: Caller | None = request.scope.get(IN_SCOPE)
    if caller is None:
        raise Problem(401, "who asks is not known", kind=ProblemKind.UNAUTHENTICATED)
    return caller


def known(request: Request) -> bool:
    """Whether somebody was let in: what is open to everybody tells them more."""
    return IN_SCOPE in request.scope


def require(request: Request, scope: Scope) -> Caller:
    """Who asks, if that is allowed to them.

    Raises:
        Problem: 401 as `caller_of`, 403 where it is not allowed.
    """
    caller = caller_of(request)
    allowed(caller, scope)
    return caller


def allowed(caller: Caller, scope: Scope) -> None:
    """Refuse what is not allowed to a caller.

    Raises:
        Problem: 403.
    """
    if not caller.may(scope):
        mend = f"ask whoever gave out your key or token for the scope {scope}"
        raise Problem(403, f"this takes the scope {scope}", mend=mend, kind=ProblemKind.FORBIDDEN)


def only_own_sites(caller: Caller, sites: Iterable[str], inside: str = "") -> None:
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
