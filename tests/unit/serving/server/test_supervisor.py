"""Processes of a service end with each other, and its settings hold in another folder."""

import os
import subprocess
import sys
from pathlib import Path

from serving.server.settings_catalogue import LIFELINE_VARIABLE
from serving.server.supervisor import Lifeline, absolute_paths, describe_exit

FOLLOWER = "from serving.server.supervisor import exit_with_parent; import signal; exit_with_parent(); signal.pause()"


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
