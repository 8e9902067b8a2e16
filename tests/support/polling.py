"""Waiting for what another process does."""

import time

SECONDS = 30.0


def poll_until(found, seconds=SECONDS):
    """What it finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if got := found():
            return got
        time.sleep(0.05)
    raise AssertionError("not within the time")
