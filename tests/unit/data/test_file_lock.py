"""One holder at a time; others wait, give up, or are told at once."""

import threading

import pytest

from data.atomic_file import write_text_atomically
from data.file_lock import file_lock, try_file_lock


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_second_holder_is_told_at_once_and_gets_the_lock_afterwards(tmp_path, kind):
    path = tmp_path if kind == "folder" else tmp_path / "a.lock"
    with try_file_lock(path) as first, try_file_lock(path) as second:
        assert (first, second) == (True, False)
    with try_file_lock(path) as again:
        assert again


def test_waiting_too_long_for_the_lock_is_an_error(tmp_path):
    path = tmp_path / "a.lock"
    refused = pytest.raises(TimeoutError, match=r"kept .*a\.lock locked for 0.05 s")
    with file_lock(path), refused, file_lock(path, 0.05):
        pass
    with file_lock(path, 10):  # the thread that was left behind does not keep it
        pass


def test_a_waiting_process_gets_the_lock_when_it_is_released(tmp_path):
    path, order = tmp_path / "a.lock", []

    def second():
        with file_lock(path, 10):
            order.append("second")

    waiting = threading.Thread(target=second)
    with file_lock(path):
        waiting.start()
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_a_file_that_cannot_be_written_is_left_as_it_was(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    write_text_atomically(tmp_path / "a", "old")
    monkeypatch.setattr("data.atomic_file.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_text_atomically(tmp_path / "a", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"
