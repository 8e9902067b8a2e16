"""Answers of an older release verify in this one, and are given again by the wheel of that one."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from models.tasks.stock_risk import STOCK_RISK
from serving.server.supervisor import RunningService
from tests.support.polling import poll_until
from tests.support.ports import free_port
from tests.support.synthetic_lake import example_case, make_lake

pytestmark = pytest.mark.slow(40)

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("data", "features", "models", "serving", "training")
OLDER = "0.0.9"
ANSWERS = 3


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """A folder with what a wheel of this code holds, released under an older number."""
    source, wheels, installed = (tmp_path_factory.mktemp(n) for n in ("source", "wheels", "older"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "requirements.in", "triage.py"):
        shutil.copy(ROOT / name, source)
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    context = source / "serving/runtime/context.py"
    lines = context.read_text(encoding="utf-8").splitlines(keepends=True)
    lines = [f'RELEASE = "{OLDER}"\n' if ln.startswith("RELEASE = ") else ln for ln in lines]
    context.write_text("".join(lines), encoding="utf-8")
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels)]
    subprocess.run([sys.executable, "-m", "pip", *build, "."], cwd=source, check=True)
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(installed)
    return installed


@pytest.fixture(scope="module")
def lake(tmp_path_factory, older):
    """A lake whose answers the older release gave."""
    lake, port = make_lake(tmp_path_factory.mktemp("lake"), (STOCK_RISK.name,)), free_port()
    address = f"http://127.0.0.1:{port}"
    with (lake.home / "service.log").open("wb") as log:
        service = subprocess.Popen(
            [sys.executable, "-m", "triage", "serve", "--port", str(port)],
            cwd=older,
            env=environment(older, lake),
            stdout=log,
            stderr=log,
        )
    try:
        poll_until(lambda: is_ready(address), seconds=90)
        running = RunningService(address, service)
        for number in range(ANSWERS):
            running.recommend(STOCK_RISK.name, [example_case(STOCK_RISK.name, number)])
    finally:
        service.terminate()
        service.wait(60)
    return lake


def is_ready(address: str) -> bool:
    try:
        return urllib.request.urlopen(f"{address}/livez").status == 200
    except OSError:
        return False


def environment(code: Path, lake) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(code), "TRIAGE_HOME": str(lake.home.resolve())}


def audit(code: Path, lake, *arguments) -> subprocess.CompletedProcess:
    """Run `triage audit` of the code in a folder on the lake."""
    return subprocess.run(
        [sys.executable, "-m", "triage", "audit", *arguments],
        cwd=code,
        env=environment(code, lake),
        capture_output=True,
        text=True,
        check=False,
    )


def figures_of_replay(code, lake, tmp_path):
    path = tmp_path / "figures.json"
    ended = audit(code, lake, "replay", "--json", str(path))
    return ended, json.loads(path.read_text(encoding="utf-8"))


def test_what_an_older_release_answered_verifies_and_is_not_compared_with_this_one(lake, tmp_path):
    assert audit(ROOT, lake, "verify").returncode == 0
    ended, figures = figures_of_replay(ROOT, lake, tmp_path)
    assert figures["not_replayed"] == {"other release": ANSWERS}
    assert figures["releases"] == {OLDER: ANSWERS}
    assert f"exception_triage-{OLDER}-py3-none-any.whl" in ended.stdout


def test_the_wheel_of_that_release_gives_its_answers_again_to_the_bit(older, lake, tmp_path):
    ended, figures = figures_of_replay(older, lake, tmp_path)
    assert figures["identical"] == {STOCK_RISK.name: ANSWERS}, ended.stdout + ended.stderr
    assert figures["different"] == []
    assert figures["not_replayed"] == {}
