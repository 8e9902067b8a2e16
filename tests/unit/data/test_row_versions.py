"""Loads add: what becomes of a row that the lake has already, and what stays of the old one."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from data.canonical_tables import read_manifest
from data.ingest import LoadTerms, ingest
from data.row_versions.maintenance import row_sources
from data.row_versions.verdicts import Verdict
from data.source_batch import SourceBatch, batches_from_frames
from data.store import Store

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MARCH = "2026-03-{:02d}T06:00Z"


def price(cost: float, day: int, item: str = "I1") -> dict[str, object]:
    """The cost of an item as a source states it on a day of March."""
    return {"item_id": item, "unit_cost": cost, "happened_at": MARCH.format(1), "known_at": day}


@pytest.fixture
def load(tmp_path):
    """Load costs of items, each known since a day of March; return the verdicts."""

    def run(*rows, owner="", **terms):
        frame = pd.DataFrame(rows)
        frame["known_at"] = pd.to_datetime([MARCH.format(day) for day in frame["known_at"]])
        frame["happened_at"] = pd.to_datetime(frame["happened_at"])
        batches = [
            SourceBatch(b.table, b.frame, b.source, b.lines, b.raw, owner=owner)
            for b in batches_from_frames({"items": frame}, f"{owner or 'all'}")
        ]
        report = ingest(batches, tmp_path / "c", tmp_path / "q", LoadTerms(now=NOW, **terms))
        assert report.balanced
        return report

    return run


@pytest.fixture
def history(tmp_path):
    """Every version of the items: cost, the day it was known, the day it was superseded."""

    def read(item: str = "I1", version: int | None = None):
        with Store.from_folder(tmp_path / "c", version=version) as store:
            rows = store.versions("items").to_pandas()
            current = store.frame("items")
        rows = rows[rows["item_id"] == item].sort_values("known_at")
        open_rows = rows[rows["superseded_at"].isna()]
        assert current.loc[current["item_id"] == item, "unit_cost"].tolist() == (
            open_rows["unit_cost"].tolist()
        )
        return [
            (row.unit_cost, row.known_at.day, row.superseded_at.day)
            if pd.notna(row.superseded_at)
            else (row.unit_cost, row.known_at.day, None)
            for row in rows.itertuples()
        ]

    return read


def verdicts(report):
    (count,) = [count for count in report.tables if count.table == "items"]
    return {verdict: times for verdict, times in count.verdicts.items() if times}


def test_a_correction_with_a_later_date_becomes_current_and_the_old_one_stays(load, history):
    load(price(5, 1))
    assert verdicts(load(price(6, 4))) == {Verdict.CORRECTED: 1}
    assert history() == [(5, 1, 4), (6, 4, None)]


def test_a_row_that_is_sent_again_changes_nothing(load, history):
    load(price(5, 1), price(6, 4))
    first = load(price(5, 1), price(6, 4))
    assert verdicts(first) == {Verdict.UNCHANGED: 2}
    assert verdicts(load(price(5, 1))) == {Verdict.UNCHANGED: 1}
    assert verdicts(load(price(6, 9))) == {Verdict.UNCHANGED: 1}  # the same, said again later
    assert history() == [(5, 1, 4), (6, 4, None)]
    assert load(price(5, 1)).version == first.version == 1


def test_a_correction_without_a_date_is_known_since_the_newest_row_of_its_load(load, history):
    load(price(5, 1), price(2, 2, "I2"))
    report = load(price(6, 1), price(3, 7, "I3"))
    assert verdicts(report) == {Verdict.UNDATED: 1, Verdict.NEW: 1}
    assert "1 corrected without a date of their own, known since 2026-03-07" in str(report)
    assert history() == [(5, 1, 7), (6, 7, None)]
    assert verdicts(load(price(6, 1), price(3, 7, "I3"))) == {Verdict.UNCHANGED: 2}


def test_the_time_of_a_load_may_be_stated(load, history):
    load(price(5, 1))
    load(price(6, 1), loaded_at=datetime(2026, 3, 9, 6, tzinfo=UTC))
    assert history() == [(5, 1, 9), (6, 9, None)]


def test_without_a_newer_row_a_correction_is_known_since_the_clock_says(load, tmp_path):
    load(price(5, 1))
    load(price(6, 1))
    with Store.from_folder(tmp_path / "c") as store:
        assert store.frame("items")["known_at"].tolist() == [pd.Timestamp(NOW)]


def test_what_was_corrected_without_a_date_can_be_taken_back(load, history):
    load(price(5, 1))
    load(price(6, 1), price(1, 4, "I2"))
    load(price(5, 1), price(1, 8, "I3"))
    assert history() == [(5, 1, 4), (6, 4, 8), (5, 8, None)]


def test_a_late_version_takes_its_place_and_the_newest_stays_current(load, history):
    load(price(5, 1))
    load(price(7, 9))
    assert verdicts(load(price(6, 4))) == {Verdict.LATE: 1}
    assert history() == [(5, 1, 4), (6, 4, 9), (7, 9, None)]


def test_in_a_full_extract_an_older_date_is_what_the_source_says_now(load, history):
    load(price(5, 3), price(1, 9, "I2"))
    assert verdicts(load(price(6, 2), price(1, 12, "I3"), full=True))[Verdict.UNDATED] == 1
    assert history() == [(5, 3, 12), (6, 12, None)]


def test_versions_in_one_load_are_as_in_one_load_each(load, history):
    load(price(5, 1), price(6, 4), price(6, 5), price(7, 9))
    assert history() == [(5, 1, 4), (6, 4, 9), (7, 9, None)]


def test_a_full_extract_reports_rows_that_are_gone_and_a_delta_does_not(load):
    load(price(5, 1), price(2, 2, "I2"), owner="S01")
    load(price(8, 1, "I9"), owner="S02")
    assert "not in this full extract" not in str(load(price(5, 1), owner="S01"))
    told = str(load(price(5, 1), owner="S01", full=True))
    assert "items: 1 rows of S01 are not in this full extract; they stay" in told


def test_a_load_of_one_site_never_touches_another(load, history):
    load(price(5, 1), owner="S01")
    report = load(price(9, 4), price(2, 4, "I2"), owner="S02")
    assert (report.accepted, report.quarantined) == (1, 1)
    assert "is the key of a row of S01, which says something else" in report.messages[0]
    assert history() == [(5, 1, None)]
    assert history("I2") == [(2, 4, None)]


def test_a_row_that_two_sites_share_is_one_row(load, history):
    load(price(5, 1), owner="S01")
    assert load(price(5, 1), owner="S02").quarantined == 0
    assert history() == [(5, 1, None)]


def test_two_statements_of_one_date_in_a_load_contradict_each_other(load, history):
    report = load(price(5, 1), price(6, 1))
    assert report.quarantined == 1
    assert "repeats the key of row 1" in report.messages[0]
    assert history() == [(5, 1, None)]


def test_an_earlier_version_of_the_lake_can_be_read(load, history, tmp_path):
    load(price(5, 1))
    load(price(6, 4))
    assert history(version=1) == [(5, 1, None)]
    assert read_manifest(tmp_path / "c").version == 2
    with pytest.raises(ValueError, match=r"has no version 7; it has 1, 2"):
        history(version=7)


def test_the_sources_that_own_rows_are_named(load, tmp_path):
    load(price(1.0, 2))
    assert row_sources(tmp_path / "c") == set(), "a simulation owns nothing"
    load(price(1.0, 2, "I2"), owner="OSLO")
    load(price(1.0, 2, "I3"), owner="BERN")
    assert row_sources(tmp_path / "c") == {"OSLO", "BERN"}
