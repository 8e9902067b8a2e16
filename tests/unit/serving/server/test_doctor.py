"""The doctor names what is wrong and how to mend it."""

import socket

import pytest

from serving.server import doctor

pytestmark = pytest.mark.slow(4)


def test_a_healthy_machine_passes_every_check(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert [c.name for c in doctor.machine_checks(tmp_path, "127.0.0.1", port) if not c.well] == []


def test_an_old_python_is_refused_with_what_was_found():
    check = doctor.check_python((3, 10, 4))
    assert (check.well, check.found) == (False, "3.10.4")
    assert "3.11" in check.mend


def test_a_taken_port_says_how_to_choose_another():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        check = doctor.check_port("127.0.0.1", port)
    assert not check.well
    assert f"127.0.0.1:{port}" in check.found
    assert "--port" in check.mend


def test_a_file_where_the_lake_should_be_is_found(tmp_path):
    blocker = tmp_path / "lake"
    blocker.write_text("in the way")
    check = doctor.check_writable("TRIAGE_HOME", blocker / "inner")
    assert not check.well
    assert check.found == f"{blocker} is a file, not a folder"


def test_a_lake_that_does_not_exist_yet_is_well_where_its_parent_is(tmp_path):
    assert doctor.check_writable("TRIAGE_HOME", tmp_path / "a" / "b").well
