"""Files that readers see whole: the old text or the new one, never half of either."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

READABLE = 0o644


def replace_text(path: Path, text: str) -> None:
    """Put the text in place of the file in one step, on the disk before it is returned from."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), READABLE)
    os.replace(file.name, path)  # noqa: PTH105 (atomic, and says so)
