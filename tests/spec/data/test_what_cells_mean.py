"""What a cell of an extract means, as tables: the cell, and the value or the complaint."""

import pandas as pd
import pytest

from data.contracts.table import CodeList, Column, Kind
from data.sources.extracts.column_parser import parse_column
from data.sources.extracts.field_mapping import FieldMapping
from data.sources.extracts.mapping import SiteMapping

NUMBER = Column("amount", Kind.NUMBER, "an amount")
MOMENT = Column("at", Kind.MOMENT, "a moment")
PROMISE = Column("promised_at", Kind.MOMENT, "a day", calendar_day=True)
UNIT = Column("unit", Kind.TEXT, "a unit", code_list=CodeList.UNIT)


def mapping(**changes) -> SiteMapping:
    declared = {
        "site": "S09",
        "encoding": "utf-8",
        "delimiter": ";",
        "decimal": ",",
        "thousands": ".",
        "time_zone": "Europe/Berlin",
        "ambiguous_time": "earlier",
        "nonexistent_time": "quarantine",
        "formats": ("%d.%m.%Y %H:%M",),
        "tables": {},
    }
    return SiteMapping.model_validate(declared | changes)


def rows_of(table: str) -> list[list[str]]:
    lines = [line for line in table.strip("\n").splitlines() if set(line.strip()) - set("-+")]
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def read_one(text: str, column: Column, declared: SiteMapping, **field) -> str:
    """The value as text, or the problem."""
    cells = pd.DataFrame({"C": pd.Series([text], dtype="str")})
    values, found = parse_column(column, FieldMapping(column="C", **field), cells, declared)
    if len(found):
        assert values.isna().iloc[0]
        return str(found["problem"].iloc[0])
    value = values.iloc[0]
    return "missing" if pd.isna(value) else str(value)


NUMBERS = """
    cell       | comma, points | comma   | point, commas | point
    -----------+---------------+---------+---------------+---------
    7          | 7.0           | 7.0     | 7.0           | 7.0
    7,25       | 7.25          | 7.25    | no            | no
    7.25       | no            | no      | 7.25          | 7.25
    1.234      | 1234.0        | no      | 1.234         | 1.234
    1,234      | 1.234         | 1.234   | 1234.0        | no
    1.234,50   | 1234.5        | no      | no            | no
    1,234.50   | no            | no      | 1234.5        | no
    1.23.456   | no            | no      | no            | no
    12,50-     | -12.5         | -12.5   | no            | no
    -12.50     | no            | no      | -12.5         | -12.5
    +3         | 3.0           | 3.0     | 3.0           | 3.0
    ,5         | 0.5           | 0.5     | no            | no
    -,5-       | no            | no      | no            | no
    5 EUR      | no            | no      | no            | no
    1e3        | no            | no      | no            | no
    nan        | no            | no      | no            | no
    ٣          | no            | no      | no            | no
               | missing       | missing | missing       | missing
"""
MARKS = ((",", "."), (",", ""), (".", ","), (".", ""))


@pytest.mark.parametrize("row", rows_of(NUMBERS)[1:], ids=lambda row: row[0])
def test_a_number_is_read_in_the_declared_marks_and_in_no_others(row):
    cell, *expected = row
    for (decimal, thousands), value in zip(MARKS, expected, strict=True):
        declared = mapping(decimal=decimal, thousands=thousands)
        got = read_one(cell, NUMBER, declared)
        assert ("no" if got.startswith("is not a number") else got) == value, (decimal, thousands)


GROUPED = """
    cell         | mark | value
    -------------+------+--------
    1 234,50     | " "  | 1234.5
    1\u00a0234,50 | " "  | 1234.5
    1\u202f234,50 | " "  | 1234.5
    1\u2009234,50 | " "  | 1234.5
    1 23,50      | " "  | no
    \u22121234,5  | " "  | -1234.5
    -1.000,00 EUR | "." | no
    1\u202f234,50 | "."  | no
    1'234,50     | "'"  | 1234.5
    1\u2019234,50 | "'"  | 1234.5
"""


@pytest.mark.parametrize("row", rows_of(GROUPED)[1:], ids=lambda row: f"{row[0]!a} {row[1]}")
def test_groups_of_digits_are_set_apart_by_any_kind_of_the_declared_mark(row):
    cell, mark, value = row
    got = read_one(cell, NUMBER, mapping(thousands=mark.strip('"')))
    assert ("no" if got.startswith("is not a number") else got) == value


MOMENTS = """
    cell             | earlier                   | later                     | quarantine
    -----------------+---------------------------+---------------------------+-----------
    01.07.2026 12:00 | 2026-07-01 10:00:00+00:00 | 2026-07-01 10:00:00+00:00 | 2026-07-01 10:00:00+00:00
    01.12.2026 12:00 | 2026-12-01 11:00:00+00:00 | 2026-12-01 11:00:00+00:00 | 2026-12-01 11:00:00+00:00
    25.10.2026 02:30 | 2026-10-25 00:30:00+00:00 | 2026-10-25 01:30:00+00:00 | twice
    25.10.2026 03:00 | 2026-10-25 02:00:00+00:00 | 2026-10-25 02:00:00+00:00 | 2026-10-25 02:00:00+00:00
    29.03.2026 02:30 | 2026-03-29 01:00:00+00:00 | 2026-03-29 01:00:00+00:00 | never
    29.03.2026 03:00 | 2026-03-29 01:00:00+00:00 | 2026-03-29 01:00:00+00:00 | 2026-03-29 01:00:00+00:00
    1.7.2026 9:05    | 2026-07-01 07:05:00+00:00 | 2026-07-01 07:05:00+00:00 | 2026-07-01 07:05:00+00:00
                     | missing                   | missing                   | missing
"""


