"""A fourth task is added by new files and one catalogue line a room, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.catalogue import TASKS

pytestmark = pytest.mark.slow(40)

NAME = "uninvoiced_receipt"
NEW_FILES = Path(__file__).with_name("fourth_task")
MOST_NEW_FILES = 12
CATALOGUES = {
    "models/catalogue.py": (f"models.tasks.{NAME}", "UNINVOICED_RECEIPT"),
    "training/tasks/catalogue.py": (
        f"training.tasks.{NAME}.training_task",
        "UNINVOICED_RECEIPT_TRAINING",
    ),
    "serving/tasks/catalogue.py": (f"serving.tasks.{NAME}.served", "UNINVOICED_RECEIPT"),
}


@pytest.fixture(scope="module")
def project(root, tmp_path_factory) -> Path:
    """A copy of the project with the fourth task."""
    copy = tmp_path_factory.mktemp("project") / "copy"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().rstrip("\0").split("\0"):
        if (root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, copy / name)
    for path in new_files():
        target = copy / path.relative_to(NEW_FILES)
        assert not target.exists(), f"{target} is there already, so it would be an edit"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for catalogue, (module, name) in CATALOGUES.items():
        add_line(copy / catalogue, module, name)
    return copy


def new_files() -> list[Path]:
    """Return the files of the fourth task, without what Python leaves beside them."""
    found = (path for path in NEW_FILES.rglob("*") if path.is_file())
    return sorted(path for path in found if path.suffix in (".py", ".toml"))


def add_line(catalogue: Path, module: str, name: str) -> None:
    """Add the task's line to a catalogue, and the import that it takes."""
    text = catalogue.read_text()
    last = text.rindex("    ):\n") if "    ):\n" in text else text.rindex("    )\n}")
    text = f"{text[:last]}        {name},\n{text[last:]}"
    first_import = text.index("from models.task import")
    catalogue.write_text(f"{text[:first_import]}from {module} import {name}\n{text[first_import:]}")


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the copy, with nothing of this checkout in reach."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def happened(project, tmp_path_factory) -> dict:
    """What training and serving the fourth task came to."""
    home = tmp_path_factory.mktemp("lake")
    done = run(project, "-m", "tests.integration.fourth_task_line", NAME, str(home))
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_task_is_at_most_twelve_new_files_and_one_line_a_catalogue():
    assert NAME not in TASKS
    assert len(new_files()) <= MOST_NEW_FILES


def test_it_is_trained_served_reported_on_and_decided(happened):
    assert happened["statuses"] == [200, 200, 201]
    assert len(happened["answers"]) > 5
    assert {answer["task"] for answer in happened["answers"]} == {NAME}
    assert {answer["model"]["name"] for answer in happened["answers"]} == {NAME}
    assert any(answer["rung"] == "champion" for answer in happened["answers"])
    assert "staying without an invoice" in happened["report"]


def test_its_answers_are_replayed_to_the_bit(happened):
    assert happened["replayed"] == [[None, None]] * len(happened["answers"])


def test_its_outcomes_are_known_to_monitoring(happened):
    assert happened["outcomes"] == len(happened["answers"])


def test_it_breaks_nothing_of_the_contract_without_it(happened):
    assert happened["breaks"] == []


def test_it_lacks_no_part_that_a_task_has(project):
    done = run(
        project,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", f"{NAME} and not 25_features"),
        "tests/unit/test_task_catalogue.py",
        f"tests/spec/training/test_{NAME}_labels.py",
    )
    assert done.returncode == 0, done.stdout + done.stderr
