"""Detect that an earlier start crashed while loading models, and load them in a child first.

A damaged model can end the process that reads it. Trying each in a child takes seconds, so a
start does that only where the one before on this machine left its mark and is gone.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped] # it ships no types

MARK_FOLDER = "starting"


@contextmanager
def guard_model_loading(home: Path) -> Iterator[bool]:
    """While models are loaded; whether a start before this one ended there.

    A home that cannot be written keeps no marks, and nothing is suspected.
    """
    folder, host = home / MARK_FOLDER, socket.gethostname()
    mine = folder / f"{host}-{os.getpid()}"
    ended = False
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for mark in folder.glob(f"{host}-*"):
            if not _process_alive(mark):
                mark.unlink(missing_ok=True)
                ended = True
        mine.write_text(_process_start_time(os.getpid()))
    try:
        yield ended
    finally:
        with suppress(OSError):
            mine.unlink(missing_ok=True)


def _process_alive(mark: Path) -> bool:
    """Whether the process that left it is still there; another one may have its number."""
    number = mark.name.rpartition("-")[2]
    try:
        return number.isdecimal() and _process_start_time(int(number)) == mark.read_text()
    except (psutil.Error, FileNotFoundError):
        return False


def _process_start_time(number: int) -> str:
    return repr(psutil.Process(number).create_time())
