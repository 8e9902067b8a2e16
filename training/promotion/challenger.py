"""Set or remove the challenger.

It scores in shadow and may answer a share of the cases (canary).
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.atomic_file import write_text_atomically
from data.lake import Lake
from models.task import TaskName
from training.approval.approval import Approval, check_approval
from training.approval.people import Duty
from training.promotion.promote import AuditRecorder
from training.registry.champion_pointer import champion_lock, read_champion
from training.registry.export import PromotionError, export_version
from training.registry.mlflow_registry import CHALLENGER, MlflowRegistry, open_registry
from training.registry.version_evidence import json_finite, load_version_evidence

CHALLENGER_POINTER = "challenger.json"
CHALLENGER_SET = "challenger_set"
CHALLENGER_ENDED = "challenger_ended"


@dataclass(frozen=True)
class Challenger:
    """share: of the cases that it answers, 0 to 1; seed draws them. since: ISO 8601, UTC."""

    task: str
    version: int
    digest: str
    since: str
    share: float
    seed: str
    approval: str
    approved_by: str


def set_challenger(
    task: TaskName,
    lake: Lake,
    at: datetime,
    wanted: str | int = CHALLENGER,
    share: float = 0.0,
    registry: MlflowRegistry | None = None,
    *,
    approval: Approval,
    record: AuditRecorder,
) -> Challenger:
    """Let a version score beside the champion; with a share, let it answer that many cases.

    Whoever may approve may have one score in shadow, where nobody acts on it. A share takes
    what a promotion takes. It is exported, tried and on record before the service sees it.

    Raises:
        LookupError: for a version that is not there, with those that are.
        PromotionError: it may not, is damaged, or the record cannot be written.
        ValueError: a share that is none, or the champion as its own challenger.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"--canary takes a share from 0 to 1, got {share:g}")
    registry = registry or open_registry(lake)
    found = load_version_evidence(registry, task, registry.version(task, wanted))
    approval.approver.allowed(Duty.APPROVE)
    if share:
        check_approval(approval, found)
    moment = at.astimezone(UTC).isoformat(timespec="seconds")
    with champion_lock(lake, task) as home:
        now = read_champion(lake, task)
        if now and now.digest == found.digest:
            raise ValueError(f"version {found.version} is the champion of {task} already")
        export_version(registry, task, found.version, home)
        before = _read(home)
        new = Challenger(
            str(task), found.version, found.digest, moment, share, _seed(before, found.digest),
            approval.kind, approval.approver.name,
        )  # fmt: skip
        said = {
            "kind": CHALLENGER_SET,
            "decided_at": moment,
            "share": share,
            "champion": now and now.version,
        }
        _record_change(record, said | found.as_json() | approval.as_json(), task)
        write_text_atomically(home / CHALLENGER_POINTER, json.dumps(asdict(new), indent=1) + "\n")
    return new


def remove_challenger(
    task: TaskName, lake: Lake, at: datetime, *, approval: Approval, record: AuditRecorder
) -> int:
    """Let the challenger score no more; its version.

    Raises:
        LookupError: the task has none.
        PromotionError: the record cannot be written.
    """
    approval.approver.allowed(Duty.APPROVE)
    with champion_lock(lake, task) as home:
        before = _read(home)
        if not before:
            raise LookupError(f"{task} has no challenger; `triage challenge {task}` names one")
        moment = at.astimezone(UTC).isoformat(timespec="seconds")
        named = {"task": str(task), "version": before["version"], "digest": before["digest"]}
        said = {"kind": CHALLENGER_ENDED, "decided_at": moment} | named | approval.as_json()
        _record_change(record, said, task)
        (home / CHALLENGER_POINTER).unlink()
    return int(before["version"])


def _record_change(record: AuditRecorder, fields: dict[str, Any], task: TaskName) -> None:
    try:
        record(json_finite(fields))
    except (RuntimeError, OSError, ValueError) as error:
        raise PromotionError(
            f"the challenger of {task} stays what it was: the record of the change could not be "
            f"written ({error})"
        ) from error


def _read(home: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((home / CHALLENGER_POINTER).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def _seed(before: dict[str, Any], digest: str) -> str:
    """The same while the challenger is: a larger share keeps the cases it has."""
    same = before.get("digest") == digest and before.get("seed")
    return str(same or secrets.token_hex(16))
