"""Roll back to the previous champion, on the record, in one step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from data.lake import Lake
from models.task import TaskName
from training.approval.approval import Approval
from training.approval.people import Duty
from training.card.render import publish_card
from training.promotion.promote import ROLLED_BACK_AT, AuditRecorder, record_change
from training.registry.champion_pointer import (
    Champion,
    champion_lock,
    read_champion,
    write_champion,
)
from training.registry.export import PromotionError, export_version
from training.registry.mlflow_registry import CHAMPION, MlflowRegistry, open_registry
from training.registry.version_evidence import load_version_evidence

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
        found = load_version_evidence(registry, task, back.version)
        record_change(record, ROLLED_BACK, found, approval, back, left)
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
