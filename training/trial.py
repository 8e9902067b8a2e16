"""Try an artefact in a process of its own: `python -m training.trial FOLDER DIGEST`.

A damaged model can end the process that reads it, so the parent is another one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from models.artefact import load
from models.golden import check_golden


def try_artefact(folder: Path, digest: str) -> None:
    """Load the artefact and repeat its golden rows; raises what they raise."""
    check_golden(load(folder, digest))


if __name__ == "__main__":
    try_artefact(Path(sys.argv[1]), sys.argv[2])
