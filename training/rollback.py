"""Rollback: the champion before this one is champion again, in one step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from data.lake import Lake
from models.task import TaskName
from training.approval import Approval, PromotionError
from training.card.keep import keep_card
from training.evidence import evidence
from training.export import export
from training.people import Duty
from training.pointer import Champion, champion, held, point
from training.promote import ROLLED_BACK_AT, Record, write_entry
from training.registry import CHAMPION, Registry, open_registry

ROLLED_BACK = "model_rolled_back"


def rollback(
    task: TaskName,
    lake: Lake,
    decided_at: datetime,
    registry: Registry | None = None,
    *,
    approval: Approval,
    record: Record,
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
    with held(lake, task) as home:
        left = champion(lake, task)
        back = replace(_before(left, registry, task), promoted_at=moment)
        assert left is not None
        back = replace(back, previous=left.previous[1:])
        export(registry, task, back.version, home)
        found = evidence(registry, task, back.version)
        write_entry(record, ROLLED_BACK, found, approval, back, left)
        point(lake, task, back)
        registry.tag(task, left.version, _tags("rolled_back", approval, moment))
        again = _tags("restored", approval, moment) | {ROLLED_BACK_AT: ""}
        registry.tag(task, back.version, again)
        registry.alias(task, CHAMPION, back.version)
        for version in (left.version, back.version):
            keep_card(registry, task, version, home)
    return back, left


def _before(current: Champion | None, registry: Registry, task: TaskName) -> Champion:
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
