"""Detect that an earlier process crashed while loading models, to load them in a subprocess first.

A damaged model can end the process that reads it. Trying each in a subprocess takes seconds, so
that is done only where an earlier process on this machine left its mark and is gone.
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
    """Leave a mark while models are loaded; yield whether an earlier process crashed there.

    A home that cannot be written keeps no marks, so no crash is detected.
    """
    folder, host = home / MARK_FOLDER, socket.gethostname()
    own_mark = folder / f"{host}-{os.getpid()}"
    crashed = False
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for mark in folder.glob(f"{host}-*"):
            if not _process_alive(mark):
                mark.unlink(missing_ok=True)
                crashed = True
        own_mark.write_text(_process_start_time(os.getpid()))
    try:
        yield crashed
    finally:
        with suppress(OSError):
            own_mark.unlink(missing_ok=True)


def _process_alive(mark: Path) -> bool:
    """Return whether the process that left the mark still runs; its number may be reused."""
    number = mark.name.rpartition("-")[2]
    try:
        return number.isdecimal() and _process_start_time(int(number)) == mark.read_text()
    except (psutil.Error, FileNotFoundError):
        return False


def _process_start_time(number: int) -> str:
    return repr(psutil.Process(number).create_time())
