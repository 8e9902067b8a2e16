"""Clock steps for the processes under test, made with Debian's `faketime`."""

import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

from tests.faults.audit_location import AuditLocation, FaultUnavailableError
from tests.faults.fault import Bench
from tests.faults.observations import Outcome, Window

LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/local/lib/faketime/libfaketime.so.1")
WAIT_SECONDS = 60
STEPS = ("-1d", "+1d", "+0")
ANSWERS_EACH = 5


def library() -> Path:
    """Return the path of the library that intercepts a process's clock.

    Raises:
        NotHereError: it is not installed.
    """
    for pattern in LIBRARIES:
        for library in sorted(Path("/").glob(pattern.lstrip("/"))):
            return library
    raise FaultUnavailableError(f"no {' or '.join(LIBRARIES)}: install faketime")


def environment(place: AuditLocation) -> Mapping[str, str]:
    """Return the environment that lets a file step a process's wall clock; the monotonic one stays true."""
    set_clock(place, "+0")
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME_TIMESTAMP_FILE": str(file(place)),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def file(place: AuditLocation) -> Path:
    """Return the path of the file that holds the offset of the clock."""
    return place.folder / "clock"


def set_clock(place: AuditLocation, offset: str) -> None:
    """Step the clock by an atomic replacement, so that no process reads half a line."""
    partial = file(place).with_suffix(".part")
    partial.write_text(offset + "\n")
    partial.replace(file(place))


def clock_back(bench: Bench, _: Random) -> Window:
    """Step the clock a day back, a day ahead and right again, with answers at each."""
    for step in STEPS:
        set_clock(bench.place, step)
        at = time.monotonic()
        answered = bench.target.answers.first(Outcome.ACKNOWLEDGED, at, WAIT_SECONDS, ANSWERS_EACH)
        if answered is None:
            raise RuntimeError(f"with the clock at {step} nobody is answered")
    return Window(at, at, steps_hours=24)
