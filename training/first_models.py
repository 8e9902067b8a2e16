"""The first champions of a new lake: every task trained and promoted, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import active_children, get_context

from data.lake import Lake
from models.task import TaskName
from training.promote import promote
from training.registry import open_registry
from training.train import train_task

AT_ONCE = 2
GRACE_SECONDS = 5
MOST_ASKS = 15_000  # enough for a first look; `triage train` takes more
FIGURES = ("roc_auc", "pr_auc", "prevalence", "log_loss", "ece")


def first_models(names: Sequence[TaskName], lake: Lake, now: datetime) -> Iterator[str]:
    """Train and promote the tasks, each in a process of its own; a line on each, in order."""
    open_registry(lake)  # makes the database, which two processes cannot do at once
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn")) as pool, unless_interrupted(pool):
        yield from pool.map(first_model, names, [lake] * len(names), [now] * len(names))


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


def first_model(name: TaskName, lake: Lake, now: datetime) -> str:
    """Train and promote one task; a line that says how it does on held-out asks."""
    trained = train_task(name, lake, MOST_ASKS)
    promote(name, lake, now, trained.version)
    held_out = {figure: trained.metrics.get(f"held_out_{figure}") for figure in FIGURES}
    said = ", ".join(f"{figure} {value:.3f}" for figure, value in held_out.items() if value)
    return f"{name} version {trained.version}, held out: {said}"
