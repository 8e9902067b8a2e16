"""Scripts of nights and weeks, and that cron, systemd and Kubernetes run them."""

import os
import re
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from models.catalogue import TASKS

SCRIPTS = ("nightly", "weekly")
STUB = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$1" in {fails}) exit {code};; esac
"""


@pytest.fixture
def deploy(root):
    return root / "serving" / "deploy"


@pytest.fixture
def run(root, tmp_path):
    """Run a script with a `triage` that only writes down how it is called."""

    def start(script: str, *arguments: str, fails: str = "nothing", code: int = 1):
        stub = tmp_path / "bin" / "triage"
        stub.parent.mkdir(exist_ok=True)
        stub.write_text(STUB.format(fails=fails, code=code))
        stub.chmod(0o755)
        path = root / "serving" / "deploy" / "schedule" / f"{script}.sh"
        calls = tmp_path / "calls"
        done = subprocess.run(
            ["sh", str(path), *arguments],
            env={
                "PATH": f"{stub.parent}:{os.environ['PATH']}",
                "CALLS": str(calls),
                "TRIAGE_HOME": str(tmp_path / "lake"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        lines = calls.read_text().splitlines() if calls.exists() else []
        return done, [re.sub(r"\d{4}-\d\d-\d\d", "DAY", line) for line in lines]

    return start


def test_a_night_loads_renews_and_scores_in_this_order(run, tmp_path):
    done, calls = run("nightly", "extracts", "a.toml", "b.toml", "--", "--full")
    assert done.returncode == 0, done.stderr
    assert calls == [
        "ingest --source extract --path extracts --full --mapping a.toml --mapping b.toml",
        "decisions",
        "profiles",
        f"score --out {tmp_path}/lake/reports/scores_DAY.parquet",
    ]


@pytest.mark.parametrize(("step", "code", "before"), [("ingest", 3, 1), ("profiles", 2, 3)])
def test_a_night_stops_at_the_step_that_fails_with_its_exit_code(run, step, code, before):
    done, calls = run("nightly", "extracts", "a.toml", fails=step, code=code)
    assert (done.returncode, len(calls)) == (code, before)


def test_a_night_without_a_mapping_says_how_it_is_called(run):
    done, calls = run("nightly", "extracts")
    assert (done.returncode, calls) == (64, [])
    assert "usage: nightly.sh EXTRACTS MAPPING..." in done.stderr


def test_a_week_trains_where_the_monitor_says_so_and_never_promotes(run, tmp_path):
    done, calls = run("weekly", fails="monitor", code=4)
    assert done.returncode == 4
    monitor = f"monitor --html {tmp_path}/lake/reports/monitor_DAY.html"
    assert calls == ["audit verify", monitor, *(f"train {task}" for task in TASKS)]


@pytest.mark.parametrize(("found", "trained"), [(0, 0), (3, 0)])
def test_a_quiet_week_trains_nothing(run, found, trained):
    done, calls = run("weekly", fails="monitor" if found else "nothing", code=found)
    assert (done.returncode, sum(call.startswith("train") for call in calls)) == (found, trained)


def test_an_altered_record_ends_the_week(run):
    done, calls = run("weekly", fails="audit")
    assert (done.returncode, calls) == (1, ["audit verify"])


def commands(deploy: Path) -> list[list[str]]:
    crontab = (deploy / "schedule" / "crontab").read_text().splitlines()
    lines = [line.split("&&")[1] for line in crontab if "&&" in line]
    units = [(deploy / "systemd" / f"triage-{name}.service").read_text() for name in SCRIPTS]
    lines += [re.search(r"^ExecStart=(.+)$", unit, re.MULTILINE)[1] for unit in units]
    jobs = yaml.safe_load_all((deploy / "kubernetes" / "schedule.yaml").read_text())
    pods = [job["spec"]["jobTemplate"]["spec"]["template"]["spec"] for job in jobs]
    return [shlex.split(line) for line in lines] + [
        pod["containers"][0]["command"][1:] for pod in pods
    ]


def test_cron_systemd_and_kubernetes_run_the_scripts(deploy, root):
    found = commands(deploy)
    assert len(found) == 2 * 3
    for script, *arguments in found:
        path = root / script.removeprefix("/opt/triage/")
        assert path.stat().st_mode & stat.S_IXUSR, path
        assert (len(arguments) >= 2) == (path.stem == "nightly")


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_timers_start_the_units_of_their_names(deploy, name):
    timer = (deploy / "systemd" / f"triage-{name}.timer").read_text()
    assert "OnCalendar=" in timer
    assert "Persistent=true" in timer, "a night that was slept through is made up for"
    unit = (deploy / "systemd" / f"triage-{name}.service").read_text()
    assert "Type=oneshot" in unit
    assert "User=triage" in unit
