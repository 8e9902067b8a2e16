"""Promote a registered version to champion, or roll back to the champion before it.

A promotion checks the approval, exports the artefact, records the change and moves the pointer,
in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from data.lake import Lake
from models.task import TaskName
from training.approval.approval import Approval, check_approval
from training.approval.people import Duty
from training.card.render import publish_card
from training.registry.champion_pointer import (
    Champion,
    champion_lock,
    read_champion,
    write_champion,
)
from training.registry.export import PromotionError, export_version
from training.registry.mlflow_registry import CHALLENGER, CHAMPION, MlflowRegistry, open_registry
from training.registry.version_evidence import (
    MAIN_METRICS,
    VersionEvidence,
    json_finite,
    load_version_evidence,
)
from training.settings import DEMO_NOTICE


def promotion_message(new: Champion, approval: Approval) -> str:
    """Describe a promotion: who approved what, how, and what it replaces."""
    before = f"before it: version {new.previous[0].version}" if new.previous else "the first"
    lines = [
        f"{new.task}: version {new.version} is champion ({new.digest[:12]}; {before})",
        _who("approved", approval),
    ]
    if approval.override:
        lines.append("  by override; the record says so")
    return _message(lines, approval)


def rollback_message(back: Champion, left: Champion, approval: Approval) -> str:
    """Describe a rollback: what serves again, instead of what, and who decided."""
    lines = [
        f"{back.task}: back from version {left.version} to {back.version} ({back.digest[:12]})",
        _who("decided", approval),
    ]
    return _message(lines, approval)


def _who(what: str, approval: Approval) -> str:
    who = approval.approver
    why = f": {approval.reason}" if approval.reason else ""
    return f"  {what} by {who.name} ({who.role}; proved by {who.proved_by}){why}"


def _message(lines: list[str], approval: Approval) -> str:
    taken = "  a running service takes it within seconds, once it has tried it"
    return "\n".join([*lines, taken, *([f"  {DEMO_NOTICE}"] if approval.demo else [])])


PROMOTED = "model_promoted"
ROLLED_BACK_AT = "rolled_back_at"
"""Tag of a version that was taken out of service; empty once it serves again."""
AuditRecorder = Callable[[Mapping[str, Any]], object]


def promote(
    task: TaskName,
    lake: Lake,
    promoted_at: datetime,
    wanted: str | int = CHALLENGER,
    registry: MlflowRegistry | None = None,
    *,
    approval: Approval,
    record: AuditRecorder,
) -> Champion:
    """Check the approval, export and try the artefact, record, then point at it.

    wanted: a version number or an alias. record: writes the audit entry, durably, and raises
    if it cannot. The pointer is replaced in one step after that, so a reader sees the old
    champion or the new one, and none that is not in the record. A process that dies between
    leaves the old champion; promoting again is safe.

    Raises:
        LookupError: for a version that is not there, with those that are.
        PromotionError: if it may not be promoted, the artefact is damaged or does not repeat
            its golden rows, or the record cannot be written.
    """
    registry = registry or open_registry(lake)
    evidence = load_version_evidence(registry, task, registry.version(task, wanted))
    check_approval(approval, evidence)
    moment = promoted_at.astimezone(UTC).isoformat(timespec="seconds")
    with champion_lock(lake, task) as home:
        export_version(registry, task, evidence.version, home)
        before = read_champion(lake, task)
        new = Champion(
            str(task),
            evidence.version,
            evidence.digest,
            moment,
            approval.kind,
            approval.approver.name,
        ).after(before)
        record_change(record, PROMOTED, evidence, approval, new, before)
        write_champion(lake, task, new)
        registry.tag(task, evidence.version, approval_tags(evidence, approval, moment))
        registry.alias(task, CHAMPION, evidence.version)
        publish_card(registry, task, evidence.version, home)
    return new


def record_change(
    record: AuditRecorder,
    kind: str,
    evidence: VersionEvidence,
    approval: Approval,
    new: Champion,
    before: Champion | None,
) -> None:
    """The audit entry of a change, written before anything changes.

    Raises:
        PromotionError: it cannot be written.
    """
    named = None if before is None else {"version": before.version, "digest": before.digest}
    fields = {"kind": kind, "decided_at": new.promoted_at, "previous": named}
    try:
        record(json_finite(fields | evidence.as_json() | approval.as_json()))
    except (RuntimeError, OSError, ValueError) as error:
        raise PromotionError(
            f"the champion of {new.task} stays what it was: the record of the change could not be "
            f"written ({error})"
        ) from error


def approval_tags(evidence: VersionEvidence, approval: Approval, moment: str) -> dict[str, str]:
    """Return the tags that record an approval with the version."""
    main = {
        f"held_out_{m}": f"{evidence.metrics[m]:.4f}" for m in MAIN_METRICS if m in evidence.metrics
    }
    return main | {
        "approval": approval.kind,
        "approved_by": approval.approver.name,
        "approver_role": approval.approver.role,
        "approver_proved_by": approval.approver.proved_by,
        "approved_at": moment,
        "approval_reason": approval.reason,
        "approval_override": str(approval.override).lower(),
        "gates": evidence.gates,
        "data_manifest": evidence.data_digest,
        ROLLED_BACK_AT: "",
    }


def promote_by_alias(
    tasks: Sequence[TaskName],
    lake: Lake,
    now: datetime,
    registry: MlflowRegistry | None = None,
    *,
    approval: Approval,
    record: AuditRecorder,
) -> Iterator[Champion | PromotionError]:
    """Promote what the alias was moved to by hand; why not, where gates or approval refuse it.

    A task whose alias names the champion that serves, or nothing, is passed over.
    """
    registry = registry or open_registry(lake)
    for task in tasks:
        wanted, serves = registry.aliases(task).get(CHAMPION), read_champion(lake, task)
        if wanted is None or (serves and serves.version == wanted):
            continue
        try:
            yield promote(task, lake, now, wanted, registry, approval=approval, record=record)
        except PromotionError as error:
            yield error


ROLLED_BACK = "model_rolled_back"


def rollback(
    task: TaskName,
    lake: Lake,
    decided_at: datetime,
    registry: MlflowRegistry | None = None,
    *,
    approval: Approval,
    record: AuditRecorder,
) -> tuple[Champion, Champion]:
    """The champion that serves again, and the one that it takes the place of.

    Who approves may go back whoever trained: what comes back was approved before. It is
    loaded in a process of its own and recorded before the pointer moves, as in promotion.

    Raises:
        LookupError: there is no champion, or none before it; says what there is.
        PromotionError: without a reason, or when the record cannot be written.
    """
    approval.approver.allowed(Duty.APPROVE)
    if not approval.reason.strip():
        raise PromotionError(f"going back in {task} needs a reason (--reason), for the record")
    registry = registry or open_registry(lake)
    moment = decided_at.astimezone(UTC).isoformat(timespec="seconds")
    with champion_lock(lake, task) as home:
        left = read_champion(lake, task)
        back = replace(_before(left, registry, task), promoted_at=moment)
        assert left is not None
        back = replace(back, previous=left.previous[1:])
        export_version(registry, task, back.version, home)
        evidence = load_version_evidence(registry, task, back.version)
        record_change(record, ROLLED_BACK, evidence, approval, back, left)
        write_champion(lake, task, back)
        registry.tag(task, left.version, _tags("rolled_back", approval, moment))
        again = _tags("restored", approval, moment) | {ROLLED_BACK_AT: ""}
        registry.tag(task, back.version, again)
        registry.alias(task, CHAMPION, back.version)
        for version in (left.version, back.version):
            publish_card(registry, task, version, home)
    return back, left


def _before(current: Champion | None, registry: MlflowRegistry, task: TaskName) -> Champion:
    if current is None:
        raise LookupError(f"{task} has no champion to go back from; `triage promote {task}` first")
    if not current.previous:
        there = ", ".join(map(str, registry.versions(task)))
        raise LookupError(
            f"{task} has no previous champion: version {current.version} is the first. Registered "
            f"are versions {there}; `triage promote {task} --version N` takes one of them"
        )
    return current.previous[0]


def _tags(what: str, approval: Approval, moment: str) -> dict[str, str]:
    return {
        f"{what}_at": moment,
        f"{what}_by": approval.approver.name,
        f"{what}_reason": approval.reason,
        f"{what}_approval": approval.kind,
    }
