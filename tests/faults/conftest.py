"""Running a plan as a test, and what a machine lacks for it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.audit_location import FaultUnavailableError
from tests.faults.cycles import Figures, Plan, run
from tests.faults.postgres import NoPostgresError


@pytest.fixture(autouse=True)
def _on_the_disk(monkeypatch) -> None:
    """Records and clusters lie where a commit waits for a disk, as in service."""
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def tmp_path(_on_the_disk, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder on the disk; left there, with its logs, after a failure."""
    folder, failed = Path(tempfile.mkdtemp(prefix="faults-")), request.session.testsfailed
    yield folder
    if request.session.testsfailed == failed:
        shutil.rmtree(folder)


@pytest.fixture
def carry_out(tmp_path):
    """Run a plan and return its figures; skip faults this machine cannot produce, or fail with CI set."""

    def carried_out(plan: Plan) -> Figures:
        try:
            return run(plan, tmp_path).figures
        except (FaultUnavailableError, NoPostgresError) as error:
            if os.environ.get("CI"):
                pytest.fail(f"{plan.name}: {error}")
            pytest.skip(f"{plan.name}: {error}")

    return carried_out
