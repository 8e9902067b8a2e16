"""Shared content is made once, copied to each test, and never left incomplete."""

import pytest

from tests.support.once_per_run import SHARED_FOLDER_VARIABLE, copy_made_once_per_run


@pytest.fixture
def shared(tmp_path, monkeypatch):
    monkeypatch.setenv(SHARED_FOLDER_VARIABLE, str(tmp_path / "shared"))
    return tmp_path


def write(folder, text="made"):
    folder.mkdir(parents=True)
    (folder / "file").write_text(text)


def test_the_second_who_asks_gets_a_copy_of_their_own(shared):
    first = copy_made_once_per_run("x", shared / "first", write)
    (first / "file").write_text("changed by a test")
    second = copy_made_once_per_run(
        "x", shared / "second", lambda folder: write(folder, "made again")
    )
    assert (second / "file").read_text() == "made"


def test_content_that_failed_half_way_is_made_anew(shared):
    def fail(folder):
        write(folder, "half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        copy_made_once_per_run("x", shared / "first", fail)
    assert (copy_made_once_per_run("x", shared / "second", write) / "file").read_text() == "made"


def test_without_a_shared_folder_it_is_made_in_place(tmp_path, monkeypatch):
    monkeypatch.delenv(SHARED_FOLDER_VARIABLE)
    assert (copy_made_once_per_run("x", tmp_path / "here", write) / "file").read_text() == "made"
