"""A canonical table that comes from a SELECT over raw tables."""

from pathlib import Path

import pandas as pd
import pytest

from data.ingest import IngestReport, ingest
from data.sources.extracts.mapping import load_mapping
from data.sources.extracts.raw_database import raw_database
from data.sources.extracts.reader import read_extract
from data.sources.extracts.text_encoding import ExtractError
from tests.lakes import read_table

MAPPING = """
site = "S08"
encoding = "utf-8"
delimiter = ";"
decimal = ","
thousands = "."
time_zone = "Europe/Berlin"
formats = ["%Y%m%d %H%M%S", "%Y%m%d"]
missing = ["", "00000000"]

[parameters]
kind = "E"

[raw.HIST]
columns = ["NO", "PO", "KIND", "QTY", "DAY"]
optional = ["DONE"]

[raw.SIGNS]
required = false
columns = ["KIND", "SIGN"]

[tables.receipts]
sql = '''
SELECT h.NO AS receipt_id, PO AS po_line_id,
       coalesce(number(s.SIGN), 1) * number(QTY) AS quantity_received,
       DONE = 'X' AS final, DAY AS happened_at, DAY || ' 120000' AS known_at, h._file, h._line
FROM HIST h LEFT JOIN SIGNS s USING (KIND)
WHERE h.KIND = param('kind')
'''
"""
ZONE = "Europe/Berlin"
ROWS = """NO;PO;KIND;QTY;DAY
1;4711-10;E;1.234,5;20260701
2;4711-10;E;2,5-;20260702
3;4711-10;Q;7;20260702
"""


