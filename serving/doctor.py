"""What the service needs of the machine, whether it is there, and how to mend it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST_PYTHON = (3, 11)
NEEDED_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Check:
    """One finding: what was looked at, whether it is well, what was found, how to mend it."""

    name: str
    well: bool
    found: str
    mend: str = ""


def examine(home: Path, host: str, port: int) -> Iterator[Check]:
    """Every check, in the order in which trouble would show."""
    yield python_version(sys.version_info[:3])
    yield openmp()
    yield free_port(host, port)
    yield writable("TRIAGE_HOME", home)
    yield disk(home)


def python_version(version: tuple[int, ...]) -> Check:
    """Python 3.11 or later."""
    return Check(
        "Python",
        version >= OLDEST_PYTHON,
        ".".join(map(str, version)),
        "install Python 3.11 or later and run `make up PYTHON=python3.11`",
    )


def openmp() -> Check:
    """LightGBM loads, which needs the OpenMP runtime; tried in a child, as it may abort."""
    tried = subprocess.run(
        [sys.executable, "-c", "import lightgbm; print(lightgbm.__version__)"],
        capture_output=True,
        text=True,
        check=False,
    )
    well = tried.returncode == 0
    found = tried.stdout.strip() if well else (tried.stderr.strip().splitlines() or ["aborted"])[-1]
    return Check(
        "LightGBM with libgomp",
        well,
        found,
        "Debian: `apt-get install libgomp1`; macOS: `brew install libomp`",
    )


def free_port(host: str, port: int) -> Check:
    """Nothing listens where the service wants to."""
    with socket.socket() as probe:
        # As servers do, or a port in TIME_WAIT would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return Check(
                "Port",
                well=False,
                found=f"{host}:{port} is taken or not ours ({error.strerror})",
                mend=f"stop what listens there (`lsof -i :{port}`) or choose another: "
                "`make up ARGS='--port 3001'`",
            )
    return Check("Port", well=True, found=f"{host}:{port} is free")


def writable(name: str, folder: Path) -> Check:
    """The folder, or the nearest one above it that exists, can be written to."""
    mend = f"`chmod u+w {folder}`, or set TRIAGE_HOME to a folder of your own"
    nearest = existing(folder)
    if not nearest.is_dir():
        return Check(name, well=False, found=f"{nearest} is a file, not a folder", mend=mend)
    if not os.access(nearest, os.W_OK):
        return Check(name, well=False, found=f"{nearest} is read-only", mend=mend)
    return Check(name, well=True, found=f"{folder} can be written")


def disk(folder: Path) -> Check:
    """Room for the lake."""
    status = os.statvfs(existing(folder))
    free = status.f_bavail * status.f_frsize
    return Check(
        "Disk",
        free >= NEEDED_BYTES,
        f"{free / 1024**3:.1f} GiB free",
        "free 2 GiB, or set TRIAGE_HOME to a folder on a larger disk",
    )


def existing(folder: Path) -> Path:
    """The folder itself or its nearest ancestor that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())
