"""The first champions of a new lake: every task trained and promoted, side by side.

This is a demonstration: nobody else approves, gates that refuse are overridden, and the
record says both. Where approval is required, models are trained and wait for an approver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import active_children, get_context

from data.lake import Lake
from models.task import TaskName
from training.approval import Approval
from training.identity import DEMO, whoami
from training.people import Duty
from training.promote import Record, promote
from training.registry import CHALLENGER, open_registry
from training.train import Trained, train_task

AT_ONCE = 2
GRACE_SECONDS = 5
MOST_ASKS = 15_000  # enough for a first look; `triage train` takes more
REASON = "first champion of a demonstration"
FIGURES = ("roc_auc", "pr_auc", "prevalence", "log_loss", "ece")


def first_models(
    names: Sequence[TaskName], lake: Lake, now: datetime, record: Record
) -> Iterator[str]:
    """Train and promote the tasks, each in a process of its own; a line on each, in order.

    record: writes the audit entry of a promotion; sent to the processes, so it can be pickled.
    """
    given = [lake] * len(names), [now] * len(names), [record] * len(names)
    yield from _side_by_side(lake, first_model, names, *given)


def first_challengers(names: Sequence[TaskName], lake: Lake) -> Iterator[str]:
    """Train those of the tasks that have no challenger yet, and promote none; a line on each."""
    registry = open_registry(lake)
    new = [name for name in names if CHALLENGER not in registry.aliases(name)]
    yield from _side_by_side(lake, first_challenger, new, [lake] * len(new))


def _side_by_side(lake: Lake, work: Callable[..., str], *given: Sequence[object]) -> Iterator[str]:
    open_registry(lake)  # makes the database, which two processes cannot do at once
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool, unless_interrupted(pool):
        yield from pool.map(work, *given)


@contextmanager
def unless_interrupted(pool: ProcessPoolExecutor) -> Iterator[None]:
    """End the workers at once when the block does not run to its end, Ctrl-C included."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in active_children():
            worker.terminate()
            worker.join(GRACE_SECONDS)
        raise


def first_model(name: TaskName, lake: Lake, now: datetime, record: Record) -> str:
    """Train and promote one task; a line that says how it does on held-out asks."""
    trained = train_task(name, lake, MOST_ASKS, trained_by=DEMO.name)
    approval = Approval(DEMO, REASON, override=True, demo=True)
    promote(name, lake, now, trained.version, approval=approval, record=record)
    return _said(trained)


def first_challenger(name: TaskName, lake: Lake) -> str:
    """Train one task as whoever is named; a line that says how it does on held-out asks.

    Raises:
        training.identity.IdentityError: nobody is named, or they may not train.
    """
    by = whoami().allowed(Duty.TRAIN).name
    return _said(train_task(name, lake, MOST_ASKS, trained_by=by))


def _said(trained: Trained) -> str:
    held_out = {figure: trained.metrics.get(f"held_out_{figure}") for figure in FIGURES}
    said = ", ".join(f"{figure} {value:.3f}" for figure, value in held_out.items() if value)
    return f"{trained.task} version {trained.version}, held out: {said}"
