"""Try an artefact in a process of its own: `python -m models.trial FOLDER DIGEST`.

A damaged model can end the process that reads it, so it is never the one that answers.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from models.artefact import load
from models.golden import check_golden

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 120
MOST_SAID = 500


def try_artefact(folder: Path, digest: str) -> None:
    """Load the artefact and repeat its golden rows; raises what they raise."""
    check_golden(load(folder, digest))


def failed_in_child(folder: Path, digest: str) -> str:
    """Why the artefact cannot be loaded or does not repeat its golden rows; empty if it does."""
    command = [sys.executable, "-m", "models.trial", str(folder.resolve()), digest]
    try:
        done = subprocess.run(  # noqa: S603 (our own module, with arguments of ours)
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"it was not loaded within {SECONDS} seconds"
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().splitlines()
    return said[-1][:MOST_SAID] if said else f"exit {done.returncode}"


if __name__ == "__main__":
    try_artefact(Path(sys.argv[1]), sys.argv[2])
