"""What every test may ask for."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the public data sets; skips, visibly, where it is absent.

    With CI set, absence is a failure: a skipped backtest would say nothing at all.
    """
    folder = Path(os.environ.get("TRIAGE_REAL_DATA", ROOT.parent / "shared" / "data" / "real"))
    if folder.is_dir():
        return folder
    reason = f"no public data sets at {folder}; set TRIAGE_REAL_DATA to their folder"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
