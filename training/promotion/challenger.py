"""Set or remove the challenger of a task, and train the first champions of a new lake.

A challenger scores in shadow and may answer a share of the cases (canary). The first champions
of a demonstration are promoted without an approver, overriding gates that refuse, and the record
says both. Where approval is required they are trained and wait for an approver.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from data.atomic_file import write_text_atomically
from data.lake import Lake
from models.task import TaskName
from training.approval.approval import Approval, check_approval
from training.approval.people import DEMO_IDENTITY, Duty, whoami
from training.dataset.rule_findings import ServiceRules
from training.process_pool import terminate_workers_on_error
from training.promotion.promote import AuditRecorder, promote
from training.registry.champion_pointer import champion_lock, read_champion
from training.registry.export import PromotionError, export_version
from training.registry.mlflow_registry import CHALLENGER, MlflowRegistry, open_registry
from training.registry.version_evidence import json_finite, load_version_evidence
from training.train import TrainingResult, train_task

CHALLENGER_POINTER = "challenger.json"
CHALLENGER_SET = "challenger_set"
CHALLENGER_ENDED = "challenger_ended"


@dataclass(frozen=True)
class Challenger:
    """A version that scores beside the champion.

    Attributes:
        share: share of the cases that it answers, 0 to 1; `seed` draws them.
        since: ISO 8601, UTC.
    """

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
    evidence = load_version_evidence(registry, task, registry.version(task, wanted))
    approval.approver.allowed(Duty.APPROVE)
    if share:
        check_approval(approval, evidence)
    moment = at.astimezone(UTC).isoformat(timespec="seconds")
    with champion_lock(lake, task) as home:
        now = read_champion(lake, task)
        if now and now.digest == evidence.digest:
            raise ValueError(f"version {evidence.version} is the champion of {task} already")
        export_version(registry, task, evidence.version, home)
        before = _read(home)
        new = Challenger(
            str(task), evidence.version, evidence.digest, moment, share,
            _seed(before, evidence.digest), approval.kind, approval.approver.name,
        )  # fmt: skip
        entry = {
            "kind": CHALLENGER_SET,
            "decided_at": moment,
            "share": share,
            "champion": now and now.version,
        }
        _record_change(record, entry | evidence.as_json() | approval.as_json(), task)
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
        entry = {"kind": CHALLENGER_ENDED, "decided_at": moment} | named | approval.as_json()
        _record_change(record, entry, task)
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
        fields: dict[str, Any] = json.loads((home / CHALLENGER_POINTER).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return fields


def _seed(before: dict[str, Any], digest: str) -> str:
    """Return the seed of the canary, the same while the challenger stays.

    A larger share then keeps the cases that a smaller one had.
    """
    same = before.get("digest") == digest and before.get("seed")
    return str(same or secrets.token_hex(16))


PARALLEL_TRAININGS = 2
MAX_ASKS = 15_000  # enough for a first look; `triage train` takes more
REASON = "first champion of a demonstration"
FIGURES = ("roc_auc", "pr_auc", "prevalence", "log_loss", "ece")


def train_initial_champions(
    names: Sequence[TaskName],
    lake: Lake,
    now: datetime,
    record: AuditRecorder,
    rules: ServiceRules | None = None,
) -> Iterator[str]:
    """Train and promote the tasks, each in a process of its own; a line on each, in order.

    record: writes the audit entry of a promotion; sent to the processes, so it can be pickled.
    rules: rules of the service, sent along; None measures none.
    """
    repeated = ([one] * len(names) for one in (lake, now, record, rules))
    yield from _side_by_side(lake, train_and_promote, names, *repeated)


def train_missing_challengers(
    names: Sequence[TaskName], lake: Lake, rules: ServiceRules | None = None
) -> Iterator[str]:
    """Train those of the tasks that have no challenger yet, and promote none; a line on each."""
    registry = open_registry(lake)
    new = [name for name in names if CHALLENGER not in registry.aliases(name)]
    yield from _side_by_side(lake, train_challenger, new, [lake] * len(new), [rules] * len(new))


def _side_by_side(lake: Lake, work: Callable[..., str], *given: Sequence[object]) -> Iterator[str]:
    open_registry(lake)  # makes the database, which two processes cannot do at once
    with (
        ProcessPoolExecutor(PARALLEL_TRAININGS, get_context("spawn")) as pool,
        terminate_workers_on_error(pool),
    ):
        yield from pool.map(work, *given)


def train_and_promote(
    name: TaskName,
    lake: Lake,
    now: datetime,
    record: AuditRecorder,
    rules: ServiceRules | None = None,
) -> str:
    """Train and promote one task; a line that says how it does on held-out asks."""
    trained = train_task(name, lake, MAX_ASKS, trained_by=DEMO_IDENTITY.name, rules=rules)
    approval = Approval(DEMO_IDENTITY, REASON, override=True, demo=True)
    promote(name, lake, now, trained.version, approval=approval, record=record)
    return _summary(trained)


def train_challenger(name: TaskName, lake: Lake, rules: ServiceRules | None = None) -> str:
    """Train one task as whoever is named; a line that says how it does on held-out asks.

    Raises:
        training.approval.people.IdentityError: nobody is named, or they may not train.
    """
    by = whoami().allowed(Duty.TRAIN).name
    return _summary(train_task(name, lake, MAX_ASKS, trained_by=by, rules=rules))


def _summary(trained: TrainingResult) -> str:
    held_out = {figure: trained.metrics.get(f"held_out_{figure}") for figure in FIGURES}
    figures = ", ".join(f"{figure} {value:.3f}" for figure, value in held_out.items() if value)
    return f"{trained.task} version {trained.version}, held out: {figures}"
