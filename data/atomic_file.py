"""Write a text file atomically.

Readers see the old content or the new one, and it is on the disk.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

FILE_MODE = 0o644


def write_text_atomically(path: Path, text: str) -> None:
    """Put the text in place of the file in one step, on the disk before it is returned from."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), FILE_MODE)
    os.replace(file.name, path)  # noqa: PTH105 (atomic, and says so)
