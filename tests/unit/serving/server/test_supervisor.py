"""When a service that ended is started again, and that its processes end with each other."""

import os
import subprocess
import sys
from pathlib import Path

from serving.server.lifeline import LIFELINE_VARIABLE, Lifeline
from serving.server.supervisor import (
    FIRST_PAUSE_SECONDS,
    MAX_QUICK_EXITS,
    QUICK_EXIT_SECONDS,
    RestartPolicy,
    absolute_paths,
    describe_exit,
)

FOLLOWER = "from serving.server.lifeline import exit_with_parent; import signal; exit_with_parent(); signal.pause()"


def test_quick_deaths_in_a_row_wait_twice_as_long_each_time_and_then_end_it():
    restarts = RestartPolicy()
    pauses = [restarts.pause_after(0.0) for _ in range(MAX_QUICK_EXITS)]
    assert pauses == [FIRST_PAUSE_SECONDS * 2**n for n in range(MAX_QUICK_EXITS - 1)] + [None]


def test_a_death_after_a_long_life_starts_the_count_again():
    restarts = RestartPolicy()
    for _ in range(3 * MAX_QUICK_EXITS):
        restarts.pause_after(0.0)
        assert restarts.pause_after(QUICK_EXIT_SECONDS) == FIRST_PAUSE_SECONDS


def test_an_exit_code_is_told_as_what_ended_the_process():
    assert describe_exit(3) == "ended with exit code 3"
    assert describe_exit(-9) == "was ended by SIGKILL"
    assert describe_exit(-120) == "was ended by signal 120"


def test_paths_among_the_settings_are_those_of_who_gave_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {
        "TRIAGE_POLICY": "policy.toml",
        "TRIAGE_AUDIT_CHECKPOINTS": "s3://bucket/log",
        "TRIAGE_AUDIT_URL": "sqlite:///audit.db",
        "TRIAGE_THREADS": "8",
    }
    assert absolute_paths(given) == {
        "TRIAGE_POLICY": str(tmp_path / "policy.toml"),
        "TRIAGE_AUDIT_URL": f"sqlite:///{tmp_path / 'audit.db'}",
    }
    assert absolute_paths({"TRIAGE_AUDIT_URL": "postgresql://u:secret@db/x"}) == {}


def test_a_process_ends_with_the_one_that_started_it(root):
    lifeline = Lifeline()
    follower = started(root, lifeline.environment, [lifeline.end])
    lifeline.cut()
    assert follower.wait(30) == -15


def test_a_variable_that_names_no_pipe_is_not_followed(root):
    """It outlives what it speaks of; the number may be anybody's file by now."""
    with Path(os.devnull).open() as other:
        code = FOLLOWER.replace("signal.pause()", "print(threading.active_count())")
        told = subprocess.run(
            [sys.executable, "-c", f"import threading; {code}"],
            cwd=root,
            env={**os.environ, LIFELINE_VARIABLE: str(other.fileno())},
            pass_fds=[other.fileno()],
            capture_output=True,
            text=True,
            check=True,
        )
    assert told.stdout.strip() == "1"


def started(root, environment, passed):
    return subprocess.Popen(
        [sys.executable, "-c", FOLLOWER],
        cwd=root,
        env={**os.environ, **environment},
        pass_fds=passed,
    )
