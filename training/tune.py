"""Tune a task or a public set, inside the training window only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import wrap

import numpy as np

from data.lake import Lake
from models.catalogue import TASKS
from models.task import Task, TaskName
from models.training_set import TrainingSet
from training.parameters.parameters import Parameters
from training.parameters.read import parameters
from training.parameters.write import write
from training.protocols.protocol import Protocol
from training.registry import open_registry
from training.training_sets import training_set
from training.tuning.folds import window_of
from training.tuning.record import record
from training.tuning.space import Space
from training.tuning.study import SPREAD, Found, Search, Tell, search

TRIALS = 30
SEED = 17
STORAGE = "tuning.db"


@dataclass(frozen=True)
class Tuned:
    """found: the search's result. path: the file written. asks: seen; held_out: never seen."""

    found: Found
    path: Path
    asks: int
    held_out: int


def tune(
    name: TaskName,
    lake: Lake,
    protocol: Protocol | None = None,
    path: Path | None = None,
    *,
    trials: int = TRIALS,
    cut: date | None = None,
    out: Path | None = None,
    tell: Tell,
) -> Tuned:
    """Search for parameters and write them as a file for `triage train --parameters`.

    protocol, path: of a public set and its folder; None takes the ingested history.
    cut: tuning sees asks whose end was known before that midnight UTC; None keeps the newest
        15 % from it.
    out: where the file goes; None puts it in the lake.

    Raises:
        FileNotFoundError: when nothing was ingested.
        ValueError: when too few labels had matured.
    """
    task, present, everything = _asked(name, lake, protocol, path)
    until = None if cut is None else np.datetime64(cut.isoformat(), "us")
    window = window_of(everything, until, SEED)
    dated = not bool(np.isnat(everything.asked_at).any())
    sought = Search(task, window, Space(present, dated=dated), SEED)
    found = search(sought, trials, lake.home / STORAGE, tell)
    source = protocol.source if protocol else name
    path = out or lake.home / "parameters" / f"{source}.toml"
    write(found.best if found.better else present, path, _comment(source, found, window))
    tell("logging the trials to MLflow", 1.0)
    record(open_registry(lake), source, found)
    return Tuned(found, path, len(window), len(everything) - len(window))


def _asked(
    name: TaskName, lake: Lake, protocol: Protocol | None, path: Path | None
) -> tuple[Task, Parameters, TrainingSet]:
    if protocol is not None and path is not None:
        gathered = protocol.gather(protocol.task, path, None)
        return protocol.task, parameters(protocol.source), gathered.evidence
    present = parameters(name)
    task = present.task(TASKS[name])
    return task, present, training_set(task, lake, present.train.most_asks).training


def _comment(source: str, found: Found, window: TrainingSet) -> list[str]:
    if found.better:
        outcome = f"Best {found.value:+.4f}; the parameters before it had {found.present:+.4f}."
    else:
        outcome = (
            f"No trial ({found.value:+.4f} at best) was better than the parameters as they were, "
            f"with {found.present:+.4f}: these are they."
        )
    text = (
        f"{source}: {len(found.trials)} trials on {found.folds} rolling folds of the "
        f"{len(window)} asks whose end was known by {_last(window)}. Study {found.name}. "
        f"Objective: log-loss less that of the class shares, mean over the folds + {SPREAD} times "
        f"their standard deviation. {outcome}"
    )
    return wrap(text, 90)


def _last(window: TrainingSet) -> str:
    if np.isnat(window.matured_at).any():
        return "the snapshot"
    return str(np.datetime_as_string(window.matured_at.max(), unit="D"))
