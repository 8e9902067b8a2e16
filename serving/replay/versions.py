"""Versions of models in the lake: which digest a number means, without the registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.task import TaskName
from serving.champions import POINTER
from serving.replay.reason import NotReplayableError, Reason

VERSIONS = "versions.json"


def digest_of(models: Path, task: TaskName, version: str) -> str:
    """Digest of a version that was exported into the lake, promoted or not.

    Raises:
        NotReplayableError: it never was; with those that were, and the command that does it.
    """
    folder = models / task
    known = dict(_promoted(_read(folder / POINTER))) | _read(folder / VERSIONS)
    if version not in known:
        there = f"; it has {', '.join(sorted(known, key=int))}" if known else ""
        raise NotReplayableError(
            Reason.MODEL_GONE,
            f"the lake has no version {version} of {task}{there}: "
            f"run `triage export {task} --version {version}`",
        )
    return str(known[version])


def _promoted(pointer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The champion and those before it."""
    if "version" in pointer:
        yield str(pointer["version"]), str(pointer["digest"])
    for before in pointer.get("previous", ()):
        yield from _promoted(before)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found
