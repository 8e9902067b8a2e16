"""Champion pointer of a task: one small file, replaced atomically, with the previous champions.

It carries the champions before it, so that going back needs nothing but the lake.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from data.atomic_file import write_text_atomically
from data.file_lock import try_file_lock
from data.lake import Lake
from models.task import TaskName

CHAMPION_POINTER = "champion.json"


@dataclass(frozen=True)
class Champion:
    """Champion of a task: the version that scores its cases.

    Attributes:
        promoted_at: moment of the promotion, ISO 8601, UTC.
        approval: "required" (someone else approved), "override" (although gates refused), "demo"
            (no second person was needed) or "unknown" (before approvals were recorded).
        previous: champions before this one, the latest first.
    """

    task: str
    version: int
    digest: str
    promoted_at: str
    approval: str = "unknown"
    approved_by: str = ""
    previous: tuple[Champion, ...] = ()

    def after(self, before: Champion | None) -> Champion:
        """Return this champion with the champions before it as `previous`."""
        if before is None:
            return self
        if before.version == self.version:
            return replace(self, previous=before.previous)
        return replace(self, previous=(replace(before, previous=()), *before.previous))


def read_champion(lake: Lake, task: TaskName) -> Champion | None:
    """Return the task's champion in this lake, or None."""
    path = lake.models / task / CHAMPION_POINTER
    return _read(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def write_champion(lake: Lake, task: TaskName, at: Champion) -> None:
    """Write the pointer, so that the service loads this champion."""
    write_text_atomically(
        lake.models / task / CHAMPION_POINTER, json.dumps(asdict(at), indent=1) + "\n"
    )


@contextmanager
def champion_lock(lake: Lake, task: TaskName) -> Iterator[Path]:
    """Lock the champion of a task and yield the task's folder of models.

    Raises:
        RuntimeError: somebody else does.
    """
    home = lake.models / task
    home.mkdir(parents=True, exist_ok=True)
    with try_file_lock(home) as held:
        if not held:
            raise RuntimeError(
                f"another process is changing the champion of {task}; try again when it is done"
            )
        yield home


def _read(fields: dict[str, Any]) -> Champion:
    earlier = tuple(_read(entry) for entry in fields.pop("previous", ()))
    return Champion(**fields, previous=earlier)
