"""A load is done as a whole or not at all, whatever happens to it."""

import multiprocessing
import os
import signal
from pathlib import Path

import pandas as pd
import pytest

from data import canonical_tables
from data import ingest as loads
from data.canonical_tables import kept_versions, read_manifest
from data.ingest import LoadTerms, ingest
from data.row_versions import commits
from data.row_versions.maintenance import compact
from data.source_batch import batches_from_frames
from data.store import Store
from tests.lakes import read_table

FORK = multiprocessing.get_context("fork")
AT = pd.Timestamp("2026-03-01T06:00Z")


def stock(*items: str, on_hand: float = 5.0, **columns) -> dict[str, pd.DataFrame]:
    rows = {"site_id": "S01", "item_id": list(items), "on_hand": on_hand}
    clocks = {"happened_at": AT, "known_at": AT}
    levels = pd.DataFrame(rows | clocks | columns)
    return {
        "stock_levels": levels,
        "items": pd.DataFrame({"item_id": list(items)} | clocks),
    }


def load(folder: Path, frames: dict[str, pd.DataFrame], **terms):
    batches = batches_from_frames(frames, "test")
    return ingest(batches, folder / "c", folder / "q", LoadTerms(**terms))


def items_of(folder: Path) -> tuple[list[str], list[str]]:
    """The items of both tables, and every file whole."""
    return tuple(sorted(read_table(folder / "c", t)["item_id"]) for t in ("items", "stock_levels"))


def kill_at(module, name: str, calls: int):
    """Let the process be killed when it calls a function for the so manieth time."""
    original, left = getattr(module, name), [calls]

    def dying(*arguments, **named):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)

    setattr(module, name, dying)


@pytest.mark.parametrize(
    ("module", "name", "calls"),
    [
        (loads, "check_contract", 2),
        (loads, "judge_staged", 1),
        (loads, "commit", 1),
        (commits, "describe_part", 2),
        (commits, "replace_durably", 1),
        (commits, "replace_durably", 2),
        (commits, "write_manifest", 1),
        (canonical_tables, "write_text_atomically", 1),
        (canonical_tables, "write_text_atomically", 2),
    ],
)
def test_a_load_that_is_killed_leaves_the_old_state_and_the_next_one_succeeds(
    tmp_path, module, name, calls
):
    load(tmp_path, stock("I1"))

    def dying() -> None:
        kill_at(module, name, calls)
        load(tmp_path, stock("I2", "I3"))

    killed = FORK.Process(target=dying)
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert items_of(tmp_path) == (["I1"], ["I1"])
    load(tmp_path, stock("I2", "I3"))
    assert items_of(tmp_path) == (["I1", "I2", "I3"],) * 2
    assert not list((tmp_path / "c").glob(".staging-*"))
    assert kept_versions(tmp_path / "c") == [1, 2]


def test_of_loads_at_once_none_is_lost(tmp_path):
    load(tmp_path, stock("I1"))
    others = [FORK.Process(target=load, args=(tmp_path, stock(f"I{k}"))) for k in (2, 3, 4)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert items_of(tmp_path) == (["I1", "I2", "I3", "I4"],) * 2
    assert read_manifest(tmp_path / "c").version == 4


@pytest.mark.parametrize(("broken", "refused"), [(1, False), (2, True)])
def test_a_load_is_refused_when_more_than_the_stated_share_is_broken(tmp_path, broken, refused):
    load(tmp_path, stock("I0"))
    frames = stock(*(f"I{k}" for k in range(1, 11)))
    frames["stock_levels"].loc[: broken - 1, "on_hand"] = None
    report = load(tmp_path, frames, max_quarantined=0.05)
    assert bool(report.refused) is refused
    assert report.quarantined == broken
    assert report.quarantine.exists()
    assert len(items_of(tmp_path)[0]) == (1 if refused else 11)
    assert ("the lake stays as it was" in str(report)) is refused


def test_a_load_that_would_lose_all_rows_of_a_table_is_refused(tmp_path):
    load(tmp_path, stock("I0"))
    report = load(tmp_path, stock("I1", on_hand=None), max_quarantined=1.0)
    assert report.refused == "no row of stock_levels could be accepted"
    assert items_of(tmp_path) == (["I0"], ["I0"])


def test_compaction_merges_files_and_keeps_every_version_of_a_row(tmp_path):
    folder = tmp_path / "c"
    load(tmp_path, stock("I1"))
    load(tmp_path, stock("I2"))
    load(tmp_path, stock("I1", on_hand=9.0, known_at=AT + pd.Timedelta(days=1)))

    def history() -> pd.DataFrame:
        with Store.from_folder(folder) as store:
            rows = store.versions("stock_levels").to_pandas()
        return rows.sort_values(["item_id", "known_at"], ignore_index=True)

    before, end = history(), canonical_tables.end_of_data(folder)
    done = compact(folder, keep=2)
    assert (done.version, done.merged) == (4, 5)
    assert kept_versions(folder) == [3, 4]
    assert {name: len(p) for name, p in read_manifest(folder).tables.items() if p} == {
        "items": 1,
        "stock_levels": 1,
    }
    pd.testing.assert_frame_equal(history(), before)
    assert canonical_tables.end_of_data(folder) == end
    assert compact(folder, keep=1).removed_files == 5
    pd.testing.assert_frame_equal(history(), before)