@pytest.mark.parametrize("row", rows_of(MOMENTS)[1:], ids=lambda row: row[0])
def test_a_local_time_becomes_utc_as_the_mapping_says_about_summer_time(row):
    cell, *expected = row
    for ambiguous, value in zip(("earlier", "later", "quarantine"), expected, strict=True):
        nonexistent = "quarantine" if ambiguous == "quarantine" else "forward"
        declared = mapping(ambiguous_time=ambiguous, nonexistent_time=nonexistent)
        got = read_one(cell, MOMENT, declared)
        said = {
            "is a time that clocks in Europe/Berlin show twice": "twice",
            "is a time that clocks in Europe/Berlin never show": "never",
        }
        assert said.get(got, got) == value, ambiguous


FORMATS = """
    format               | cell                      | value
    ---------------------+---------------------------+--------------------------
    %m/%d/%Y %I:%M %p    | 12/01/2026 12:05 AM       | 2026-11-30 23:05:00+00:00
    %m/%d/%Y %I:%M %p    | 12/01/2026 01:05 PM       | 2026-12-01 12:05:00+00:00
    %m/%d/%Y %I:%M %p    | 13/01/2026 01:05 PM       | is not a time in the form %m/%d/%Y %I:%M %p
    %Y%m%d               | 20261201                  | 2026-11-30 23:00:00+00:00
    %Y-%m-%dT%H:%M:%S%z  | 2026-12-01T12:00:00-06:00 | 2026-12-01 18:00:00+00:00
    %Y-%m-%dT%H:%M:%S%z  | 2026-12-01T12:00:00Z      | 2026-12-01 12:00:00+00:00
    %H:%M %d.%m.%Y       | 12:00 01.12.2026          | 2026-12-01 11:00:00+00:00
    %d. %b %Y            | 1. Dec 2026               | 2026-11-30 23:00:00+00:00
"""


@pytest.mark.parametrize("row", rows_of(FORMATS)[1:], ids=lambda row: row[1])
def test_a_moment_is_read_in_its_format(row):
    form, cell, value = row
    assert read_one(cell, MOMENT, mapping(), formats=(form,)) == value


DAYS = """
    zone            | format         | cell             | a moment                  | a day
    ----------------+----------------+------------------+---------------------------+--------------------------
    Europe/Berlin   | %d.%m.%Y       | 01.04.2026       | 2026-03-31 22:00:00+00:00 | 2026-04-01 00:00:00+00:00
    America/Chicago | %d.%m.%Y       | 31.03.2026       | 2026-03-31 05:00:00+00:00 | 2026-03-31 00:00:00+00:00
    Africa/Cairo    | %d.%m.%Y       | 24.04.2026       | 2026-04-23 22:00:00+00:00 | 2026-04-24 00:00:00+00:00
    Europe/Berlin   | %d.%m.%Y %H:%M | 01.04.2026 00:00 | 2026-03-31 22:00:00+00:00 | 2026-04-01 00:00:00+00:00
    Europe/Berlin   | %d.%m.%Y %H:%M | 01.04.2026 18:00 | 2026-04-01 16:00:00+00:00 | 2026-04-01 16:00:00+00:00
"""


@pytest.mark.parametrize("row", rows_of(DAYS)[1:], ids=lambda row: f"{row[0]} {row[2]}")
def test_a_promise_without_a_time_is_that_calendar_day_in_every_zone(row):
    zone, form, cell, moment, day = row
    declared = mapping(time_zone=zone)
    assert read_one(cell, MOMENT, declared, formats=(form,)) == moment
    assert read_one(cell, PROMISE, declared, formats=(form,)) == day


def test_a_source_has_its_own_words_for_units():
    sap = mapping(units={"ST": "H87", "KAR": "case"})
    assert read_one("st", UNIT, sap) == "H87"
    assert read_one("KAR", UNIT, sap) == "XCS"
    assert read_one("Gebinde", UNIT, sap) == "Gebinde"
    assert read_one("ST", UNIT, mapping()) == "ST"  # a sheet


def test_a_code_of_several_columns_is_looked_up_with_its_blanks():
    cells = pd.DataFrame({"DELETED": ["", "X", ""], "DONE": ["X", "", ""]}, dtype="str")
    field = FieldMapping(
        columns=("DELETED", "DONE"),
        separator="/",
        codes={"/": "open", "X/": "cancelled", "/X": "closed_short"},
    )
    values, found = parse_column(Column("s", Kind.TEXT, "a state"), field, cells, mapping())
    assert values.tolist() == ["closed_short", "cancelled", "open"]
    assert found.empty


FACTORS = """
    cell   | field                       | value
    -------+-----------------------------+-----------------------------
    3      | times 12                    | 36.0
    149,88 | over 12                     | 12.49
    19     | over 100                    | 0.19
    0,1    | times 3                     | 0.3
"""


@pytest.mark.parametrize("row", rows_of(FACTORS)[1:], ids=lambda row: f"{row[0]} {row[1]}")
def test_a_converted_number_is_the_decimal_that_was_meant(row):
    cell, field, value = row
    way, constant = field.split()
    got = read_one(cell, NUMBER, mapping(), **{way: {"constant": float(constant)}})
    assert got == value
