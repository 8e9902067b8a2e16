"""Train the first champions and challengers of a new lake, one process per task.

This is a demonstration: nobody else approves, gates that refuse are overridden, and the
record says both. Where approval is required, models are trained and wait for an approver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context

from data.lake import Lake
from models.task import TaskName
from training.approval.approval import Approval
from training.approval.identity import DEMO_IDENTITY, whoami
from training.approval.people import Duty
from training.process_pool import terminate_workers_on_error
from training.promotion.promote import AuditRecorder, promote
from training.registry.mlflow_registry import CHALLENGER, open_registry
from training.train import TrainingResult, train_task

PARALLEL_TRAININGS = 2
MAX_ASKS = 15_000  # enough for a first look; `triage train` takes more
REASON = "first champion of a demonstration"
FIGURES = ("roc_auc", "pr_auc", "prevalence", "log_loss", "ece")


def train_initial_champions(
    names: Sequence[TaskName], lake: Lake, now: datetime, record: AuditRecorder
) -> Iterator[str]:
    """Train and promote the tasks, each in a process of its own; a line on each, in order.

    record: writes the audit entry of a promotion; sent to the processes, so it can be pickled.
    """
    given = [lake] * len(names), [now] * len(names), [record] * len(names)
    yield from _side_by_side(lake, train_and_promote, names, *given)


def train_missing_challengers(names: Sequence[TaskName], lake: Lake) -> Iterator[str]:
    """Train those of the tasks that have no challenger yet, and promote none; a line on each."""
    registry = open_registry(lake)
    new = [name for name in names if CHALLENGER not in registry.aliases(name)]
    yield from _side_by_side(lake, train_challenger, new, [lake] * len(new))


def _side_by_side(lake: Lake, work: Callable[..., str], *given: Sequence[object]) -> Iterator[str]:
    open_registry(lake)  # makes the database, which two processes cannot do at once
    with (
        ProcessPoolExecutor(PARALLEL_TRAININGS, get_context("spawn")) as pool,
        terminate_workers_on_error(pool),
    ):
        yield from pool.map(work, *given)


def train_and_promote(name: TaskName, lake: Lake, now: datetime, record: AuditRecorder) -> str:
    """Train and promote one task; a line that says how it does on held-out asks."""
    trained = train_task(name, lake, MAX_ASKS, trained_by=DEMO_IDENTITY.name)
    approval = Approval(DEMO_IDENTITY, REASON, override=True, demo=True)
    promote(name, lake, now, trained.version, approval=approval, record=record)
    return _summary(trained)


def train_challenger(name: TaskName, lake: Lake) -> str:
    """Train one task as whoever is named; a line that says how it does on held-out asks.

    Raises:
        training.approval.identity.IdentityError: nobody is named, or they may not train.
    """
    by = whoami().allowed(Duty.TRAIN).name
    return _summary(train_task(name, lake, MAX_ASKS, trained_by=by))


def _summary(trained: TrainingResult) -> str:
    held_out = {figure: trained.metrics.get(f"held_out_{figure}") for figure in FIGURES}
    said = ", ".join(f"{figure} {value:.3f}" for figure, value in held_out.items() if value)
    return f"{trained.task} version {trained.version}, held out: {said}"
