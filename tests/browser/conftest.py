"""A browser that reaches nothing but this machine."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser():
    """The machine's own Chromium; its absence is an error, not a skip."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    assert path, f"no browser: none of {', '.join(NAMES)} is installed (apt install chromium)"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()
