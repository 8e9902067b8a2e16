"""Poll for an effect of another process or thread, within a deadline."""

import time

TIMEOUT_SECONDS = 30.0
INTERVAL_SECONDS = 0.05


def poll_until(probe, seconds=TIMEOUT_SECONDS, interval=INTERVAL_SECONDS):
    """Call `probe` until it returns something true, and return that.

    Raises:
        AssertionError: it did not within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := probe():
            return result
        time.sleep(interval)
    raise AssertionError(f"nothing came of it within {seconds:g} s")
