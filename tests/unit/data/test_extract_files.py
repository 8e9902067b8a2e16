"""An error in a whole file stops the run with its message."""

from pathlib import Path

import pandas as pd
import pytest

from data.sources.extracts.mapping import load_mapping
from data.sources.extracts.reader import ExtractError, read_extract

HEADER = "NO;PO;POS;QTY;UNIT;DAMAGED;DONE;CAME;POSTED\n"
GOOD = "1;4711;10;2;KAR;0,5;X;01.03.2026 10:00;01.03.2026 11:30\n"


def refused(extract, content, *changes, **names) -> str:
    with pytest.raises(ExtractError) as caught:
        extract(content, *changes, **names)
    return str(caught.value)


def test_a_good_file_becomes_canonical_receipts(extract):
    row = extract(HEADER + GOOD).receipts.iloc[0]
    assert row["receipt_id"] == "S07-1"
    assert row["po_line_id"] == "S07-4711-10"
    assert (row["quantity_received"], row["quantity_damaged"]) == (24.0, 0.5)
    assert row["final"]
    assert row["happened_at"] == pd.Timestamp("2026-03-01T09:00Z")
    assert row["known_at"] == pd.Timestamp("2026-03-01T10:30Z")


def test_a_missing_file_is_named_with_what_lies_there(extract):
    assert refused(extract, HEADER, name="invoices.csv") == (
        "S07: no file 'goods*.csv' for receipts; S07 holds invoices.csv"
    )


def test_a_missing_folder_is_named(extract, tmp_path: Path):
    extract(HEADER)
    mapping = load_mapping(tmp_path / "S07.toml").model_copy(update={"folder": "site_07"})
    with pytest.raises(ExtractError) as caught:
        list(read_extract(tmp_path, [mapping]))
    assert str(caught.value) == f"S07: no folder {tmp_path / 'site_07'}"


def test_a_wrong_delimiter_is_recognised(extract):
    assert refused(extract, HEADER.replace(";", ",") + GOOD) == (
        "S07/goods.csv: the delimiter is ',', the mapping says ';'"
    )


def test_an_unknown_column_is_named_with_the_known_ones(extract):
    assert refused(extract, HEADER.replace("POSTED", "POSTED;COLOUR")) == (
        "S07/goods.csv: column COLOUR is not known; known are NO, PO, POS, QTY, UNIT, DAMAGED, "
        "DONE, CAME, POSTED, CLIENT; map it or list it under ignore"
    )


def test_a_column_that_is_ignored_may_be_there(extract):
    rows = HEADER.replace("NO;", "CLIENT;NO;") + "100;" + GOOD
    assert extract(rows).report.accepted == 1


def test_a_column_that_is_not_there_is_named(extract):
    assert refused(extract, HEADER.replace(";UNIT", "")) == (
        "S07/goods.csv has no column UNIT; it has NO, PO, POS, QTY, DAMAGED, DONE, CAME, POSTED"
    )


def test_a_column_that_is_there_twice_is_named(extract):
    assert refused(extract, HEADER.replace("POSTED", "POSTED;PO")) == (
        "S07/goods.csv: column PO is there 2 times"
    )


def test_an_empty_file_has_no_header(extract):
    assert refused(extract, b"\n") == "S07/goods.csv is empty: it has no header"


def test_a_byte_order_mark_is_skipped_in_utf8(extract):
    assert extract(b"\xef\xbb\xbf" + (HEADER + GOOD).encode()).report.accepted == 1


def test_a_byte_order_mark_in_what_is_said_to_be_cp1252_is_an_error(extract):
    said = ('encoding = "utf-8"', 'encoding = "cp1252"')
    assert refused(extract, b"\xef\xbb\xbf" + (HEADER + GOOD).encode(), said) == (
        "S07/goods.csv begins with a utf-8 byte order mark, the mapping says "
        "encoding = 'cp1252'; set 'utf-8'"
    )


def test_latin1_in_what_is_said_to_be_utf8_is_an_error_with_line_and_byte(extract):
    rows = HEADER + GOOD + GOOD.replace("1;", "Zürich;", 1)
    assert refused(extract, rows.encode("latin-1")) == (
        "S07/goods.csv line 3: byte 0xFC is not utf-8; "
        "set encoding = 'latin-1' or 'cp1252' in the mapping"
    )


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_latin1_is_read_where_it_is_declared(extract, encoding):
    rows = HEADER + GOOD.replace("1;", "Zürich;", 1)
    done = extract(rows.encode(encoding), ('encoding = "utf-8"', f'encoding = "{encoding}"'))
    assert done.receipts["receipt_id"].tolist() == ["S07-Zürich"]


