"""A mapping that cannot work is refused when it is loaded, with these words."""

from pathlib import Path

import pytest

from data.contracts.catalogue import TABLES
from data.sources.extracts.mapping import MappingError, load_mapping, shipped_mappings

MAPPING = """
site = "S07"
encoding = "utf-8"
delimiter = ";"
decimal = ","
time_zone = "Europe/Berlin"
ambiguous_time = "earlier"
nonexistent_time = "quarantine"
formats = ["%d.%m.%Y"]

[tables.decisions]
file = "decisions.csv"
constants = { role = "buyer" }
[tables.decisions.columns]
decision_id = "ID"
recommendation_id = "REF"
action = { column = "DID", codes = { F = "followed", O = "overridden" } }
happened_at = "AT"
known_at = "AT"
"""


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            '"utf-8"',
            '"utf8"',
            "S07.toml: encoding: Input should be 'utf-8', 'latin-1' or 'cp1252', got 'utf8'",
        ),
        (
            '";"',
            '":"',
            "S07.toml: delimiter: Input should be ',', ';', '\\t' or '|', got ':'",
        ),
        (
            "Europe/Berlin",
            "CET+1",
            (
                "S07.toml: time_zone: is not an IANA time zone such as Europe/Berlin or "
                "America/Chicago, got 'CET+1'"
            ),
        ),
        (
            'decimal = ","',
            'decimal = ","\nthousands = ","',
            "S07.toml: mapping: decimal and thousands are both ','",
        ),
        (
            'formats = ["%d.%m.%Y"]',
            'formats = ["%d.%m.%Y", "%d.%m.%Y %z"]',
            (
                "S07.toml: mapping: formats with and without an offset (%z) do not mix; those of "
                "some columns only are stated with the column, such as due_at = "
                '{ column = "DUE", formats = ["%Y-%m-%d"] }'
            ),
        ),
        (
            "delimiter",
            "delimeter",
            (
                "S07.toml: delimiter: Field required\n"
                "S07.toml: delimeter: Extra inputs are not permitted, got ';'"
            ),
        ),
        (
            "tables.decisions",
            "tables.decision",
            (
                "S07.toml: mapping: tables.decision: no such canonical table; there are "
                f"{', '.join(TABLES)}"
            ),
        ),
        (
            'known_at = "AT"',
            "",
            "S07.toml: mapping: tables.decisions: required column known_at is not mapped",
        ),
        (
            'known_at = "AT"',
            'known_at = "AT"\ncolour = "RED"',
            (
                "S07.toml: mapping: tables.decisions: no column 'colour'; it has "
                f"{', '.join(TABLES['decisions'].columns)}"
            ),
        ),
        (
            '"overridden"',
            '"undone"',
            (
                "S07.toml: mapping: tables.decisions.columns.action: code 'O' becomes 'undone', "
                "not one of followed, overridden, ignored"
            ),
        ),
        (
            'decision_id = "ID"',
            'decision_id = { column = "ID", times = { constant = 2 } }',
            (
                "S07.toml: mapping: tables.decisions.columns.decision_id: times does not apply "
                "to a text; it takes codes, column, prefix, separator"
            ),
        ),
        (
            'decision_id = "ID"',
            'decision_id = { prefix = "S07-" }',
            "S07.toml: tables.decisions.columns.decision_id: takes either column or columns",
        ),
        (
            '{ role = "buyer" }',
            "{ role = 7 }",
            "S07.toml: mapping: tables.decisions: constant role = 7: takes a text",
        ),
        (
            'file = "decisions.csv"',
            "",
            "S07.toml: tables.decisions: takes one of file (with columns), sql or rows",
        ),
        (
            'decimal = ","',
            'decimal = ","\nunits = { KAR = "Kiste" }',
            (
                "S07.toml: units.KAR: is not a unit of UN/ECE Recommendation 20 such as H87, KGM "
                "or XCS, got 'Kiste'"
            ),
        ),
        (
            'file = "decisions.csv"',
            'file = "decisions.csv"\ncredit_note_sign = "positive"',
            (
                "S07.toml: mapping: tables.decisions: credit_note_sign and "
                "freight_in_line_amount apply to invoices only"
            ),
        ),
        (
            'site = "S07"',
            "site = S07",
            "S07.toml is not TOML: Invalid value (at line 2, column 8)",
        ),
    ],
)
def test_a_mapping_that_cannot_work_says_what_it_got_and_the_choices(tmp_path, old, new, error):
    assert old in MAPPING
    path = tmp_path / "S07.toml"
    path.write_text(MAPPING.replace(old, new), encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load_mapping(path)
    assert str(caught.value) == error


def test_a_mapping_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(MappingError, match=r"no mapping file .*absent\.toml"):
        load_mapping(tmp_path / "absent.toml")


def test_the_shipped_mappings_cover_every_table_and_differ_in_all_that_can():
    first, second = shipped_mappings()
    assert set(first.tables) == set(TABLES) - {"decisions"}
    assert set(second.tables) == set(first.tables) - {"exchange_rates"}  # the group's, from S01
    for name in ("encoding", "delimiter", "decimal", "thousands", "time_zone", "formats"):
        assert getattr(first, name) != getattr(second, name), name
    for table in set(second.tables) - {"sites"}:
        assert first.tables[table].file != second.tables[table].file