class Source:
    """A source whose files and mapping a test writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "S08").mkdir()

    def write(self, name: str, text: str) -> None:
        (self.folder / "S08" / name).write_text(text, encoding="utf-8")

    def ingest(self, *changes: tuple[str, str], mapping: str = MAPPING) -> IngestReport:
        for old, new in changes:
            assert old in mapping, old
            mapping = mapping.replace(old, new)
        file = self.folder / "S08.toml"
        file.write_text(mapping, encoding="utf-8")
        batches = read_extract(self.folder, [load_mapping(file)])
        report = ingest(batches, self.folder / "canonical", self.folder / "quarantine")
        assert report.balanced
        return report

    def refused(self, *changes: tuple[str, str]) -> str:
        with pytest.raises(ExtractError) as caught:
            self.ingest(*changes)
        return str(caught.value)

    @property
    def receipts(self) -> pd.DataFrame:
        return read_table(self.folder / "canonical", "receipts")


@pytest.fixture
def source(tmp_path: Path) -> Source:
    made = Source(tmp_path)
    made.write("HIST_1.csv", ROWS)
    return made


def test_rows_come_from_the_select_with_the_marks_and_times_of_the_mapping(source: Source):
    assert source.ingest().accepted == 2
    first, second = source.receipts.to_dict("records")
    assert (first["receipt_id"], first["quantity_received"]) == ("1", 1234.5)
    assert first["happened_at"] == pd.Timestamp("2026-06-30T22:00Z")
    assert first["known_at"] == pd.Timestamp("2026-07-01T10:00Z")
    assert second["quantity_received"] == -2.5


def test_an_optional_column_is_missing_where_a_file_lacks_it_and_read_where_it_is(source: Source):
    source.write("HIST_2.csv", "DONE;NO;PO;KIND;QTY;DAY\nX;9;4711-10;E;1;20260703\n")
    source.ingest()
    assert source.receipts["final"].isna().tolist() == [True, True, False]
    assert bool(source.receipts["final"].iloc[2])


def test_a_raw_table_that_may_be_missing_is_joined_where_it_is_there(source: Source):
    source.write("SIGNS.csv", "KIND;SIGN\nE;-1\n")
    source.ingest()
    assert source.receipts["quantity_received"].tolist() == [-1234.5, 2.5]


def test_a_text_that_is_no_number_puts_its_row_in_quarantine(source: Source):
    source.write("HIST_2.csv", "NO;PO;KIND;QTY;DAY\n8;4711-10;E;1,234.5;20260703\n")
    report = source.ingest()
    assert (report.accepted, report.quarantined) == (2, 1)
    assert report.messages == (
        (
            "receipts row 2: quantity_received is computed from a text that is not a number with "
            "decimal mark ',' and thousands mark '.' (source: S08/HIST_2.csv)"
        ),
    )


def test_a_missing_number_is_missing_and_no_broken_one(source: Source):
    source.write("HIST_2.csv", "NO;PO;KIND;QTY;DAY\n8;4711-10;E;;20260703\n")
    assert source.ingest().messages == (
        "receipts row 2: quantity_received is missing (source: S08/HIST_2.csv)",
    )


def test_a_row_of_another_width_is_counted_and_named(source: Source):
    source.write("HIST_2.csv", "NO;PO;KIND;QTY;DAY\n8;4711-10;E;1;20260703;7\n")
    report = source.ingest()
    assert (report.accepted, report.quarantined) == (2, 1)
    assert report.messages == (
        "receipts row 2: has 6 fields, the header has 5 (source: S08/HIST_2.csv)",
    )


def test_without_file_and_line_the_rows_of_the_select_are_counted(source: Source):
    report = source.ingest((", h._file, h._line", ""), ("number(QTY)", "number('oops')"))
    assert report.messages[1].startswith("receipts row 2: quantity_received")
    assert report.messages[1].endswith("(source: S08: tables.receipts: SELECT)")


def test_codes_of_a_column_are_looked_up(source: Source):
    report = source.ingest(
        ("DONE = 'X' AS final", "KIND"),
        (
            "[tables.receipts]",
            "[tables.receipts]\ncolumns = { final = {column='KIND', codes={E=true}}}",
        ),
    )
    assert report.accepted == 2
    assert source.receipts["final"].all()


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            "DAY AS happened_at",
            "\nDAI AS happened_at",
            (
                "SELECT line 4: there is no column 'DAI'; HIST has NO, PO, KIND, QTY, DAY, _file, "
                "_line, DONE; SIGNS has KIND, SIGN, _file, _line"
            ),
        ),
        (
            "FROM HIST h",
            "FROM HISTORY h",
            "SELECT line 4: there is no raw table 'HISTORY'; there are HIST, SIGNS; [raw.HISTORY] adds its files",
        ),
        (
            "number(QTY)",
            "nummer(QTY)",
            (
                "SELECT line 2: there is no function 'nummer'; beside DuckDB's there are number, "
                "day, moment, file_day, local_midnight, param"
            ),
        ),
        (
            "WHERE h.KIND",
            "WERE h.KIND",
            (
                'SELECT line 5: is not SQL: syntax error at or near "WERE" in: '
                "WERE h.KIND = param('kin..."
            ),
        ),
        (
            "h._file",
            "QTY AS quantity",
            (
                "SELECT: column quantity is not one of receipts; it has receipt_id, po_line_id, "
                "quantity_received, quantity_damaged, posting_kind, final, happened_at, known_at; "
                'name it so, map it, or say unmapped = "ignore"'
            ),
        ),
        (
            " AS happened_at",
            " AS known_at_",
            "SELECT: column known_at_ is not one of receipts",
        ),
        (
            "DAY AS happened_at, ",
            "",
            (
                "SELECT: the SELECT has no column happened_at, which receipts requires; it has "
                "receipt_id, po_line_id, quantity_received, final, known_at, _file, _line"
            ),
        ),
        (
            "DONE = 'X'",
            "DONE",
            (
                "SELECT: column final is VARCHAR, a flag takes BOOLEAN; or map it with codes, such "
                "as {X = true, '' = false}"
            ),
        ),
        ("WHERE", "; DROP TABLE HIST; SELECT 1 WHERE", "takes one SELECT, got SELECT and DROP"),
        (
            "FROM HIST h",
            "FROM read_csv('/etc/passwd') h",
            "reads a file or another database; SQL of a mapping reads its raw tables only",
        ),
        (
            "number(QTY)",
            "CAST(QTY AS DOUBLE)",
            "SELECT line 2: Could not convert string",
        ),
    ],
)
def test_a_select_that_cannot_run_says_where_and_what_there_is(source: Source, old, new, error):
    assert error in source.refused((old, new))
    assert source.refused((old, new)).startswith("S08: tables.receipts: ")


def test_a_column_of_no_interest_passes_where_the_mapping_says_so(source: Source):
    change = ("h._file", "QTY AS quantity")
    assert source.ingest(change, ("[tables.receipts]", '[tables.receipts]\nunmapped = "ignore"'))
    assert source.ingest(change, ("[parameters]", 'unmapped = "ignore"\n[parameters]'))


def test_a_select_that_takes_too_long_is_stopped(source: Source):
    endless = (
        "WHERE",
        "WHERE (SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b) > 0 AND",
    )
    error = source.refused(endless, ("[parameters]", "sql_seconds = 0.2\n[parameters]"))
    assert error == "S08: tables.receipts: SELECT: takes longer than sql_seconds = 0.2"


VIEWS = """
[views]
counted = "SELECT * FROM HIST WHERE KIND = param('kind')"
doubled = "SELECT NO, PO, KIND, QTY, DAY, DONE, _file, _line FROM counted WHERE NO = '2'"
unused = "SELECT * FROM SIGNS"