def test_utf8_in_what_is_said_to_be_latin1_is_not_read_as_gibberish(extract):
    rows = HEADER + GOOD.replace("1;", "Zürich;", 1)
    assert refused(extract, rows, ('encoding = "utf-8"', 'encoding = "latin-1"')) == (
        "S07/goods.csv has letters in utf-8, the mapping says encoding = 'latin-1'; set 'utf-8'"
    )


def test_utf16_is_named(extract):
    assert refused(extract, (HEADER + GOOD).encode("utf-16")) == (
        "S07/goods.csv is utf-16, the mapping says encoding = 'utf-8'; "
        "write the extract as one of utf-8, latin-1, cp1252"
    )


def test_a_quote_that_is_never_closed_is_named_with_its_line(extract):
    rows = HEADER + GOOD + '"2;' + "x" * 140_000
    assert refused(extract, rows) == (
        "S07/goods.csv line 3: field larger than field limit (131072); is a quote never closed?"
    )


def test_an_error_leaves_what_was_ingested_before(extract, tmp_path: Path):
    extract(HEADER + GOOD)
    before = (tmp_path / "canonical" / "manifest.json").read_text()
    refused(extract, HEADER.replace("POSTED", "COLOUR"))
    assert (tmp_path / "canonical" / "manifest.json").read_text() == before
    assert not list(tmp_path.rglob("*.part"))


def test_parquet_is_read_like_text_and_keeps_its_types(extract, tmp_path: Path):
    (tmp_path / "S07").mkdir()
    pd.DataFrame(
        {
            "NO": [1, 2],
            "PO": ["4711", "4711"],
            "POS": [10, 20],
            "QTY": [2.0, 3.0],
            "UNIT": ["KAR", "ST"],
            "DAMAGED": ["0,5", None],
            "DONE": [True, False],
            "CAME": pd.to_datetime(["2026-03-01 10:00", "2026-03-01 10:00"]),
            "POSTED": pd.to_datetime(["2026-03-01T10:30Z", "2026-03-01T08:30Z"]),
        }
    ).to_parquet(tmp_path / "S07" / "goods.parquet")
    done = extract("", ("goods*.csv", "goods*.parquet"))
    row = done.receipts.iloc[0]
    assert (row["receipt_id"], row["po_line_id"]) == ("S07-1", "S07-4711-10")
    assert (row["quantity_received"], row["quantity_damaged"]) == (24.0, 0.5)
    assert row["happened_at"] == pd.Timestamp("2026-03-01T09:00Z")
    assert done.message == (
        "receipts row 2: known_at 2026-03-01T08:30:00+00:00 is not at or after "
        "happened_at 2026-03-01T09:00:00+00:00 (source: S07/goods.parquet, column POSTED)"
    )


ROWS = [f"{k};4711;10;1;ST;0;X;01.03.2026 10:00;01.03.2026 11:30" for k in range(1, 41)]


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 20])
def test_a_file_is_read_in_blocks_of_any_size(extract, monkeypatch, block):
    monkeypatch.setattr("data.sources.extracts.text_encoding.BLOCK_BYTES", block)
    whole = extract(HEADER + "\r\n".join(ROWS))
    assert whole.report.accepted == len(ROWS)
    assert whole.receipts["receipt_id"].tolist() == [f"S07-{k}" for k in range(1, 41)]


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("letter", "encoding", "error"),
    [
        (b"\xfc", "utf-8", "S07/goods.csv line 21: byte 0xFC is not utf-8; set encoding = "),
        (b"\xc3\xbc", "latin-1", "S07/goods.csv has letters in utf-8, the mapping says encoding"),
        (b"\x81", "cp1252", "S07/goods.csv line 21: byte 0x81 is not cp1252; set encoding = "),
    ],
)
def test_a_letter_of_another_encoding_is_found_in_any_block(
    extract, monkeypatch, block, letter, encoding, error
):
    monkeypatch.setattr("data.sources.extracts.text_encoding.BLOCK_BYTES", block)
    rows = [row.encode() for row in ROWS]
    rows[19] = rows[19].replace(b";ST;", b";" + letter + b";")
    content = HEADER.encode() + b"\n".join(rows)
    assert refused(extract, content, ('"utf-8"', f'"{encoding}"')).startswith(error)


def test_rows_before_and_after_one_of_another_width_keep_their_lines(extract, monkeypatch):
    monkeypatch.setattr("data.sources.extracts.extract_files.BLOCK_BYTES", 200)
    rows = [*ROWS[:19], ROWS[19] + ";7", *ROWS[20:]]
    run = extract(HEADER + "\n".join(rows))
    assert run.report.accepted == len(ROWS) - 1
    assert run.message == (
        "receipts row 21: has 10 fields, the header has 9 (source: S07/goods.csv)"
    )
