from pathlib import Path

import pandas as pd
import pytest

from data.canonical_tables import end_of_data, read_manifest
from data.contracts.catalogue import TABLES
from data.contracts.receipts import RECEIPTS
from data.store import Store
from tests.lakes import write_lake


def a_receipt() -> pd.DataFrame:
    return RECEIPTS.conform(
        pd.DataFrame(
            {
                "receipt_id": ["r1", "r2"],
                "po_line_id": ["p1", "p1"],
                "quantity_received": [3.5, -1.0],
                "final": [True, None],
                "happened_at": pd.to_datetime(["2026-03-01T23:30Z", "2026-03-02T00:30Z"]),
                "known_at": pd.to_datetime(["2026-03-02T01:00Z"] * 2),
            }
        )
    )


def test_frames_keep_values_and_types_through_the_store():
    frame = a_receipt()
    with Store.from_frames({"receipts": frame}) as store:
        pd.testing.assert_frame_equal(store.frame("receipts"), frame)


def test_a_folder_of_parquet_reads_like_the_frames_it_was_written_from(tmp_path: Path):
    frame = a_receipt()
    write_lake(tmp_path, {"receipts": frame})
    with Store.from_folder(tmp_path) as store:
        pd.testing.assert_frame_equal(store.frame("receipts"), frame)


def test_absent_tables_are_empty_with_the_types_of_their_contract():
    with Store.from_frames({}) as frames:
        for table in TABLES.values():
            pd.testing.assert_frame_equal(frames.frame(table.name), table.empty())


def test_days_are_days_of_utc_whatever_the_clock_of_the_machine_says(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with Store.from_frames({"receipts": a_receipt()}) as store:
        table = store.table("receipts")
        days = table.select(day=table.happened_at.date()).to_pyarrow().to_pylist()
    assert [str(row["day"]) for row in days] == ["2026-03-01", "2026-03-02"]


def test_a_table_that_is_not_canonical_is_refused_by_name():
    with Store.from_frames({}) as store, pytest.raises(ValueError, match="no canonical table 'po'"):
        store.table("po")


def test_a_column_that_is_not_canonical_is_refused_by_name():
    frame = a_receipt().assign(colour="red")
    with pytest.raises(ValueError, match="receipts has no column 'colour'; it has receipt_id"):
        Store.from_frames({"receipts": frame})


def rewrite_receipts(folder: Path, change) -> Path:
    """Write the receipts' file again, changed, as another release would have written it."""
    write_lake(folder, {"receipts": a_receipt()})
    (part,) = read_manifest(folder).parts("receipts")
    change(pd.read_parquet(folder / part.file)).to_parquet(folder / part.file)
    return folder / part.file


def test_a_column_that_came_with_a_later_release_is_missing_in_older_files(tmp_path: Path):
    rewrite_receipts(tmp_path, lambda rows: rows.drop(columns="final"))
    with Store.from_folder(tmp_path) as store:
        assert store.frame("receipts")["final"].isna().all()
        assert store.frame("receipts")["quantity_received"].tolist() == [3.5, -1.0]


def test_a_required_column_that_older_files_lack_is_named(tmp_path: Path):
    rewrite_receipts(tmp_path, lambda rows: rows.drop(columns="quantity_received"))
    with pytest.raises(ValueError, match="no column quantity_received: it was written for another"):
        Store.from_folder(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="absent is not a folder; ingest first"):
        Store.from_folder(tmp_path / "absent")


def test_a_damaged_file_is_named_with_the_way_out(tmp_path):
    damaged = rewrite_receipts(tmp_path, lambda rows: rows)
    damaged.write_text("junk")
    with pytest.raises(
        ValueError, match=f"{damaged.name} is missing or not readable Parquet; rest"
    ):
        Store.from_folder(tmp_path)


def test_a_damaged_manifest_is_named_with_the_way_out(tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ValueError, match=r"manifest\.json is damaged .*ingest the source again"):
        end_of_data(tmp_path)
