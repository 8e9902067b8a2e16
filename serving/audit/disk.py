"""What a folder lists, on the disk: a file that was renamed into it survives a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def to_disk(folder: Path) -> None:
    """Wait until the disk has what the folder lists."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
