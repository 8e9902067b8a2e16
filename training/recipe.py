"""What a training set is made from: if all of it is the same, so is the set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b, file_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any

from models.task import Task

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (
    "data/contracts",
    "data/lazily.py",
    "data/store.py",
    "features",
    "models/task.py",
    "models/training_set.py",
    "training/asks",
    "training/build.py",
    "training/known.py",
    "training/labels",
    "training/rules.py",
    "training/wiring.py",
)
"""Code that makes a training set; what fits a model of it may change without building anew."""
LIBRARIES = ("duckdb", "ibis-framework", "numpy", "pandas", "pyarrow")

Recipe = dict[str, Any]


def recipe(task: Task, canonical: Path, max_rows: int | None) -> Recipe:
    """Everything that decides what the training set holds, as plain values.

    canonical: folder of the tables; each file counts by its content.
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
        "files": {path.name: sha256(path) for path in sorted(canonical.glob("*.parquet"))},
        "code": code(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def digest(made_from: Recipe) -> str:
    """The recipe's name."""
    text = json.dumps(made_from, sort_keys=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def code(root: Path = ROOT) -> str:
    """Digest of the sources that make training sets."""
    hashed = blake2b(digest_size=16)
    for path in sources(root):
        hashed.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()


def sources(root: Path = ROOT) -> Iterator[Path]:
    """The files that SOURCES name, in order."""
    for name in SOURCES:
        place = root / name
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place]


def sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
