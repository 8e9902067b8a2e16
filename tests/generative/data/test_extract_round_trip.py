"""What the shipped mappings can write, they read back to the last bit.

The writer here is the slow and obvious inverse of a mapping: one cell at a time.
"""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.contracts.table import CodeList, Kind
from data.ingest import ingest
from data.reference.units import unit_code
from data.sources.extracts.mapping import shipped_mappings
from data.sources.extracts.reader import read_extract
from tests.lakes import read_table

pytestmark = pytest.mark.slow(5)

MAPPINGS = {mapping.site: mapping for mapping in shipped_mappings()}
START = datetime(2024, 1, 1, tzinfo=UTC)
ROWS = 60


def written(value, column, field, mapping) -> dict[str, str]:
    """The cells of the file that hold this value."""
    if value is None:
        return dict.fromkeys(field.sources, "") | {field.sources[0]: mapping.missing[-1]}
    if column.kind is Kind.NUMBER:
        return _number(value, field, mapping)
    if column.kind is Kind.MOMENT:
        zone = "UTC" if is_day(column, field) else mapping.time_zone
        text = value.astimezone(ZoneInfo(zone)).strftime((field.formats or mapping.formats)[0])
        return dict(
            zip(field.sources, text.split(field.separator, len(field.sources) - 1), strict=True)
        )
    if field.codes:
        return {field.column: next(code for code, v in field.codes.items() if v == value)}
    text = value.removeprefix(field.prefix)
    return dict(
        zip(field.sources, text.rsplit(field.separator, len(field.sources) - 1), strict=True)
    )


def is_day(column, field) -> bool:
    """The field holds calendar days, which midnight UTC stands for."""
    return column.calendar_day and bool(field.formats) and "%H" not in field.formats[0]


def _number(value, field, mapping) -> dict[str, str]:
    cells, exact = {}, Decimal(repr(value))
    for factor, power in ((field.times, -1), (field.over, 1)):
        if factor and factor.constant is not None:
            exact *= Decimal(factor.constant) ** power
        elif factor and factor.factors:
            cells[factor.column] = min(factor.factors, key=factor.factors.get)
        elif factor:
            exact *= Decimal(10) ** power
            cells[factor.column] = "10"
    text = f"{exact:,f}".replace(",", "T").replace(".", mapping.decimal)
    return {field.column: text.replace("T", mapping.thousands), **cells}


def drawn(column, field, mapping, number: int, random: Random):
    """A value that the mapping can hold; ids go with the number of the row."""
    if not column.required and "" not in field.codes and random.random() < 0.2:
        return None
    if column.kind is Kind.MOMENT:
        moment = _moment(mapping, random)
        return moment.replace(hour=0, minute=0) if is_day(column, field) else moment
    if column.kind is Kind.NUMBER:
        return random.choice((0.0, random.randrange(10**8) / 100, random.random() // 1e-4 / 1e4))
    if field.codes or column.allowed:
        return random.choice(sorted(set(field.codes.values())) or column.allowed)
    if column.endswith("_id"):
        return field.prefix + field.separator.join(["A0" + str(number), "10"][: len(field.sources)])
    return "".join(random.choices("abcXYZ089;,\"'äéß|-", k=6))


def _moment(mapping, random: Random):
    """Any whole minute but those that the site's clock shows for the second time."""
    while True:
        at = START + timedelta(minutes=random.randrange(3 * 365 * 1440))
        if not at.astimezone(ZoneInfo(mapping.time_zone)).fold:
            return at


def rows_of(table, mapping, random: Random) -> list[dict]:
    fields = mapping.tables[table.name].columns
    rows = []
    for number in range(ROWS):
        row = {
            str(c): drawn(c, fields[c], mapping, number, random)
            for c in table.columns
            if c in fields
        }
        row["happened_at"], row["known_at"] = sorted([row["happened_at"], row["known_at"]])
        rows.append(row)
    return rows


@pytest.mark.parametrize("site", MAPPINGS)
def test_every_table_of_a_site_comes_back_to_the_last_bit(site, tmp_path):
    mapping, random = MAPPINGS[site], Random(17)
    (tmp_path / site).mkdir()
    expected = {}
    for name, mapped in mapping.tables.items():
        if mapped.file is None:
            continue
        table, rows = TABLES[name], rows_of(TABLES[name], mapping, random)
        encoding = "utf-8-sig" if site == "S02" else mapping.encoding
        path = tmp_path / site / mapped.file.replace("*", "_2026")
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, mapped.reads, delimiter=mapping.delimiter)
            writer.writeheader()
            for row in rows:
                cells = {}
                for key, value in row.items():
                    cells |= written(value, table.column(key), mapped.columns[key], mapping)
                writer.writerow(cells)
        expected[name] = pd.DataFrame(rows).assign(**mapping.constants_of(table))

    report = ingest(read_extract(tmp_path, [mapping]), tmp_path / "lake", tmp_path / "aside")

    assert list(report.messages) == []
    for name, frame in expected.items():
        table = TABLES[name]
        back = read_table(tmp_path / "lake", name)
        for column in table.columns:
            if column.kind is Kind.MOMENT and column in frame:
                frame[column] = pd.to_datetime(frame[column], utc=True).dt.as_unit("us")
            if column.code_list is CodeList.UNIT and column in frame:
                frame[column] = frame[column].map(
                    lambda text: unit_code(text) or text, na_action="ignore"
                )
        pd.testing.assert_frame_equal(
            table.conform(back), table.conform(frame), check_exact=True, obj=name
        )
    sites = read_table(tmp_path / "lake", "sites")
    assert sites["site_id"].tolist() == [site]
