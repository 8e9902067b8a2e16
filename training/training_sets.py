"""Training sets in the lake: built once, used again while all that goes in is the same.

A set is a folder named after the digest of its recipe. It appears in one step, so an
interrupted training finds it whole or not at all, and goes on from there.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from data.lake import Lake
from data.store import Store
from models.fit import quiet
from models.task import Task
from models.training_set import TrainingSet
from training.build import build
from training.manifest import manifest
from training.recipe import Recipe, digest, recipe, sha256
from training.training_set_file import read, write

FILE, MANIFEST = "training_set.parquet", "manifest.json"
NEWEST = 5  # sets of a task that stay
PART = ".part-"


@dataclass(frozen=True)
class Kept:
    """A training set and the folder it lies in. reused: it was there, nothing was built."""

    training: TrainingSet
    folder: Path
    reused: bool


def training_set(
    task: Task,
    lake: Lake,
    max_rows: int | None = None,
    progress: Callable[[str, float], None] = quiet,
) -> Kept:
    """The task's training set of the canonical tables as they are now, read or built.

    max_rows: at most so many asks, spread evenly over time; None takes all.

    Raises:
        FileNotFoundError: when nothing was ingested.
        OSError: when the lake cannot be written.
    """
    made_from = recipe(task, lake.canonical, max_rows)
    folder = lake.training_sets / task.name / digest(made_from)
    training = _read(folder)
    reused = training is not None
    if training is None:
        progress(f"{task.name}: asks and features", 0.0)
        with Store.from_folder(lake.canonical) as store:
            training = build(task, store, max_rows=max_rows)
        _write(training, folder, made_from, lake.canonical)
    else:
        progress(f"{task.name}: training set {folder.name[:8]} is there, nothing to build", 0.0)
        os.utime(folder)
    _prune(folder)
    return Kept(training, folder, reused)


def _read(folder: Path) -> TrainingSet | None:
    """The set in that folder; None where there is none, or one that is damaged."""
    try:
        described = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        whole = described["sha256"] == sha256(folder / FILE)
        return read(folder / FILE) if whole else None
    except (OSError, ValueError, KeyError):
        return None


def _write(training: TrainingSet, folder: Path, made_from: Recipe, canonical: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.parent / f"{PART}{folder.name[:8]}-{os.getpid()}"
    part.mkdir(exist_ok=True)
    try:
        write(training, part / FILE)
        described = manifest(training, canonical).as_json()
        told = {"sha256": sha256(part / FILE), "made_from": made_from, **described}
        (part / MANIFEST).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)  # a damaged one
        part.rename(folder)
    except OSError:
        if not (folder / MANIFEST).exists():  # else another process has just written the same
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _prune(folder: Path) -> None:
    """Remove all but the task's newest sets, and what processes that are gone left behind."""
    entries = list(folder.parent.iterdir())
    whole = [entry for entry in entries if not entry.name.startswith(PART) and entry != folder]
    whole.sort(key=lambda entry: entry.stat().st_mtime_ns)
    left = [e for e in entries if e.name.startswith(PART) and not _runs(e.name.split("-")[-1])]
    for entry in whole[: max(len(whole) - NEWEST + 1, 0)] + left:
        shutil.rmtree(entry, ignore_errors=True)


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
