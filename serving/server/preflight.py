"""Checks before the service is started.

Authentication mode for the host, credentials, audit log, policy, event settings, port.
"""

from __future__ import annotations

from datetime import UTC, datetime

from data.lake import Lake
from serving.audit.factory import open_audit
from serving.audit.log.store import AuditStore
from serving.auth.key_ring import KeyRing
from serving.events.settings import EventSettings
from serving.pipeline.policy_in_force import policy_in_force
from serving.runtime.settings import AuthMode, AuthSettings, ServiceSettings, is_loopback
from serving.server.doctor import check_port
from serving.server.supervisor import ServiceError

MODE, ISSUER = "TRIAGE_AUTH_MODE", "TRIAGE_AUTH_ISSUER"
CREDENTIAL_CHOICES = (
    "make a key (`triage keys create`), or set TRIAGE_AUTH_ISSUER, or listen on 127.0.0.1, ::1 or "
    "localhost"
)


def auth_mode_for(host: str, settings: AuthSettings) -> AuthMode:
    """Return who needs no credentials at a host: at most callers on this machine.

    Raises:
        ServiceError: others can reach the host, and the settings would let everybody in.
    """
    is_set = "mode" in settings.model_fields_set
    if is_loopback(host):
        return settings.mode if is_set or settings.issuer else AuthMode.LOCAL
    if is_set and settings.mode is AuthMode.LOCAL:
        raise ServiceError(
            f"host {host!r} can be reached by others, and TRIAGE_AUTH_MODE=local asks nobody who "
            f"they are; {CREDENTIAL_CHOICES}"
        )
    return AuthMode.REQUIRED


def require_local_mode(host: str) -> None:
    """Refuse a command that calls the service without credentials, where it needs them.

    Raises:
        ServiceError: naming what makes the service take a key or token.
    """
    settings = AuthSettings()
    if auth_mode_for(host, settings) is AuthMode.LOCAL:
        return
    why = "TRIAGE_AUTH_MODE=required" if "mode" in settings.model_fields_set else ISSUER
    raise ServiceError(
        f"{why} makes the service take a key or token, and this asks it without one; set "
        "TRIAGE_AUTH_MODE=local to let in whoever is on this machine, or run `triage serve`"
    )


def require_credentials(audit: AuditStore, host: str) -> None:
    """Refuse to listen where authentication is needed and no caller could authenticate.

    Raises:
        ServiceError: naming the host and what it takes.
        AuditUnavailableError: the record cannot be read.
    """
    settings, ring = AuthSettings(), KeyRing(audit)
    if settings.issuer:
        return
    ring.read()
    if not (settings.api_keys and ring.live(datetime.now(UTC))):
        raise ServiceError(
            f"at host {host!r} authentication is needed, and there is neither an API key nor an "
            f"issuer of tokens; {CREDENTIAL_CHOICES}"
        )


def check_can_start(lake: Lake, host: str, port: int, mode: AuthMode = AuthMode.LOCAL) -> None:
    """Check what would end the service right after its start, so that it is said in one line.

    Raises:
        ServiceError, AuditUnavailableError, ValueError: as `run_service` says.
    """
    audit = open_audit(lake)
    try:
        audit.check()
        if mode is AuthMode.REQUIRED:
            require_credentials(audit, host)
        policy_in_force(audit, ServiceSettings().policy)
    finally:
        audit.close()
    EventSettings().checked()
    if not (port_check := check_port(host, port)).well:
        raise ServiceError(f"{port_check.found}; {port_check.mend}")