[tables.receipts]"""


def test_a_view_is_read_by_later_views_and_tables(source: Source):
    source.ingest(("[tables.receipts]", VIEWS), ("FROM HIST h", "FROM doubled h"))
    assert source.receipts["receipt_id"].tolist() == ["2"]


def test_a_view_that_cannot_run_is_named_with_its_line(source: Source):
    broken = VIEWS.replace("WHERE NO = '2'", "WHERE NR = '2'")
    assert source.refused(("[tables.receipts]", broken), ("FROM HIST h", "FROM doubled h")) == (
        "S08: views.doubled: SELECT line 1: there is no column 'NR'; counted has NO, PO, KIND, "
        "QTY, DAY, _file, _line, DONE"
    )
    outside = VIEWS.replace("* FROM HIST", "* FROM read_csv('/etc/passwd')")
    assert source.refused(("[tables.receipts]", outside), ("FROM HIST h", "FROM doubled h")) == (
        "S08: views.counted: SELECT line 1: reads a file or another database; SQL of a mapping "
        "reads its raw tables only"
    )


def test_sql_sees_no_variable_of_the_program(source: Source):
    assert "there is no raw table 'chunk'" in source.refused(("FROM HIST h", "FROM chunk h"))


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("NO;PO;KIND;QTY", "S08/HIST_2.csv has no column DAY; it has NO, PO, KIND, QTY"),
        ("NO,PO,KIND,QTY,DAY", "S08/HIST_2.csv: the delimiter is ',', the mapping says ';'"),
        ("NO;PO;KIND;QTY;DAY;NO", "S08/HIST_2.csv: column NO is there 2 times"),
        ("NO;PO;KIND;QTY;DAY;no", "S08/HIST_2.csv: columns NO and no are one to SQL; rename one"),
        (
            "NO;PO;KIND;QTY;DAY;_line",
            "S08/HIST_2.csv: column _line has a name that every raw table has already",
        ),
    ],
)
def test_a_raw_file_with_another_header_is_refused(source: Source, header, error):
    source.write("HIST_2.csv", header + "\n")
    assert source.refused() == error


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("NO,PO,KIND,QTY,DAY", "S08/HIST_1.csv: the delimiter is ',', the mapping says ';'"),
        ("NO", "there is no column 'QTY'; HIST has NO, _file, _line, DONE"),
    ],
)
def test_another_delimiter_is_named_where_the_mapping_lists_no_columns(
    source: Source, header, error
):
    source.write("HIST_1.csv", header + "\n")
    columns = 'columns = ["NO", "PO", "KIND", "QTY", "DAY"]\n'
    select = MAPPING.partition("sql = '''")[2].partition("'''")[0]
    assert error in source.refused((columns, ""), (select, "SELECT QTY FROM HIST"))


def test_a_raw_table_without_files_is_named(source: Source):
    (source.folder / "S08" / "HIST_1.csv").rename(source.folder / "S08" / "EKBE.csv")
    assert source.refused() == (
        "S08: no file 'HIST*.csv' or 'HIST*.parquet' for raw table HIST; S08 holds EKBE.csv"
    )


def test_files_of_a_longer_name_belong_to_that_raw_table(source: Source):
    source.write("HISTORY.csv", "X\n1\n")
    longer = ("[raw.SIGNS]", '[raw.HISTORY]\ncolumns = ["X"]\n\n[raw.SIGNS]')
    assert source.ingest(longer).accepted == 2
    assert "S08/HISTORY.csv has no column NO" in source.refused()


def test_typed_cells_of_parquet_keep_their_type(source: Source):
    (source.folder / "S08" / "HIST_1.csv").unlink()
    frame = pd.DataFrame(
        {"NO": [1, None], "PO": ["4711-10"] * 2, "KIND": ["E"] * 2, "QTY": [1234.5, 2.0]}
    ).astype({"NO": "Int64"})
    frame["DAY"] = ["20260701", "20260702"]
    frame.to_parquet(source.folder / "S08" / "HIST.parquet")
    report = source.ingest()
    assert (report.accepted, report.quarantined) == (1, 1)  # a receipt without a number
    assert source.receipts["receipt_id"].tolist() == ["1"]
    assert source.receipts["quantity_received"].tolist() == [1234.5]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("number('1.234,50-')", -1234.5),
        ("number('-1.234,50')", -1234.5),
        ("number(' 12 ')", 12.0),
        ("number('\u22121,5')", -1.5),
        ("number('')", None),
        ("number('00000000')", None),
        ("number(1.5)", 1.5),
        ("isnan(number('1,234.5'))", True),
        ("day('20260731')", pd.Timestamp("2026-07-31").date()),
        ("day('20260731 235959')", pd.Timestamp("2026-07-31").date()),
        ("day(DATE '2026-07-31')", pd.Timestamp("2026-07-31").date()),
        ("day('00000000')", None),
        ("day('31.07.2026')", None),
        ("moment('20260731 235959')", pd.Timestamp("2026-07-31T23:59:59")),
        ("file_day('MARD_20260731.csv')", pd.Timestamp("2026-07-31").date()),
        ("file_day('MARD_202607311.csv')", None),
        ("local_midnight(DATE '2026-07-31')", "20260731"),
        ("param('kind')", "E"),
    ],
)
def test_a_macro_reads_a_cell_by_the_conventions_of_the_mapping(source: Source, expression, value):
    (source.folder / "S08.toml").write_text(MAPPING, encoding="utf-8")
    with raw_database(source.folder / "S08", load_mapping(source.folder / "S08.toml")) as raw:
        found = raw.connection.execute(f"SELECT {expression}").fetchone()
    assert found == (value,)


@pytest.mark.parametrize(
    ("text", "at_the_site"),
    [
        ("2026-07-31T23:59:59Z", "2026-08-01T01:59:59"),
        ("2026-07-31T23:59:59+08:00", "2026-07-31T17:59:59"),
        ("2026-07-31T23:59:59", None),
        ("Z", None),
    ],
)
def test_a_moment_in_sql_has_its_offset_written_as_iso_8601_allows(
    source: Source, text, at_the_site
):
    mapping = MAPPING.replace('"%Y%m%d %H%M%S", "%Y%m%d"', '"%Y-%m-%dT%H:%M:%S%z"')
    (source.folder / "S08.toml").write_text(mapping, encoding="utf-8")
    with raw_database(source.folder / "S08", load_mapping(source.folder / "S08.toml")) as raw:
        found = raw.connection.execute(f"SELECT moment('{text}')").fetchone()
    assert found == (at_the_site and pd.Timestamp(at_the_site),)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-31T23:59:59.828", "2026-07-31T23:59:59.828"),
        ("2026-07-31T23:59:59.8281239", "2026-07-31T23:59:59.828123"),
        ("2026-07-31T23:59:59", None),
    ],
)
def test_digits_behind_microseconds_are_cut_in_sql_as_in_columns(source: Source, text, moment):
    mapping = MAPPING.replace('"%Y%m%d %H%M%S", "%Y%m%d"', '"%Y-%m-%dT%H:%M:%S.%f"')
    mapping = mapping.replace("DAY || ' 120000' AS known_at", "moment(DAY) AS known_at")
    source.write("HIST_1.csv", f"NO;PO;KIND;QTY;DAY\n1;4711-10;E;1;{text}\n")
    report = source.ingest(mapping=mapping)
    assert (report.accepted, report.quarantined) == ((1, 0) if moment else (0, 1))
    if moment:
        read = source.receipts[["happened_at", "known_at"]].iloc[0].tolist()
        assert read == [pd.Timestamp(moment, tz=ZONE)] * 2


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("126212", "2026-07-31"),
        ("124366", "2024-12-31"),
        ("099001", None),
        ("126400", None),
    ],
)
def test_days_of_a_year_after_a_digit_for_the_century_are_a_format(source: Source, text, day):
    mapping = MAPPING.replace('"%Y%m%d %H%M%S", "%Y%m%d"', '"1%y%j %H%M%S", "1%y%j"')
    source.write("HIST_1.csv", f"NO;PO;KIND;QTY;DAY\n1;4711-10;E;1;{text}\n")
    report = source.ingest(mapping=mapping)
    assert (report.accepted, report.quarantined) == ((1, 0) if day else (0, 1))
    if day:
        assert source.receipts["known_at"].iloc[0] == pd.Timestamp(f"{day}T12:00", tz=ZONE)
    with raw_database(source.folder / "S08", load_mapping(source.folder / "S08.toml")) as raw:
        found = raw.connection.execute(f"SELECT day('{text}')").fetchone()
    assert found == (day and pd.Timestamp(day).date(),)
