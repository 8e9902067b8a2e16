"""Rows in are rows accepted plus rows in quarantine, and the folder says what it holds."""

import hashlib
import json
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.contracts.invoices import INVOICES
from data.contracts.stock_levels import STOCK_LEVELS
from data.ingest import ingest
from data.source_batch import batches_from_frames
from data.validation import validate
from tests.lakes import read_table


def levels(**columns) -> pd.DataFrame:
    at = pd.Timestamp("2026-03-01T06:00Z")
    rows = {"site_id": ["S01", "S02"], "item_id": "I1", "on_hand": [5.0, 7.0]}
    return pd.DataFrame({**rows, "happened_at": at, "known_at": at, **columns})


def test_accepted_rows_are_written_with_a_verifiable_manifest(tmp_path):
    report = ingest(
        batches_from_frames({"stock_levels": levels()}, "here"), tmp_path / "c", tmp_path / "q"
    )
    manifest = json.loads((tmp_path / "c" / "manifest.json").read_text())["tables"]
    assert set(manifest) == set(TABLES)
    entry = manifest["stock_levels"]
    (part,) = entry["parts"]
    content = (tmp_path / "c" / part["file"]).read_bytes()
    assert part["sha256"] == hashlib.sha256(content).hexdigest()
    assert entry["rows"] == part["rows"] == 2
    assert entry["known_at"] == ["2026-03-01T06:00:00+00:00"] * 2
    assert manifest["receipts"]["rows"] == 0
    assert report.quarantine is None
    assert not list((tmp_path / "q").iterdir())


def test_the_same_rows_make_the_same_files(tmp_path):
    for folder in ("a", "b"):
        ingest(
            batches_from_frames({"stock_levels": levels()}, "here"),
            tmp_path / folder,
            tmp_path / "q",
        )
    assert (tmp_path / "a/manifest.json").read_text() == (tmp_path / "b/manifest.json").read_text()


def test_a_run_adds_to_what_an_earlier_one_wrote(tmp_path):
    first, second = levels().iloc[:1], levels().iloc[1:]
    for rows in (first, second, second.iloc[:0]):
        batches = batches_from_frames({"stock_levels": rows}, "here")
        report = ingest(batches, tmp_path / "c", tmp_path / "q")
    assert read_table(tmp_path / "c", "stock_levels")["site_id"].tolist() == ["S01", "S02"]
    assert report.version == 2


def test_every_run_has_a_quarantine_of_its_own(tmp_path):
    for _ in range(2):
        bad = batches_from_frames({"stock_levels": levels(on_order=-1.0)}, "here")
        report = ingest(bad, tmp_path / "c", tmp_path / "q")
    assert sorted(p.name for p in (tmp_path / "q").iterdir()) == ["run_0001.csv", "run_0002.csv"]
    assert report.messages[0] == (
        "stock_levels row 1: on_order -1 is not at least 0 (source: here/stock_levels)"
    )


def test_a_key_of_several_columns_is_named_whole_across_batches(tmp_path):
    batches = [*batches_from_frames({"stock_levels": levels()}, "monday")]
    batches += batches_from_frames({"stock_levels": levels(on_hand=8.0).iloc[1:]}, "tuesday")
    report = ingest(batches, tmp_path / "c", tmp_path / "q")
    assert report.messages == (
        (
            "stock_levels row 1: site_id, item_id, happened_at 'S02, I1, 2026-03-01T06:00:00+00:00' "
            "repeats the key of row 2 of monday/stock_levels (source: tuesday/stock_levels)"
        ),
    )
    assert report.accepted == 2


def test_the_same_row_in_two_files_of_a_run_is_one_row(tmp_path):
    batches = [*batches_from_frames({"stock_levels": levels()}, "monday")]
    batches += batches_from_frames({"stock_levels": levels().iloc[1:]}, "tuesday")
    report = ingest(batches, tmp_path / "c", tmp_path / "q")
    assert (report.accepted, report.quarantined) == (3, 0)
    assert len(read_table(tmp_path / "c", "stock_levels")) == 2
    assert report.balanced


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("site_id", 7, "site_id 7 is not text"),
        ("site_id", " ", "site_id is missing"),
        ("site_id", "half \ud800", "site_id 'half \\ud800' is not text"),
        ("on_hand", "5", "on_hand '5' is not a finite number"),
        ("on_hand", np.inf, "on_hand inf is not a finite number"),
        ("on_hand", True, "on_hand True is not a finite number"),
        ("on_hand", None, "on_hand is missing"),
        ("active", "yes", "active 'yes' is not one of True, False"),
        (
            "known_at",
            datetime(2026, 3, 1, 7),  # noqa: DTZ001 that is the point
            (
                "known_at datetime.datetime(2026, 3, 1, 7, 0) is not a moment with a time zone "
                "between 1900 and 2200"
            ),
        ),
    ],
)
def test_a_value_of_another_type_is_put_aside_and_never_guessed_at(column, value, problem):
    frame = levels()
    good = frame[column].iloc[1] if column in frame else True
    frame[column] = pd.Series([value, good], dtype=object)
    accepted, found = validate(STOCK_LEVELS, frame)
    assert list(accepted.index) == [1]
    finding = found.iloc[0]
    shown = f"{finding['value']} " if isinstance(finding["value"], str) else ""
    assert f"{finding['column']} {shown}{finding['problem']}" == problem


def test_a_posted_paper_may_be_known_before_its_date_but_a_count_may_not():
    early = {"known_at": pd.Timestamp("2026-02-28T06:00Z")}
    assert validate(STOCK_LEVELS, levels(**early))[0].empty
    invoice = {
        "invoice_line_id": ["a"],
        "invoice_id": "a",
        "supplier_id": "v",
        "site_id": "s",
        "quantity_invoiced": 1.0,
        "line_amount": 1.0,
        "happened_at": pd.Timestamp("2026-03-01T06:00Z"),
        **early,
    }
    assert len(validate(INVOICES, pd.DataFrame(invoice))[0]) == 1


def test_a_column_that_the_table_has_not_is_refused(tmp_path):
    with pytest.raises(ValueError, match="stock_levels has no column 'colour'; it has site_id"):
        ingest(batches_from_frames({"stock_levels": levels(colour="red")}, "x"), tmp_path, tmp_path)


def test_a_table_that_is_not_canonical_is_refused():
    with pytest.raises(ValueError, match="x: no canonical table 'stock'; there are sites"):
        list(batches_from_frames({"stock": levels()}, "x"))
