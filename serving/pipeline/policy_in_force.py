"""The policy in force: the one approved last; before a first approval, the file or the built-in.

Once an approval is on record, a policy file that nobody approved is not applied: the service stays
on what was approved last, and says how the file gets approved.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from serving.audit.log.entry import Entry, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import DuplicateEntryError
from serving.audit.log.store import AuditStore
from serving.policy.policy import Policy, parse_policy
from serving.runtime.context import service_context
from serving.tasks.policy_file import complete_policy, load_policy

LOG = logging.getLogger("triage")
SHOWN_DIGITS = 12

# The id of a policy change is derived from the change before it: of several workers that take a
# new policy at the same time, one records it and the others find it recorded.
POLICY_CHANGE_NAMESPACE = uuid.UUID("a54b3c5e-6f0e-5b43-9d7a-2f6f6f2f0c11")


@dataclass(frozen=True)
class PolicyChoice:
    """The policy to apply. warning: why it is not the one that the settings name; "" if it is."""

    policy: Policy
    warning: str = ""


@dataclass
class PolicyHolder:
    """Holds the policy in force; a request reads `current` once and keeps what it read."""

    current: Policy


def policy_in_force(record: AuditStore, file: Path | None = None) -> Policy:
    """Return the policy to apply, and log the warning where it is not that of the file.

    Raises:
        ValueError: as `choose_policy`.
    """
    choice = choose_policy(record, file)
    if choice.warning:
        LOG.warning(choice.warning)
    return choice.policy


def choose_policy(record: AuditStore, file: Path | None = None) -> PolicyChoice:
    """Choose the policy approved last; without an approval that of the file, else the built-in.

    An approved policy that this release cannot apply gives way to the file, so that one that it
    can apply may be proposed while the service runs.

    Raises:
        ValueError: the file cannot be read, or neither file nor approved policy can be applied.
    """
    approvals = record.of_kind(EntryKind.POLICY_APPROVED)
    if not approvals:
        return PolicyChoice(load_policy(file))
    try:
        approved = read_approved_policy(approvals[-1])
    except ValueError as error:
        if file is None:
            raise
        return PolicyChoice(load_policy(file), f"{error}; until then {file} is applied")
    if file is None:
        return PolicyChoice(approved)
    stated = load_policy(file)
    if stated.digest == approved.digest:
        return PolicyChoice(approved)
    return PolicyChoice(approved, _unapproved_warning(file, stated, approvals[-1]))


def read_approved_policy(approval: Entry) -> Policy:
    """Read the policy of an approval.

    Raises:
        ValueError: this release cannot apply it.
    """
    approved = approval.payload
    try:
        return complete_policy(parse_policy(approved["policy"]))
    except ValueError as error:
        raise ValueError(
            f"approved policy {approved['digest'][:SHOWN_DIGITS]} cannot be applied: {error}; "
            "name the file of one that can in TRIAGE_POLICY, propose it and have it approved"
        ) from error


def find_approval(record: AuditStore, digest: str, until: int | None = None) -> Entry | None:
    """Return the last approval of a policy, recorded before entry `until`; None without one."""
    return next(
        (
            entry
            for entry in reversed(record.of_kind(EntryKind.POLICY_APPROVED))
            if entry.payload["digest"] == digest and (until is None or entry.sequence < until)
        ),
        None,
    )


def record_policy_change(
    record: AuditStore, policy: Policy, code: str, now: datetime
) -> Entry | None:
    """Record the policy that is applied from now on; None if it is the one recorded last.

    Args:
        record: the audit log.
        policy: what is applied.
        code: version of the running code.
        now: when, UTC.

    Raises:
        AuditUnavailableError: nothing was recorded, so it may not be applied.
    """
    changes = record.of_kind(EntryKind.POLICY_CHANGED)
    last = next((entry for entry in reversed(changes) if entry.body is not None), None)
    before = last and last.payload["digest"]
    if before == policy.digest:
        return None
    approval = find_approval(record, policy.digest)
    said: Mapping[str, Any] = {
        "version": policy.version,
        "digest": policy.digest,
        "before": before,
        "approval": approval and approval.sequence,
        "policy": policy.plain(),
    }
    named = str(uuid.uuid5(POLICY_CHANGE_NAMESPACE, f"{last and last.id}/{policy.digest}"))
    context = service_context(code).recorded()
    draft = new_draft(EntryKind.POLICY_CHANGED, said, context, now.isoformat(), id=named)
    try:
        return record.append([draft])[0]
    except DuplicateEntryError:
        return None  # another worker was first, with the same


def _unapproved_warning(file: Path, stated: Policy, approval: Entry) -> str:
    approved = approval.payload
    return (
        f"policy {file} (version {stated.version}, digest {stated.digest[:SHOWN_DIGITS]}) is not "
        f"applied: nobody approved it. The policy in force is version {approved['version']}, "
        f"digest {approved['digest'][:SHOWN_DIGITS]}, approved on {approval.recorded_at[:10]} "
        f"(entry {approval.sequence}). To change it: `triage policy propose {file} --by NAME "
        "--reason WHY`, then somebody else runs `triage policy approve "
        f"{stated.digest[:SHOWN_DIGITS]} --by NAME`"
    )
