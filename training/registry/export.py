"""Export the artefact of a version into the lake, after loading it in a child process."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from data.atomic_file import write_text_atomically
from models.artefact.folder import MANIFEST
from models.artefact.self_check import failure_in_subprocess
from models.task import TaskName
from training.registry.mlflow_registry import ARTEFACT, MlflowRegistry


class PromotionError(RuntimeError):
    """A version cannot become champion, and why."""


VERSIONS_FILE = "versions.json"


def export_version(registry: MlflowRegistry, task: TaskName, version: int, home: Path) -> str:
    """Copy the version's artefact to `home/<digest>`, try it there, and return the digest.

    `versions.json` beside it then says which digest the version has, for those who know
    nothing of the registry.
    """
    home.mkdir(parents=True, exist_ok=True)
    digest = registry.versions(task)[version]
    target = home / digest
    if digest and (target / MANIFEST).exists():
        load_in_child(target, digest)
    else:
        _fetch(registry, task, version, target)
    _note_digest(home, version, digest)
    return digest


def _fetch(registry: MlflowRegistry, task: TaskName, version: int, target: Path) -> None:
    home, digest = target.parent, target.name
    with tempfile.TemporaryDirectory(dir=home, prefix=".export-") as scratch:
        uri = f"models:/{task}/{version}"
        downloaded = Path(registry.mlflow.artifacts.download_artifacts(uri, dst_path=scratch))
        source = next(downloaded.rglob(f"{ARTEFACT}/{MANIFEST}")).parent
        load_in_child(source, digest)
        shutil.move(source, target)


def _note_digest(home: Path, version: int, digest: str) -> None:
    """Record in `versions.json` which digest the version has."""
    path = home / VERSIONS_FILE
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if known.get(str(version)) != digest:
        write_text_atomically(path, json.dumps(known | {str(version): digest}, indent=1) + "\n")


def load_in_child(folder: Path, digest: str) -> None:
    """Load an artefact and repeat its golden rows in a process of their own.

    A damaged model can end the process that reads it, so it is not this one.

    Raises:
        PromotionError: it cannot be loaded, or does not repeat them.
    """
    if failed := failure_in_subprocess(folder, digest):
        raise PromotionError(f"{folder} was not promoted: {failed}")
