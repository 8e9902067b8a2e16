"""A start that ends while it loads models is the last that does."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from models.tasks.stock_risk import STOCK_RISK
from serving.model_registry.active_models import guard_model_loading
from serving.pipeline.engine import load_engine
from serving.runtime.settings import ServiceSettings
from tests.support.synthetic_lake import make_lake

pytestmark = pytest.mark.slow(4)

TASK = STOCK_RISK.name
ENDING = """
import os, sys
from pathlib import Path
from serving.model_registry.active_models import guard_model_loading
with guard_model_loading(Path(sys.argv[1])) as ended:
    print(ended, flush=True)
    {then}
"""


def begun(home, then):
    """A process that starts there, and what becomes of it."""
    command = [sys.executable, "-c", ENDING.format(then=then), str(home)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_start_that_ended_while_loading_is_known_to_the_next_and_to_no_other(tmp_path):
    begun(tmp_path, "os._exit(139)").wait()
    with guard_model_loading(tmp_path) as ended:
        assert ended
    with guard_model_loading(tmp_path) as ended:
        assert not ended


def test_a_start_that_is_going_on_beside_is_no_reason_to_suspect_anything(tmp_path):
    other = begun(tmp_path, "sys.stdin.read()")
    assert other.stdout.readline() == "False\n"
    with guard_model_loading(tmp_path) as ended:
        assert not ended
    other.stdin.close()
    assert other.wait() == 0
    assert list((tmp_path / "starting").iterdir()) == []


def test_the_number_of_a_process_that_is_gone_may_be_somebody_elses(tmp_path):
    with guard_model_loading(tmp_path):
        (mark,) = (tmp_path / "starting").iterdir()
    mark.write_text("long ago")  # this process's own number, of another birth
    with guard_model_loading(tmp_path) as ended:
        assert ended


def test_a_home_that_cannot_be_written_keeps_no_marks(tmp_path):
    (tmp_path / "starting").write_text("a file where the folder would be")
    with guard_model_loading(tmp_path) as ended:
        assert not ended


@pytest.fixture
def lake(tmp_path):
    return make_lake(tmp_path / "lake", (TASK,))


def damaged(lake, change):
    """The champion with other trees, under a digest that is right."""
    home = lake.models / TASK
    at = json.loads((home / "champion.json").read_text())
    folder = home / "damaged"
    shutil.copytree(home / at["digest"], folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    text = change((folder / "model.txt").read_text())
    (folder / "model.txt").write_text(text)
    manifest["files"]["model.txt"] = sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    digest = sha256((folder / "manifest.json").read_bytes()).hexdigest()
    folder.rename(home / digest)
    (home / "champion.json").write_text(json.dumps(at | {"digest": digest}))


@pytest.mark.parametrize("ended_before", [False, True])
def test_a_damaged_champion_is_named_and_does_not_keep_the_service_from_starting(
    lake, ended_before
):
    damaged(lake, lambda text: text[: len(text) // 2])
    if ended_before:
        begun(lake.home, "os._exit(139)").wait()
    engine = load_engine(ServiceSettings(home=lake.home), lambda: datetime.now(UTC))
    engine.audit.close()
    missing = engine.models.current.missing[TASK]
    assert missing.damaged
    assert ("in a child process" in missing.why) is ended_before
    assert "damaged" in missing.why
