"""A mapping that extends another: what wins, what is merged, and what is refused."""

from pathlib import Path

import pytest

from data.sources.extracts.mapping import MappingError, SiteMapping, load_mapping

GROUP = """
system = "Group ERP"
encoding = "utf-8"
delimiter = ";"
decimal = ","
time_zone = "Europe/Berlin"
formats = ["%Y%m%d"]
units = { ST = "H87", KAR = "CT" }

[parameters]
plant = "1000"

[raw.DID]
columns = ["ID", "REF", "DID", "AT"]

[tables.decisions]
sql = "decisions.sql"
[tables.decisions.columns]
action = { column = "DID", codes = { F = "followed" } }

[tables.sites]
file = "sites.csv"
[tables.sites.columns]
site_id = "SITE"
happened_at = "AT"
known_at = "AT"
"""
DECISIONS = "SELECT ID AS decision_id, DID, AT AS happened_at FROM DID WHERE P = param('plant')"


@pytest.fixture
def load(tmp_path: Path):
    """Load a site's file that extends the group's mapping in a folder of its own."""
    (tmp_path / "group").mkdir()
    (tmp_path / "group" / "group.toml").write_text(GROUP, encoding="utf-8")
    (tmp_path / "group" / "decisions.sql").write_text(DECISIONS, encoding="utf-8")

    def read(text: str) -> SiteMapping:
        file = tmp_path / "hamburg.toml"
        file.write_text(f'extends = "group/group.toml"\nsite = "HH"\n{text}', encoding="utf-8")
        return load_mapping(file)

    return read


def test_a_site_states_only_what_is_its_own(load):
    mapping = load('time_zone = "Europe/London"\nunits = { KAR = "CS", PAL = "XPX" }')
    assert (mapping.site, mapping.place, mapping.system) == ("HH", "HH", "Group ERP")
    assert mapping.time_zone == "Europe/London"
    assert mapping.units == {"ST": "H87", "KAR": "XCS", "PAL": "XPX"}
    assert mapping.queries["decisions"].name == "decisions.sql"


def test_codes_of_a_column_can_be_added(load):
    mapping = load('[tables.decisions.columns]\naction = { codes = { U = "overridden" } }')
    field = mapping.tables["decisions"].columns["action"]
    assert (field.column, field.codes) == ("DID", {"F": "followed", "U": "overridden"})


def test_a_sites_own_select_replaces_the_packs(load):
    mapping = load('[tables.decisions]\nsql = "SELECT ID AS decision_id FROM DID"')
    query = mapping.queries["decisions"]
    assert (query.text, query.name) == ("SELECT ID AS decision_id FROM DID", "SELECT")
    assert "action" in mapping.tables["decisions"].columns


def test_rows_of_a_site_replace_the_packs_file_and_its_columns(load):
    mapping = load(
        "[tables.sites]\n"
        'rows = [{ site_id = "HH", happened_at = "2026-01-01T00:00:00Z", '
        'known_at = "2026-01-01T00:00:00Z" }]'
    )
    assert mapping.tables["sites"].file is None
    assert not mapping.tables["sites"].columns


def test_a_table_can_be_left_out(load):
    assert list(load('leave_out = ["sites"]').tables) == ["decisions"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            'leave_out = ["stock"]',
            "hamburg.toml: leave_out: no table stock; there are decisions, sites",
        ),
        ('[parameters]\nplnat = "2"', "hamburg.toml: parameters: no 'plnat'; there are plant"),
        (
            '[tables.decisions]\nsql = "own.sql"',
            "hamburg.toml: tables.decisions.sql: no file {folder}/own.sql",
        ),
        (
            "[tables.decisions]\nsql = \"SELECT param('werk') AS decision_id\"",
            "hamburg.toml: mapping: parameters: no 'werk', which the SQL reads; there are plant",
        ),
    ],
)
def test_a_site_file_that_does_not_fit_is_refused(load, tmp_path: Path, text, error):
    with pytest.raises(MappingError) as caught:
        load(text)
    assert str(caught.value) == error.format(folder=tmp_path)


def test_an_unknown_connector_is_named_with_those_there_are(tmp_path: Path):
    file = tmp_path / "x.toml"
    file.write_text('extends = "sapp"', encoding="utf-8")
    with pytest.raises(MappingError, match=r"x\.toml: extends: no connector 'sapp'; there are "):
        load_mapping(file)


def test_a_mapping_that_extends_itself_is_refused(tmp_path: Path):
    file = tmp_path / "x.toml"
    file.write_text('extends = "x.toml"', encoding="utf-8")
    with pytest.raises(MappingError, match=r"x\.toml: extends itself"):
        load_mapping(file)
