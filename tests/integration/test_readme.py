"""Every shell block of the README runs, in order, in a fresh copy of the checkout."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

READY = "Ctrl-C stops it"
UP = "make up\n"
SECONDS = 900


def shell_blocks(text: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def checkout(root, tmp_path_factory) -> Path:
    """The files git knows, as a newcomer would have them, with this environment."""
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
def environment(root, real_data) -> dict[str, str]:
    """A newcomer's shell with the virtual environment active; `make test` only collects."""
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("TRIAGE_")},
        "PATH": f"{root / '.venv' / 'bin'}:{os.environ['PATH']}",
        "TRIAGE_REAL_DATA": str(real_data),
        "COLUMNS": "160",
    }


def start(checkout: Path, environment: dict[str, str]) -> tuple[subprocess.Popen, list[str]]:
    """`make up` until it says that it is ready; its output so far."""
    process = subprocess.Popen(
        ["make", "up"],
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if READY in line:
            return process, said
    raise AssertionError("make up ended before it was ready:\n" + "".join(said))


def interrupt(process: subprocess.Popen) -> str:
    """Ctrl-C, as a terminal sends it to the whole foreground group."""
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    return rest


def test_the_shell_blocks_run_in_order_and_a_second_start_reuses_the_first(
    root, checkout, environment
):
    blocks = shell_blocks((root / "README.md").read_text(encoding="utf-8"))
    assert UP in blocks, "the README starts with `make up`"
    service, first = start(checkout, environment)
    try:
        said = {block: run(block, checkout, environment) for block in blocks if block != UP}
    finally:
        rest = interrupt(service)
    assert "Traceback" not in "".join(first) + rest

    # Another kind of machine may differ in the last digits, not in what they say.
    shown = figures((root / "README.md").read_text(encoding="utf-8"))
    printed = figures("".join(said.values()))
    assert printed.keys() == shown.keys()
    for name, numbers in shown.items():
        assert printed[name] == pytest.approx(numbers, abs=0.02, rel=0.02), name

    service, second = start(checkout, environment)
    rest = interrupt(service)
    assert "Simulating" in "".join(first)
    assert "Simulating" not in "".join(second)
    assert "Stopped" in rest


def run(block: str, checkout: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=checkout,
        env=environment | {"ARGS": "--collect-only -q"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def figures(text: str) -> dict[str, list[float]]:
    """Numbers of each row of the table of results, by its set and segment; n comes first."""
    rows = [
        line.split("|")[1:-1]
        for line in text.splitlines()
        if re.match(r"\| \w+, \w+ \| [\d,]+ \|", line)
    ]
    return {
        name.strip(): [float(n) for n in re.findall(r"\d+\.?\d*", " ".join(cells).replace(",", ""))]
        for name, *cells in rows
    }
