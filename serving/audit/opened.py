"""The record of a lake, as the settings say where it is."""

from __future__ import annotations

from data.lake import Lake
from serving.audit.settings import AuditSettings
from serving.audit.store import AuditStore


def open_audit(lake: Lake, settings: AuditSettings | None = None) -> AuditStore:
    """The record that belongs to the lake, made if it is not there.

    Raises:
        AuditUnavailableError: it cannot be written.
        ValueError: settings that cannot be used.
    """
    found = settings or AuditSettings()
    return AuditStore.open(found.url or lake.audit, found.tenant)
