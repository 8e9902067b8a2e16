"""Promotion: a registered version becomes the champion that the service loads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from data.lake import Lake
from models.artefact import MANIFEST
from models.task import TaskName
from training.registry import CHALLENGER, CHAMPION, Registry, open_registry
from training.tracking import ARTEFACT

POINTER = "champion.json"


class PromotionError(RuntimeError):
    """A version that cannot become champion; says why."""


@dataclass(frozen=True)
class Champion:
    """The model that a task's cases are scored with. promoted_at: ISO 8601, UTC."""

    task: str
    version: int
    digest: str
    promoted_at: str


def promote(
    task: TaskName,
    lake: Lake,
    promoted_at: datetime,
    wanted: str | int = CHALLENGER,
    registry: Registry | None = None,
) -> Champion:
    """Export a version's artefact, try it, point the service and the registry at it.

    wanted: a version number or an alias. The pointer is replaced in one step, so a reader
    sees the old champion or the new one, never half of either.

    Raises:
        LookupError: for a version that is not there, with those that are.
        PromotionError: if the artefact is damaged or does not repeat its golden rows.
    """
    registry = registry or open_registry(lake)
    version = registry.version(task, wanted)
    digest = _export(registry, task, version, lake.models / task)
    moment = promoted_at.astimezone(UTC).isoformat(timespec="seconds")
    champion = Champion(str(task), version, digest, moment)
    _replace(lake.models / task / POINTER, json.dumps(asdict(champion), indent=1) + "\n")
    client = registry.mlflow.MlflowClient()
    client.set_registered_model_alias(str(task), CHAMPION, str(version))
    return champion


def champion(lake: Lake, task: TaskName) -> Champion | None:
    """The task's champion in this lake, if there is one."""
    path = lake.models / task / POINTER
    return Champion(**json.loads(path.read_text())) if path.exists() else None


def _export(registry: Registry, task: TaskName, version: int, home: Path) -> str:
    """Copy the version's artefact to `home/<digest>`; the digest."""
    home.mkdir(parents=True, exist_ok=True)
    digest = registry.versions(task)[version]
    target = home / digest
    if digest and (target / MANIFEST).exists():
        load_in_child(target, digest)
        return digest
    with tempfile.TemporaryDirectory(dir=home, prefix=".export-") as scratch:
        uri = f"models:/{task}/{version}"
        got = Path(registry.mlflow.artifacts.download_artifacts(uri, dst_path=scratch))
        source = next(got.rglob(f"{ARTEFACT}/{MANIFEST}")).parent
        load_in_child(source, digest)
        shutil.move(source, target)
    return digest


def load_in_child(folder: Path, digest: str) -> None:
    """Load an artefact and repeat its golden rows in a process of their own.

    A damaged model can end the process that reads it, so it is not this one.
    """
    command = [sys.executable, "-m", "training.trial", str(folder), digest]
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(  # noqa: S603 (our own module, with arguments of ours)
        command, cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise PromotionError(
            f"{folder} was not promoted: {said[-1] if said else f'exit {done.returncode}'}"
        )


def _replace(path: Path, text: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), 0o644)
    os.replace(file.name, path)  # noqa: PTH105 (atomic, and says so)
