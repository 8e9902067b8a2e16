"""Cache of training sets in the lake, keyed by a digest of everything that goes into them.

A set is a folder named after the digest of its recipe. It appears in one step, so an
interrupted training finds it whole or not at all, and goes on from there.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data.canonical_tables import read_manifest
from data.lake import Lake
from data.store import Store
from models.fitting.fit import ignore_progress
from models.task import Task
from models.training_set import TrainingSet
from training.dataset.builder import build_training_set
from training.dataset.manifest import training_manifest
from training.dataset.readiness import check_labels, check_tables
from training.dataset.training_set_file import read_training_set, write_training_set
from training.dataset.training_task import TrainingTask

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    "data/atomic_file.py",
    "data/calendar_days.py",
    "data/canonical_tables.py",
    "data/contracts",
    "data/decimals.py",
    "data/file_lock.py",
    "data/free_stock.py",
    "data/lazy_imports.py",
    "data/reference",
    "data/row_versions",
    "data/store.py",
    "features",
    "models/task.py",
    "models/tasks",
    "models/training_set.py",
    "training/dataset",
    "training/tasks",
)
"""Code that makes a training set; what fits a model of it may change without building anew."""
LIBRARIES = ("duckdb", "ibis-framework", "numpy", "pandas", "pyarrow")

Recipe = dict[str, Any]


def training_set_recipe(task: Task, canonical: Path, max_rows: int | None) -> Recipe:
    """Describe everything that determines a training set, as plain values.

    canonical: folder of the tables; each counts by the content of its files.
    """
    return {
        "task": {
            "name": str(task.name),
            "classes": list(task.classes),
            "features": [feature.name for feature in task.features],
            "horizon_days": task.horizon_days,
            "tolerance_days": task.tolerance_days,
            "settle_days": task.settle_days,
            "ask_before_days": list(task.ask_before_days),
            "quantiles": bool(task.quantiles),
        },
        "max_rows": max_rows,
        "files": {
            name: entry["sha256"] for name, entry in read_manifest(canonical).digests().items()
        },
        "code": training_set_code_digest(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def recipe_digest(made_from: Recipe) -> str:
    """Return the digest of a recipe, which names its folder."""
    text = json.dumps(made_from, sort_keys=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def training_set_code_digest(root: Path = ROOT) -> str:
    """Digest of the sources that make training sets."""
    hashed = blake2b(digest_size=16)
    for path in training_set_sources(root):
        hashed.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()


def training_set_sources(root: Path = ROOT) -> Iterator[Path]:
    """List the files that SOURCES name, in order."""
    for name in SOURCES:
        place = root / name
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


FILE, MANIFEST = "training_set.parquet", "manifest.json"
SETS_KEPT = 5  # sets of a task that stay
UNFINISHED_PREFIX = ".part-"


@dataclass(frozen=True)
class CachedTrainingSet:
    """A training set and the folder it lies in.

    Attributes:
        reused: whether the set was read from the cache instead of built.
    """

    training: TrainingSet
    folder: Path
    reused: bool


def load_or_build_training_set(
    training: TrainingTask,
    lake: Lake,
    max_rows: int | None = None,
    progress: Callable[[str, float], None] = ignore_progress,
) -> CachedTrainingSet:
    """Read the task's training set of the canonical tables as they are now, or build it.

    max_rows: at most so many asks, spread evenly over time; None takes all.

    Raises:
        FileNotFoundError: when nothing was ingested.
        NotReadyError: the lake lacks a table that the task needs, or every label.
        OSError: when the lake cannot be written.
    """
    task = training.task
    made_from = training_set_recipe(task, lake.canonical, max_rows)
    folder = lake.training_sets / task.name / recipe_digest(made_from)
    rows = _read(folder)
    reused = rows is not None
    if rows is None:
        progress(f"{task.name}: asks and features", 0.0)
        with Store.from_folder(lake.canonical) as store:
            check_tables(training, store)
            rows = build_training_set(training, store, max_rows=max_rows)
        check_labels(training, rows)
        _write(rows, folder, made_from, lake.canonical)
    else:
        progress(f"{task.name}: training set {folder.name[:8]} is there, nothing to build", 0.0)
        os.utime(folder)
    _prune(folder)
    return CachedTrainingSet(rows, folder, reused)


def _read(folder: Path) -> TrainingSet | None:
    """Read the set in a folder; None where it is missing or damaged."""
    try:
        described = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        intact = described["sha256"] == file_sha256(folder / FILE)
        return read_training_set(folder / FILE) if intact else None
    except (OSError, ValueError, KeyError):
        return None


def _write(training: TrainingSet, folder: Path, made_from: Recipe, canonical: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.parent / f"{UNFINISHED_PREFIX}{folder.name[:8]}-{os.getpid()}"
    part.mkdir(exist_ok=True)
    try:
        write_training_set(training, part / FILE)
        described = training_manifest(training, canonical).as_json()
        manifest = {"sha256": file_sha256(part / FILE), "made_from": made_from, **described}
        (part / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
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
    complete = [
        entry
        for entry in entries
        if not entry.name.startswith(UNFINISHED_PREFIX) and entry != folder
    ]
    complete.sort(key=lambda entry: entry.stat().st_mtime_ns)
    left = [
        e
        for e in entries
        if e.name.startswith(UNFINISHED_PREFIX) and not _process_runs(e.name.split("-")[-1])
    ]
    for entry in complete[: max(len(complete) - SETS_KEPT + 1, 0)] + left:
        shutil.rmtree(entry, ignore_errors=True)


def _process_runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
