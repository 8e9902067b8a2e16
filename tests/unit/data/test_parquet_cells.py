"""Parquet has types: its numbers have no marks, its ids may be numbers, its dates have no time."""

from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HEAD = {"PO": ["1"], "POS": ["1"], "UNIT": ["ST"], "DAMAGED": [0.0], "DONE": [True]}
CLOCKS = {
    "CAME": pa.array([pd.Timestamp("2026-03-01 10:00")], pa.timestamp("us")),
    "POSTED": pa.array([pd.Timestamp("2026-03-01 11:00")], pa.timestamp("us")),
}
PARQUET = ("goods*.csv", "goods*.parquet")


@pytest.fixture
def ingest_parquet(extract, tmp_path):
    """Ingest one row of Parquet, or several, with these columns."""

    def run(*changes, **columns):
        (tmp_path / "S07").mkdir()
        one = {"NO": ["1"], "QTY": [1.0], **HEAD, **CLOCKS}
        rows = max(len(values) for values in columns.values())
        repeated = {
            name: pa.concat_arrays([pa.array(values)] * rows) for name, values in one.items()
        }
        given = {name: pa.array(values) for name, values in columns.items()}
        ids = {} if "NO" in columns else {"NO": pa.array([str(n) for n in range(rows)])}
        table = pa.table(repeated | given | ids)
        pq.write_table(table, tmp_path / "S07" / "goods.parquet")
        return extract("", PARQUET, *changes)

    return run


def decimals(texts, scale):
    return pa.array([Decimal(text) for text in texts], pa.decimal128(13, scale))


def test_a_decimal_is_read_with_its_scale_whatever_the_marks_of_text_files(ingest_parquet):
    done = ingest_parquet(QTY=decimals(["5.000", "12.500", "1234.000", "-0.001"], 3))
    assert done.report.accepted == 4
    assert done.receipts["quantity_received"].tolist() == [5.0, 12.5, 1234.0, -0.001]


def test_a_decimal_factor_is_read_with_its_scale_too(ingest_parquet):
    by_column = (", factors = { ST = 1, KAR = 12 }", "")
    done = ingest_parquet(
        by_column, UNIT=decimals(["12.000", "0.500"], 3), QTY=decimals(["2.00", "4.00"], 2)
    )
    assert done.receipts["quantity_received"].tolist() == [24.0, 2.0]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([4500000017.0, None]),
        pa.array([4500000017, None], pa.int64()),
        pa.array([4500000017, None], pa.uint64()),
        pa.array([Decimal("4500000017.00"), None], pa.decimal128(13, 2)),
        pa.array(["4500000017", None]).dictionary_encode(),
        pa.array([b"4500000017", None]),
    ],
    ids=lambda ids: str(ids.type),
)
def test_a_whole_number_is_the_id_that_it_was_before_a_value_was_missing(ingest_parquet, ids):
    whole = ('{ columns = ["PO", "POS"], prefix = "S07-" }', '"PO"')
    ignored = ('ignore = ["CLIENT"]', 'ignore = ["CLIENT", "POS"]')
    done = ingest_parquet(whole, ignored, PO=ids)
    assert done.receipts["po_line_id"].tolist() == ["4500000017"]
    assert "po_line_id is missing" in done.message


@pytest.mark.parametrize("number", [4500000017.5, 2.0**53 + 2, float("inf")])
def test_a_number_that_may_be_another_id_is_put_aside_and_named(ingest_parquet, number):
    done = ingest_parquet(NO=[number, 1.0])
    assert done.receipts["receipt_id"].tolist() == ["S07-1"]
    assert "ids are texts or whole numbers" in done.message
    assert "column NO" in done.message


def test_bytes_that_are_no_text_are_named(ingest_parquet):
    with pytest.raises(ValueError, match="column NO holds bytes that are not utf-8"):
        ingest_parquet(NO=[b"\xff\xfe"])


def test_a_date_is_the_first_moment_of_its_day_there(ingest_parquet):
    dates = pa.array([pd.Timestamp("2026-04-01").date(), None], pa.date32())
    done = ingest_parquet(CAME=dates, POSTED=pa.array([pd.Timestamp("2026-04-01 09:00")] * 2))
    assert done.receipts["happened_at"].tolist() == [pd.Timestamp("2026-03-31T22:00Z")]
    assert "happened_at is missing" in done.message
