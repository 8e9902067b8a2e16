"""The page of examples says what is so: its blocks run, in order, and print what it shows."""

import os
import re
import subprocess
import sys

import pytest

from serving.server.supervisor import run_service
from tests.support.ports import free_port
from tests.support.synthetic_lake import make_lake

pytestmark = pytest.mark.slow(15)

PAGE = "docs/api.md"
BLOCK = re.compile(
    r"^```(?P<kind>sh|python)\n(?P<code>.*?)^```$(?:\n\n```text\n(?P<shown>.*?)^```$)?",
    flags=re.MULTILINE | re.DOTALL,
)


@pytest.fixture(scope="module")
def checkout(root, tmp_path_factory):
    """A folder that looks like the checkout, so that nothing is left in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for room in ("serving", "models", "features", "data"):
        (folder / room).symlink_to(root / room)
    return folder


@pytest.fixture(scope="module")
def environment(checkout, tmp_path_factory):
    """Who runs the page: the address of a service that runs, and no key, as on one machine."""
    lake = make_lake(tmp_path_factory.mktemp("lake"))
    with run_service(lake, port=free_port(), log=lake.home / "service.log") as running:
        others = {name: value for name, value in os.environ.items() if "TRIAGE_" not in name}
        path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"  # noqa: PTH120
        yield {**others, "PATH": path, "PYTHONPATH": str(checkout), "TRIAGE_URL": running.address}


def run(kind, code, checkout, environment):
    shell = ["bash", "-euo", "pipefail", "-c"] if kind == "sh" else [sys.executable, "-c"]
    done = subprocess.run(
        [*shell, code],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_blocks_run_in_order_and_print_what_the_page_shows(root, checkout, environment):
    text = (root / PAGE).read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    fences = re.findall(r"^```(\w+)$", text, flags=re.MULTILINE)
    assert len(blocks) == fences.count("sh") + fences.count("python") > 5
    assert sum(b["shown"] is not None for b in blocks) == fences.count("text")
    for block in blocks:
        printed = run(block["kind"], block["code"], checkout, environment)
        if block["shown"] is not None:
            assert printed == block["shown"], block["code"]


def test_the_key_is_in_a_file_of_its_owner_only(root, checkout, environment):
    (first, *_) = BLOCK.finditer((root / PAGE).read_text(encoding="utf-8"))
    run("sh", first["code"], checkout, environment | {"TRIAGE_API_KEY": "tk_1_x"})
    headers = checkout / ".triage" / "examples" / "headers"
    assert "Authorization: Bearer tk_1_x" in headers.read_text().splitlines()
    assert headers.stat().st_mode & 0o077 == 0
