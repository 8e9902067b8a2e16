"""Changes of the policy: proposed by one person, approved by another, both in the audit log.

The service takes the file that `TRIAGE_POLICY` names, else the policy that was approved last, else
the built-in one. What it takes is recorded when it starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from serving.audit.log.entry import Entry, new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.pseudonym import Pseudonyms
from serving.policy.explanation import StatedValue, changed_values, value_at_level
from serving.policy.policy import Policy, parse_policy
from serving.runtime.context import command_context
from serving.tasks.policy_file import complete_policy, load_policy

SHOWN_DIGITS = 12


def policy_in_force(record: AuditStore, file: Path | None = None) -> Policy:
    """Return the policy of a file, else the one approved last, else the built-in one.

    Raises:
        ValueError: the file, or the approved policy, is not one that this release can apply.
    """
    approvals = record.of_kind(EntryKind.POLICY_APPROVED)
    if file is not None or not approvals:
        return load_policy(file)
    approved = approvals[-1].payload
    try:
        return complete_policy(parse_policy(approved["policy"]))
    except ValueError as error:
        raise ValueError(
            f"approved policy {approved['digest'][:SHOWN_DIGITS]} cannot be applied: {error}; "
            "propose one that can, with TRIAGE_POLICY set to its file until it is approved"
        ) from error


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
    if policy.digest == in_force.digest:
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
    """Record the approval of a proposal; the service applies it from its next start.

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
