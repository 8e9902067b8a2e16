"""The shell blocks of the README and of docs/ run, page by page, as a newcomer would type them.

`make up` runs once, in a copy of the checkout. Every page is a test of its own on the lake and the
service that it made, and one shell session: what a block exports or changes holds for the next.
A page expects nothing of another page. Blocks that are no shell blocks (`console`) are not run. The
tests of this module share what is made once, so one worker runs them all.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import pages, shell_blocks
from tests.support.ports import free_port

pytestmark = pytest.mark.slow(300)

ROOT = Path(__file__).resolve().parents[2]
UP = "make up\n"
READY = "Ctrl-C stops it"
ADDRESS = "127.0.0.1:3000"
INSTALLED = ".venv/.ready"
"""Not renewed here: the environment is the checkout's own, not to be pointed at a copy of it."""
SECONDS = 900
RUN_ELSEWHERE = {
    "api.md": "tests/integration/test_examples.py runs it, with its Python, on a synthetic model",
    "results.md": "tests/integration/real/test_results_page.py runs it: it needs public data, no lake",
}
PAGES = [p for p in pages(ROOT) if shell_blocks(p.read_text(encoding="utf-8"))]
HERE = [p for p in PAGES if p.name not in RUN_ELSEWHERE]


class Newcomer:
    """A fresh copy of the checkout, and the service that `make up` starts in it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.address = ""
        self.printed = ""
        self._process: subprocess.Popen | None = None

    def start(self) -> str:
        """Run `make up` until it says that it is ready; return what it printed."""
        port = free_port()
        self._process = subprocess.Popen(
            ["make", f"--assume-old={INSTALLED}", "up", f"ARGS=--port {port}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.address, self.printed = f"127.0.0.1:{port}", ""
        for line in self._process.stdout:
            self.printed += line
            if READY in line:
                return self.printed
        raise AssertionError(f"make up ended before it was ready:\n{self.printed}")

    def stop(self) -> str:
        """Press Ctrl-C, which a terminal sends to the whole foreground group; return the rest."""
        if self._process is None:
            return ""
        os.killpg(self._process.pid, signal.SIGINT)
        rest, _ = self._process.communicate(timeout=60)
        self._process = None
        return rest

    def type(self, blocks: list[str]) -> str:
        """Run blocks in one shell session and return what they printed on stdout."""
        marked = [f"echo '@@ block {i}' >&2\n{block}" for i, block in enumerate(blocks, 1)]
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(marked).replace(ADDRESS, self.address)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        number = int((re.findall(r"^@@ block (\d+)$", done.stderr, re.MULTILINE) or ["1"])[-1])
        said = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        assert done.returncode == 0, f"block {number}:\n{blocks[number - 1]}\n{said}"
        assert "Traceback" not in done.stderr, said
        return done.stdout


@pytest.fixture(scope="module")
def checkout(root, tmp_path_factory) -> Path:
    """The files that git knows, as a newcomer would have them, with this environment."""
    copy = tmp_path_factory.mktemp("newcomer")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if (root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)
    (copy / ".venv").symlink_to(root / ".venv")
    return copy


@pytest.fixture(scope="module")
def environment(root, checkout) -> dict[str, str]:
    """A newcomer's shell with the virtual environment active."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRIAGE_", "MLFLOW_"))}
    return kept | {
        "PATH": f"{root / '.venv' / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(checkout),
        "COLUMNS": "160",
    }


@pytest.fixture(scope="module")
def newcomer(checkout, environment) -> Iterator[Newcomer]:
    """Whoever has typed `make up`: a lake, and a service that runs."""
    one = Newcomer(checkout, environment)
    try:
        assert "Simulating" in one.start()
        yield one
    finally:
        rest = one.stop()
    assert "Traceback" not in one.printed + rest


@pytest.mark.parametrize("page", HERE, ids=[p.name for p in HERE])
def test_the_shell_blocks_of_a_page_run_in_order(page, newcomer):
    newcomer.type([b for b in shell_blocks(page.read_text(encoding="utf-8")) if b != UP])


def test_a_second_start_reuses_what_is_there(newcomer):
    assert "Stopped" in newcomer.stop()
    assert "Simulating" not in newcomer.start()
    assert "Training" not in newcomer.printed


def test_the_readme_begins_with_one_command_and_what_it_makes():
    assert shell_blocks((ROOT / "README.md").read_text(encoding="utf-8"))[0] == UP


def test_every_page_with_shell_blocks_is_run_and_every_reason_is_needed():
    assert set(RUN_ELSEWHERE) <= {p.name for p in PAGES}
    assert {p.name for p in HERE} >= {"README.md", "first-site.md", "models.md", "audit.md"}


def test_a_block_that_is_not_run_is_fenced_as_console_and_nothing_else():
    for page in pages(ROOT):
        fences = re.findall(r"^```([\w-]+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(fences) <= {"sh", "console", "text", "mermaid", "python", "toml", "json"}, page
