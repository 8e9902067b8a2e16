"""Changes of the policy: proposed by one person, approved by another, both in the audit log.

A running service takes an approved policy within seconds, and records the change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from serving.audit.log.entry import Entry, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.pseudonym import Pseudonyms
from serving.pipeline.policy_in_force import SHOWN_DIGITS, find_approval
from serving.policy.explanation import StatedValue, changed_values, value_at_level
from serving.policy.policy import Policy
from serving.runtime.context import command_context
from serving.tasks.policy_file import load_policy


def propose_policy(
    record: AuditStore,
    people: Pseudonyms,
    policy: Policy,
    in_force: Policy,
    said: Mapping[str, Any],
    by: str,
    now: datetime,
) -> Entry:
    """Record a proposal.

    Args:
        record: the audit log.
        people: makes the pseudonym of the proposer.
        policy: what is proposed.
        in_force: what it would replace.
        said: role and reason of the proposer, and the figures of a what-if or None.
        by: name of the proposer.
        now: when, UTC.

    Raises:
        ValueError: nothing would change.
        AuditUnavailableError: nothing was recorded.
    """
    if policy.digest == in_force.digest and _needs_no_approval(record, policy):
        raise ValueError(f"policy {policy.digest[:SHOWN_DIGITS]} is the one in force")
    changes = changed_values(in_force.plain(), policy.plain())
    fields = {
        **said,
        "version": policy.version,
        "digest": policy.digest,
        "before": in_force.digest,
        "changes": [one._asdict() for one in changes],
        "policy": policy.plain(),
        "proposed_by": _pseudonym(people, by),
    }
    return _append(record, EntryKind.POLICY_PROPOSED, fields, "triage policy propose", now)


def approve_policy(
    record: AuditStore,
    people: Pseudonyms,
    digest: str,
    in_force: Policy,
    by: str,
    role: str,
    now: datetime,
) -> Entry:
    """Record the approval of a proposal; a running service applies it within seconds.

    digest: of the proposed policy, or the start of it. The other arguments are as in
    `propose_policy`.

    Raises:
        LookupError: no proposal, or several, have that digest.
        ValueError: the proposer would approve, or another policy is in force than when it was
            proposed.
        AuditUnavailableError: nothing was recorded.
    """
    proposed = _find_proposal(record, digest)
    proposal, person = proposed.payload, _pseudonym(people, by)
    if person == proposal["proposed_by"]:
        raise ValueError(
            f"{by.strip()} proposed policy {proposal['digest'][:SHOWN_DIGITS]}; somebody else "
            "approves it"
        )
    if proposal["before"] != in_force.digest:
        raise ValueError(
            f"policy {proposal['digest'][:SHOWN_DIGITS]} was proposed in place of "
            f"{proposal['before'][:SHOWN_DIGITS]}, and {in_force.digest[:SHOWN_DIGITS]} is in "
            "force; propose it again"
        )
    kept = ("version", "digest", "before", "policy", "proposed_by", "reason")
    fields = {
        **{name: proposal[name] for name in kept},
        "proposal": proposed.sequence,
        "approved_by": person,
        "role": role,
    }
    return _append(record, EntryKind.POLICY_APPROVED, fields, "triage policy approve", now)


def find_change(record: AuditStore, path: str, stated: StatedValue) -> Entry | None:
    """Return the recorded change of policy that brought a value to where it is stated.

    It is the first of the changes up to the last one that all state that value there; None if the
    last one does not, so that no service has started with it.
    """
    found = None
    for entry in reversed(record.of_kind(EntryKind.POLICY_CHANGED)):
        plain = entry.payload["policy"] if entry.body is not None else {}
        if value_at_level(plain, path, stated.level, stated.id) != stated.value:
            break
        found = entry
    return found


def _needs_no_approval(record: AuditStore, policy: Policy) -> bool:
    """Return whether a policy is approved, or comes with this release; a file of before is not."""
    return policy.digest == load_policy().digest or find_approval(record, policy.digest) is not None


def _find_proposal(record: AuditStore, digest: str) -> Entry:
    proposals = {one.payload["digest"]: one for one in record.of_kind(EntryKind.POLICY_PROPOSED)}
    found = [name for name in proposals if name.startswith(digest)]
    if len(found) != 1:
        listed = ", ".join(name[:SHOWN_DIGITS] for name in found or proposals) or "none"
        raise LookupError(f"{len(found)} proposals have the digest {digest!r}; there are {listed}")
    return proposals[found[0]]


def _pseudonym(people: Pseudonyms, name: str) -> str:
    """Return a person's pseudonym; capitals do not make another person."""
    return people.of(name.strip().casefold())


def _append(
    record: AuditStore, kind: EntryKind, fields: Mapping[str, Any], command: str, now: datetime
) -> Entry:
    context = command_context(command).recorded()
    draft = new_draft(kind, fields, context, now.isoformat(), about=fields["digest"])
    return record.append([draft])[0]
