"""A lake that cannot be used, or that another process fills, says so in one line."""

import subprocess
import sys

import pytest

from data.lake import Lake

HOLD = """
import sys
from pathlib import Path
from data.lake import Lake
with Lake(Path(sys.argv[1])).make().alone():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lake_that_is_a_file_names_itself_and_the_way_out(tmp_path):
    blocker = tmp_path / "lake"
    blocker.write_text("in the way")
    with pytest.raises(OSError, match=r"TRIAGE_HOME .*lake cannot be used .*`triage doctor`"):
        Lake(blocker).make()


def test_only_one_process_at_a_time_fills_a_lake(root, tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    lake = Lake(tmp_path)
    with pytest.raises(RuntimeError, match=r"another `triage up` is filling"), lake.alone():
        pass
    holder.communicate("")
    with lake.alone():
        assert (tmp_path / "busy.lock").exists()


def test_naming_a_lake_that_is_not_there_makes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path / "new"))
    assert Lake.from_environment().canonical == tmp_path / "new" / "interim" / "canonical"
    assert not (tmp_path / "new").exists()
