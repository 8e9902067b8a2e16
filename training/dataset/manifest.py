"""Manifest of a training: files with digests, asks, code digest and label sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import data
import features
import models
import training
from data.canonical_tables import Manifest, read_manifest
from models.training_set import TrainingSet
from training.dataset.labels import LabelSource


@dataclass(frozen=True)
class TrainingManifest:
    """Manifest of a training.

    Attributes:
        files: table -> sha256 of its files, bytes and rows.
        lake_version: version of the lake that the files belong to.
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
    lake_version: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def training_manifest(training_set: TrainingSet, folder: Path | None) -> TrainingManifest:
    """The manifest of a training set built from the canonical tables in a folder."""
    lake = read_manifest(folder) if folder else Manifest()
    return TrainingManifest(
        files=lake.digests(),
        lake_version=lake.version,
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
