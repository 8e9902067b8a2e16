"""Who may do what, as the contract says it: schemes, scopes, limits of callers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.task import TaskName
from serving.api.problem_kind import ADDRESS
from serving.caller import Scope, scoring

Json = dict[str, Any]

BEARER = "bearer"
OPEN = frozenset({"/livez", "/readyz"})
EVERY_SITE = "; only what is of a site that the key or token names"

SCHEMES: Json = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of this service, or a JWT of the issuer that it trusts. Both "
        "name scopes and sites. Scopes: " + ", ".join(Scope) + EVERY_SITE + ". On the machine "
        "itself the service may be started without authentication",
    }
}

OF_PATH: Mapping[str, Scope] = {
    **{f"/v1/{name}": scoring(name) for name in TaskName},
    "/v1/recommendations/{identifier}": Scope.READ_REPORT,
    "/v1/recommendations/{identifier}/report": Scope.READ_REPORT,
    "/v1/recommendations/{identifier}/counterfactuals": Scope.READ_REPORT,
    "/v1/recommendations/{identifier}/decision": Scope.DECIDE,
    "/v1/recommendations/{identifier}/proof": Scope.READ_AUDIT,
    "/v1/audit/checkpoint": Scope.READ_AUDIT,
    "/v1/audit/key": Scope.READ_AUDIT,
    "/v1/models": Scope.READ_REPORT,
    "/v1/policy": Scope.READ_REPORT,
    "/v1/events": Scope.SEND_EVENTS,
    "/desk": Scope.READ_REPORT,
    "/desk/challenger": Scope.READ_REPORT,
    "/metrics": Scope.METRICS,
}

REFUSED: Mapping[str, str] = {
    "401": "Who asks is not proven",
    "403": "Not allowed to who asks: another scope, or another site",
    "429": "Too many requests of this caller, or the service is busy",
}

RATE_LIMIT: Json = {
    "RateLimit-Policy": {
        "description": "how many requests the caller has in how many seconds, where that is "
        'limited: `"caller";q=600;w=60`',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'what is left, and in how many seconds it is reset: `"caller";r=599;t=60`',
        "schema": {"type": "string"},
    },
}


def security(path: str) -> list[Json]:
    """What an address takes: the scope, or just to be known; nothing where it is open."""
    if path in OPEN:
        return []
    if path.startswith(ADDRESS.rstrip("/")):
        return [{BEARER: []}]
    return [{BEARER: [str(OF_PATH[path])] if path in OF_PATH else []}]
