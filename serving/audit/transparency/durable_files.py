"""Create private key files atomically, and read them only if nobody else can."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

from data.atomic_file import fsync

GROUP_AND_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_private_file(path: Path, what: str) -> bytes:
    """Read a key file that only its owner can use. what: the key, in words.

    Raises:
        OSError: it cannot be read.
        ValueError: others can use it; says how to mend it.
    """
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        content = file.read()
    if mode & GROUP_AND_OTHERS:
        raise ValueError(
            f"others can use {what} {path} (mode {mode:04o}); "
            f"it takes 0600 or 0400: chmod 600 {path}"
        )
    return content


def create_private_file(path: Path, content: Callable[[], bytes]) -> None:
    """Make a key file, whole and readable by its owner only, unless there is one.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp opens with O_EXCL and 0600; a link, unlike a rename, never replaces a file, so
    # whoever comes second finds a key that is whole and throws its own away.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
        fsync(path.parent)
    finally:
        Path(name).unlink()
