"""The page of results says what is so: its table is made again, and its shell block runs.

One set is made again by default, as all of them take minutes: TRIAGE_TEST_RESULTS=all.
"""

import os
import re
import subprocess

import pytest

from tests.docs.markdown import shell_blocks
from training.backtest.public_results import (
    FOLDS,
    PUBLIC_BACKTESTS,
    result_rows,
    run_public_backtest,
)

QUICK = ("scms_delivery",)
CHOSEN = [
    run for run in PUBLIC_BACKTESTS if run.source in QUICK or os.environ.get("TRIAGE_TEST_RESULTS")
]
SECONDS = 600


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "results.md").read_text(encoding="utf-8")


def figures(lines):
    """Return the numbers of each row of the table, by its set and segment; n comes first."""
    found = {}
    for line in lines:
        if re.match(r"\| \w+, \w+ \| [\d,]+ \|", line):
            name, *cells = line.split("|")[1:-1]
            numbers = re.findall(r"\d+\.?\d*", " ".join(cells).replace(",", ""))
            found[name.strip()] = [float(n) for n in numbers]
    return found


@pytest.mark.parametrize("run", CHOSEN, ids=[run.source for run in CHOSEN])
def test_the_table_is_made_again(run, page, real_data, tmp_path, monkeypatch):
    """Another kind of machine may differ in the last digits, not in what they say."""
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path))
    made = result_rows(run_public_backtest(run, real_data, FOLDS).figures)
    again = figures("| " + " | ".join(row) + " |" for row in made)
    shown = {
        name: numbers
        for name, numbers in figures(page.splitlines()).items()
        if name.startswith(f"{run.source},")
    }
    assert again.keys() == shown.keys() != set()
    for name, numbers in shown.items():
        assert again[name] == pytest.approx(numbers, abs=0.02, rel=0.02), name


def test_every_set_is_in_the_table(page):
    assert {name.partition(",")[0] for name in figures(page.splitlines())} == {
        run.source for run in PUBLIC_BACKTESTS
    }


def test_the_shell_block_runs(root, page, real_data, tmp_path):
    """In an empty folder: the page needs no lake, only the sets."""
    (tmp_path / ".triage").mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TRIAGE_")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(shell_blocks(page))],
        cwd=tmp_path,
        env=kept
        | {
            "PATH": f"{root / '.venv' / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(root),
            "TRIAGE_REAL_DATA": str(real_data),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert (tmp_path / ".triage" / "scms.json").exists()
