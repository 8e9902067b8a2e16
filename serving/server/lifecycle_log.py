"""Audit entries about the service: started (with models and settings), policy changed, stopped."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from serving.audit.log.entry import Draft, Entry, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.pipeline.engine import Engine
from serving.pipeline.policy_in_force import record_policy_change
from serving.runtime.context import service_context
from serving.runtime.settings import AuditSettings, ServiceSettings


@dataclass(frozen=True)
class LifecycleLog:
    """Records start and stop of one worker process."""

    engine: Engine
    settings: ServiceSettings
    audit_settings: AuditSettings

    def start(self) -> Entry:
        """Record that this process serves, and the policy if it differs from the recorded one.

        Raises:
            AuditUnavailableError: nothing was recorded, so nothing may be served.
        """
        serving = self._what_serves()
        (entry,) = self.engine.audit.append([self._draft(EntryKind.SERVICE_STARTED, serving)])
        engine = self.engine
        record_policy_change(engine.audit, engine.policy, engine.code, engine.clock())
        return entry

    def stop(self, started: Entry) -> Entry:
        """Record that this process has answered everything it accepted, and stops.

        Raises:
            AuditUnavailableError: nothing was recorded.
        """
        draft = self._draft(EntryKind.SERVICE_STOPPED, {"started": started.sequence})
        return self.engine.audit.append([draft])[0]

    def _draft(self, kind: EntryKind, said: dict[str, Any]) -> Draft:
        context = service_context(self.engine.code).recorded()
        return new_draft(kind, said, context, self.engine.clock().isoformat())

    def _what_serves(self) -> dict[str, Any]:
        """Return everything that answers of this process depend on: models, policy, profiles."""
        engine, active = self.engine, self.engine.models.current
        profiles = active.profiles
        return {
            "host": socket.gethostname(),
            "process": os.getpid(),
            "models": {
                str(name): {
                    "version": champion.version,
                    "digest": champion.model.digest,
                    "feature_schema": champion.feature_schema,
                }
                for name, champion in active.champions.items()
            },
            "not_served": {str(name): missing.why for name, missing in active.missing.items()},
            "policy": {"version": engine.policy.version, "digest": engine.policy.digest},
            "snapshot_id": profiles and profiles.snapshot_id,
            "features_as_of": profiles and profiles.as_of.isoformat(),
            "settings": self._settings(),
        }

    def _settings(self) -> dict[str, Any]:
        """Return the settings that matter to an auditor, with credentials removed."""
        own = {"workers", "threads", "timeout_seconds", "max_body_bytes", "address"}
        kept = {"every_entries", "every_seconds", "keys_kept_hours", "tenant"}
        return {
            **self.settings.model_dump(mode="json", include=own),
            **self.audit_settings.model_dump(mode="json", include=kept),
            "record": redacted_address(str(self.engine.audit.engine.url)),
            "checkpoints": redacted_address(self.audit_settings.checkpoints),
        }


def redacted_address(address: str) -> str:
    """Return kind, host and name of a database or storage, without credentials.

    Of a file only the kind is returned: its path is nobody else's business.
    """
    if "://" not in address:
        return "folder"
    if address.startswith("sqlite"):
        return "sqlite"
    if address.startswith("postgresql"):
        url = sa.make_url(address)
        return f"postgresql://{url.host or 'socket'}/{url.database}"
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
