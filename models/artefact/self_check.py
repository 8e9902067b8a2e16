"""Check an artefact in a subprocess: `python -m models.artefact.folder.self_check FOLDER DIGEST`.

A damaged model can end the process that reads it, so it is never the one that answers.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from models.artefact.folder import load_artefact
from models.artefact.golden_rows import check_golden

PROJECT_ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 120
MOST_ERROR_CHARACTERS = 500


def load_and_check(folder: Path, digest: str) -> None:
    """Load the artefact and check its golden rows; raises what the two steps raise."""
    check_golden(load_artefact(folder, digest))


def failure_in_subprocess(folder: Path, digest: str) -> str:
    """Check the artefact in a child process; return why it failed, empty if it passed."""
    command = [sys.executable, "-m", "models.artefact.self_check", str(folder.resolve()), digest]
    try:
        done = subprocess.run(  # noqa: S603 (our own module, with arguments of ours)
            command,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"it was not loaded within {TIMEOUT_SECONDS} seconds"
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().splitlines()
    return said[-1][:MOST_ERROR_CHARACTERS] if said else f"exit {done.returncode}"


if __name__ == "__main__":
    load_and_check(Path(sys.argv[1]), sys.argv[2])
