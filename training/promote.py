"""Promotion: a registered version becomes the champion that the service loads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from data.lake import Lake
from models.task import TaskName
from training.approval import Approval, PromotionError, check_approval
from training.card.keep import keep_card
from training.evidence import MAIN, Evidence, evidence, finite
from training.export import export, load_in_child
from training.pointer import Champion, champion, held, point
from training.registry import CHALLENGER, CHAMPION, Registry, open_registry

__all__ = ["Approval", "Champion", "PromotionError", "champion", "load_in_child", "promote"]

PROMOTED = "model_promoted"
ROLLED_BACK_AT = "rolled_back_at"
"""Tag of a version that was taken out of service; empty once it serves again."""
Record = Callable[[Mapping[str, Any]], object]


def promote(
    task: TaskName,
    lake: Lake,
    promoted_at: datetime,
    wanted: str | int = CHALLENGER,
    registry: Registry | None = None,
    *,
    approval: Approval,
    record: Record,
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
    found = evidence(registry, task, registry.version(task, wanted))
    check_approval(approval, found)
    moment = promoted_at.astimezone(UTC).isoformat(timespec="seconds")
    with held(lake, task) as home:
        export(registry, task, found.version, home)
        before = champion(lake, task)
        new = Champion(
            str(task), found.version, found.digest, moment, approval.kind, approval.approver.name
        ).after(before)
        write_entry(record, PROMOTED, found, approval, new, before)
        point(lake, task, new)
        registry.tag(task, found.version, tags(found, approval, moment))
        registry.alias(task, CHAMPION, found.version)
        keep_card(registry, task, found.version, home)
    return new


def write_entry(
    record: Record,
    kind: str,
    found: Evidence,
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
        record(finite(fields | found.as_json() | approval.as_json()))
    except (RuntimeError, OSError, ValueError) as error:
        raise PromotionError(
            f"the champion of {new.task} stays what it was: the record of the change could not be "
            f"written ({error})"
        ) from error


def tags(found: Evidence, approval: Approval, moment: str) -> dict[str, str]:
    """What the registry keeps of an approval, beside the version."""
    main = {f"held_out_{m}": f"{found.metrics[m]:.4f}" for m in MAIN if m in found.metrics}
    return main | {
        "approval": approval.kind,
        "approved_by": approval.approver.name,
        "approver_role": approval.approver.role,
        "approver_proved_by": approval.approver.proved_by,
        "approved_at": moment,
        "approval_reason": approval.reason,
        "approval_override": str(approval.override).lower(),
        "gates": found.gates,
        "data_manifest": found.data_digest,
        ROLLED_BACK_AT: "",
    }
