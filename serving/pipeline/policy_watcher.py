"""Let a running service take a policy as soon as it is approved, as it takes a promoted model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.log_host import LogHost
from serving.pipeline.policy_in_force import (
    PolicyHolder,
    read_approved_policy,
    record_policy_change,
)


class PolicyHost(LogHost, Protocol):
    """The engine as the watcher sees it."""

    @property
    def policies(self) -> PolicyHolder:
        """The policy that answers are made with."""


@dataclass
class PolicyWatcher:
    """Replaces the policy in force by one that was approved since.

    seen: sequence of the newest approval that was looked at; None before the first.
    """

    host: PolicyHost
    seen: int | None = None

    def look(self) -> bool:
        """Apply a new approval, and return whether the policy changed.

        The change is recorded before it takes effect. A policy that cannot be applied, or whose
        change cannot be recorded, leaves the one in force, and is looked at again.

        Raises:
            ValueError: this release cannot apply what was approved.
            AuditUnavailableError: the record cannot be read or written.
        """
        host = self.host
        newest = host.audit.newest([EntryKind.POLICY_APPROVED])
        if not newest or newest == self.seen:
            return False
        approved = read_approved_policy(host.audit.of_kind(EntryKind.POLICY_APPROVED)[-1])
        changed = approved.digest != host.policies.current.digest
        if changed:
            if record_policy_change(host.audit, approved, host.code, host.clock()):
                host.on_commit(1)
            host.policies.current = approved
        self.seen = newest
        return changed
