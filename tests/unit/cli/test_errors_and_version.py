"""`triage --version` names the release and the code, as every entry of the audit log does."""

import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from serving.runtime.context import code_version
from triage import app

pytestmark = pytest.mark.slow(9)

HOLD = """
import time, triage
def hold():
    try:
        print("ready", flush=True)
        while True:  # a signal just before a call that blocks would not end it
            time.sleep(0.01)
    finally:
        print("ended cleanly", flush=True)
triage.app = hold
triage.main()
"""


def run(root, home, *arguments):
    return subprocess.run(
        [sys.executable, str(root / "triage.py"), *arguments],
        env=os.environ | {"TRIAGE_HOME": str(home)},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "[/bold]"], "no task '[/bold]'; there are stock_risk, invoice_mismatch, "),
        (["profiles"], "run `triage ingest --source NAME` first"),
        (["case", "stock_risk", "x"], "ingest first"),
        (["monitor"], "nothing was recommended yet"),
    ],
)
def test_an_error_is_one_line_whatever_it_quotes(root, tmp_path, arguments, said):
    ended = run(root, tmp_path / ("deep" * 20), *arguments)
    assert ended.returncode == 2
    assert ended.stderr.startswith("triage: ")
    assert ended.stderr.count("\n") == 1
    assert said in ended.stderr


def test_a_request_to_end_is_met_as_ctrl_c_is(root):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "ended cleanly\n"


def test_the_version_is_the_one_that_entries_name():
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.strip() == f"exception-triage {code_version()}"
