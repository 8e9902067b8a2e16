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


def test_two_processes_do_not_fill_one_lake_at_once(root, tmp_path):
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


def test_a_lake_of_an_older_layout_is_moved_into_layers_whole(tmp_path):
    for name in ("canonical", "quarantine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "profiles.db").write_text("profiles")
    (tmp_path / "audit.db").write_text("the record stays where it is")
    lake = Lake(tmp_path).make()
    assert (tmp_path / "interim" / "canonical" / "file").read_text() == "canonical"
    assert (tmp_path / "interim" / "quarantine" / "file").read_text() == "quarantine"
    assert (tmp_path / "processed" / "profiles.db").read_text() == "profiles"
    assert lake.audit.exists()
    assert not any(
        (tmp_path / name).exists() for name in ("canonical", "quarantine", "profiles.db")
    )


def test_what_lies_in_both_layouts_is_not_guessed_about(tmp_path):
    lake = Lake(tmp_path).make()
    (tmp_path / "canonical").mkdir()
    with pytest.raises(
        RuntimeError, match=r"canonical is where an older version .* both are there"
    ):
        lake.make()
    assert (tmp_path / "canonical").exists()


def test_naming_a_lake_that_is_not_there_makes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path / "new"))
    assert Lake.from_environment().canonical == tmp_path / "new" / "interim" / "canonical"
    assert not (tmp_path / "new").exists()
