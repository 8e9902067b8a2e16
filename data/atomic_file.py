"""Replace files atomically and durably.

Readers see the old content or the new one, never a part, and what was written is on the disk when
the function returns.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

FILE_MODE = 0o644


def write_text_atomically(path: Path, text: str) -> None:
    """Replace the content of a file, in UTF-8; see `write_bytes_atomically`."""
    write_bytes_atomically(path, text.encode())


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """Replace the content of a file, or create it; its folder must exist.

    Raises:
        OSError: it cannot be written; then the old content is left and no draft beside it.
    """
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), FILE_MODE)
        replace_durably(Path(draft), path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def replace_durably(draft: Path, path: Path) -> None:
    """Put a finished draft in the place of a file of the same folder.

    Raises:
        OSError: it cannot be done; then both files are as before.
    """
    fsync(draft)
    draft.replace(path)
    fsync(path.parent)


def fsync(path: Path) -> None:
    """Wait until the content of a file, or what a folder lists, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
