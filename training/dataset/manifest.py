"""Manifest of a training: files with digests, asks, code digest and label sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

import data
import features
import models
import training
from models.training_set import TrainingSet
from training.dataset.labels import LabelSource


@dataclass(frozen=True)
class TrainingManifest:
    """Manifest of a training.

    Attributes:
        files: name -> sha256, bytes and rows.
        first, last: moments of asking (ISO, UTC).
        asks: digest of the training set, of every number and text in it.
        code: digest of the sources that made it.
        labels: number of asks by the source of their label.
    """

    files: dict[str, dict[str, str | int]]
    rows: int
    first: str
    last: str
    asks: str
    code: str
    labels: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def training_manifest(training_set: TrainingSet, folder: Path | None) -> TrainingManifest:
    """The manifest of a training set built from the canonical files in a folder."""
    paths = sorted(folder.glob("*.parquet")) if folder else []
    return TrainingManifest(
        files={path.name: _file(path) for path in paths},
        rows=len(training_set),
        first=str(training_set.asked_at.min()),
        last=str(training_set.asked_at.max()),
        asks=training_set_digest(training_set),
        code=code_digest(),
        labels=labels_by_source(training_set),
    )


def labels_by_source(training_set: TrainingSet) -> dict[str, int]:
    """Count the asks by the source of their label."""
    if training_set.told_by is None:
        return {LabelSource.SYSTEM.value: len(training_set)}
    sources, counts = np.unique(training_set.told_by.astype(str), return_counts=True)
    return dict(zip(sources.tolist(), counts.tolist(), strict=True))


def training_set_digest(training_set: TrainingSet) -> str:
    """Digest of the inputs, labels, targets, weights and moments of a training set."""
    hashed = blake2b(digest_size=16)
    for name in training_set.inputs.columns:
        hashed.update(name.encode() + b"\0" + _hashes(training_set.inputs[name]))
    hashed.update(training_set.label.tobytes())
    if training_set.target is not None:
        hashed.update(training_set.target.tobytes())
    hashed.update(np.ascontiguousarray(training_set.asked_at).tobytes())
    if training_set.weight is not None:
        hashed.update(b"weight\0" + training_set.weight.tobytes())
    return hashed.hexdigest()


def code_digest() -> str:
    """Digest of the sources and the files of parameters that make training sets and models."""
    hashed = blake2b(digest_size=16)
    for name, text in _sources():
        hashed.update(name.encode() + b"\0" + text)
    return hashed.hexdigest()


def _sources() -> Iterator[tuple[str, bytes]]:
    for package in (data, features, models, training):
        root = Path(str(package.__file__)).parent
        for path in sorted([*root.rglob("*.py"), *root.rglob("*.toml")]):
            yield str(path.relative_to(root.parent)), path.read_bytes()


def _hashes(column: pd.Series[Any]) -> bytes:
    return pd.util.hash_pandas_object(column, index=False).to_numpy().tobytes()


def _file(path: Path) -> dict[str, str | int]:
    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    rows = pq.read_metadata(path).num_rows
    return {"sha256": sha256, "bytes": path.stat().st_size, "rows": rows}
