"""Audit entries about the service itself.

Started (with models, policy and settings), policy changed, stopped.
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from serving.audit.log.entry import Draft, Entry, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import DuplicateEntryError
from serving.audit.settings import AuditSettings
from serving.pipeline.engine import Engine
from serving.runtime.context import service_context
from serving.runtime.settings import ServiceSettings

# A change of policy is named after what it follows, so that of several workers that start at
# once with a new policy one records it.
POLICY_CHANGE_NAMESPACE = uuid.UUID("a54b3c5e-6f0e-5b43-9d7a-2f6f6f2f0c11")


@dataclass(frozen=True)
class LifecycleLog:
    """One process of the service, from start to stop."""

    engine: Engine
    settings: ServiceSettings
    audit_settings: AuditSettings

    def start(self) -> Entry:
        """Record that this process serves, and the policy if it is another than before.

        Raises:
            AuditUnavailableError: nothing was recorded, so nothing may be served.
        """
        said = self._what_serves()
        (entry,) = self.engine.audit.append([self._draft(EntryKind.SERVICE_STARTED, said)])
        self._policy()
        return entry

    def stop(self, started: Entry) -> Entry:
        """Record that this process has answered all that it had accepted, and stops.

        Raises:
            AuditUnavailableError: nothing was recorded.
        """
        said = self._draft(EntryKind.SERVICE_STOPPED, {"started": started.sequence})
        return self.engine.audit.append([said])[0]

    def _policy(self) -> None:
        policy = self.engine.policy
        changes = self.engine.audit.of_kind(EntryKind.POLICY_CHANGED)
        last = next((entry for entry in reversed(changes) if entry.body is not None), None)
        before = last and last.payload["digest"]
        if before == policy.digest:
            return
        said = {
            "version": policy.version,
            "digest": policy.digest,
            "before": before,
            "policy": policy.plain(),
        }
        named = str(uuid.uuid5(POLICY_CHANGE_NAMESPACE, f"{last and last.id}/{policy.digest}"))
        try:
            self.engine.audit.append([self._draft(EntryKind.POLICY_CHANGED, said, named)])
        except DuplicateEntryError:
            return  # another worker of this start was first, with the same

    def _draft(self, kind: EntryKind, said: dict[str, Any], identifier: str = "") -> Draft:
        context = service_context(self.engine.code).recorded()
        return new_draft(kind, said, context, self.engine.clock().isoformat(), id=identifier)

    def _what_serves(self) -> dict[str, Any]:
        """Everything an answer of this process hangs on, and what an auditor would ask first."""
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
        """The settings that matter to an auditor; of addresses no more than where they lead."""
        own = {"workers", "threads", "timeout_seconds", "max_body_bytes", "address"}
        kept = {"every_entries", "every_seconds", "keys_kept_hours", "tenant"}
        return {
            **self.settings.model_dump(mode="json", include=own),
            **self.audit_settings.model_dump(mode="json", include=kept),
            "record": redacted_address(str(self.engine.audit.engine.url)),
            "checkpoints": redacted_address(self.audit_settings.checkpoints),
        }


def redacted_address(address: str) -> str:
    """Kind, host and name of a database or a place, without who may enter and how.

    Of a file only that it is one: where it lies is nothing to anybody else.
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
