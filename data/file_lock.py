"""Exclusive locks between processes on a file or a folder.

The operating system releases such a lock when its process ends, however it ends. Two openings of
the same file exclude each other within a process too, so threads may use the locks as well.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE_MODE = 0o666
"""Less what the process's umask takes away: several users may share a lock."""


@contextmanager
def file_lock(path: Path, timeout_seconds: float | None = None) -> Iterator[None]:
    """Hold the lock while the block runs; wait for it first.

    Args:
        path: an existing folder, or a file, which is created if it is missing.
        timeout_seconds: how long to wait; None without limit.

    Raises:
        TimeoutError: another holder kept the lock for that long.
        OSError: the file cannot be opened.
    """
    with _opened(path) as descriptor:
        if not _try_lock(descriptor):
            _wait_for_lock(descriptor, path, timeout_seconds)
        yield


@contextmanager
def try_file_lock(path: Path) -> Iterator[bool]:
    """Hold the lock while the block runs, if it is free; never wait.

    Args:
        path: an existing folder, or a file, which is created if it is missing.

    Yields:
        Whether this process holds the lock.

    Raises:
        OSError: the file cannot be opened.
    """
    with _opened(path) as descriptor:
        yield _try_lock(descriptor)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
    descriptor = os.open(path, flags | os.O_CLOEXEC, LOCK_FILE_MODE)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for_lock(descriptor: int, path: Path, timeout_seconds: float | None) -> None:
    """Wait in a thread that can be left behind: `flock` has no timeout, and polling is slower."""
    if timeout_seconds is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    acquired = threading.Event()

    def wait() -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        acquired.set()

    threading.Thread(target=wait, daemon=True).start()
    if not acquired.wait(timeout_seconds):
        raise TimeoutError(f"another process has kept {path} locked for {timeout_seconds} s")
