"""A night as it is scheduled, on two sites' extracts: it can be run again and repeats nothing."""

import os
import subprocess
from datetime import UTC, datetime

import pandas as pd
import pytest

from data.canonical_tables import read_manifest
from data.lake import Lake

pytestmark = pytest.mark.slow(60)

MAPPINGS = "data/sources/extracts/mappings"


@pytest.fixture(scope="module")
def night(root, tmp_path_factory):
    """Run a command of the virtual environment in the checkout, on a lake of its own."""
    home = tmp_path_factory.mktemp("night")

    def run(*command: str) -> str:
        done = subprocess.run(
            list(command),
            cwd=root,
            env=os.environ
            | {
                "TRIAGE_HOME": str(home / "lake"),
                "PATH": f"{root / '.venv' / 'bin'}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    size = ("--sites", "2", "--suppliers", "6", "--items", "40", "--months", "3")
    run("triage", "simulate", *size, "--extracts", str(home / "extracts"))
    script = "serving/deploy/schedule/nightly.sh"
    files = (f"{MAPPINGS}/S01.toml", f"{MAPPINGS}/S02.toml")
    return Lake(home / "lake"), lambda: run(script, str(home / "extracts"), *files)


def test_a_night_ends_with_a_ranked_list_and_a_second_one_repeats_nothing(night):
    lake, run = night
    first = run()
    version = read_manifest(lake.canonical).version
    scores = lake.home / "reports" / f"scores_{datetime.now(UTC):%Y-%m-%d}.parquet"
    ranked = pd.read_parquet(scores)
    assert set(ranked["site_id"]) == {"S01", "S02"}
    assert ranked["error"].isna().all()
    assert "advised" in first or "without advice" in first
    again = run()
    assert "answered earlier today" in again
    assert read_manifest(lake.canonical).version == version, "the same files change nothing"
    assert pd.read_parquet(scores)["recommendation_id"].tolist() == (
        ranked["recommendation_id"].tolist()
    )
