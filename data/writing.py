"""Whoever writes canonical tables is alone: of what two write at once, one would be lost."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Write the folder's tables while the block runs; others wait. Ends with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".writing.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
