"""Raw tables from the database of a source: PostgreSQL and MariaDB."""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from data.ingest import IngestReport, ingest
from data.sources.extracts.checks.site_check import SiteCheck
from data.sources.extracts.mapping import MappingError, load_mapping
from data.sources.extracts.read_on import ReadOn
from data.sources.extracts.reader import observe_extract, read_extract
from data.sources.extracts.text_encoding import ExtractError
from tests.lakes import read_table

NOW = datetime(2026, 12, 1, tzinfo=UTC)
MARIADB = "mysql://root@127.0.0.1:3306/test"
MAPPING = """
site = "S10"
url = "{url}"
encoding = "utf-8"
delimiter = ","
decimal = "."
time_zone = "Europe/Berlin"
formats = ["%Y-%m-%d"]

[raw.receipt]
table = "{schema}.receipt"
columns = ["id", "line", "quantity", "came", "posted"]
optional = ["damaged"]

[tables.receipts]
sql = '''
SELECT id AS receipt_id, line AS po_line_id, quantity AS quantity_received,
       number(damaged) AS quantity_damaged, final AS final, came AS happened_at,
       posted AS known_at, _file, _line
FROM receipt ORDER BY id
'''
"""
ROWS = [
    {"id": 4500000017, "line": "A-10", "quantity": "12.500", "final": True,
     "came": "2026-07-01 10:00:00", "posted": "2026-07-01 11:00:00", "damaged": None},
    {"id": 4500000018, "line": " A-20 ", "quantity": "1234.000", "final": None,
     "came": "2026-01-15 10:00:00", "posted": "2026-01-15 11:00:00", "damaged": None},
]  # fmt: skip


@dataclass
class Database:
    """A schema with a table of receipts, in a server."""

    url: str
    schema: str
    engine: sa.Engine

    def mapping(self, folder: Path, *changes: tuple[str, str]) -> Path:
        text = MAPPING.format(url=self.url, schema=self.schema)
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        (folder / "S10.toml").write_text(text, encoding="utf-8")
        return folder / "S10.toml"

    def execute(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def insert(self, rows: list[dict[str, object]]) -> None:
        table = sa.Table("receipt", sa.MetaData(), schema=self.schema, autoload_with=self.engine)
        with self.engine.begin() as connection:
            connection.execute(sa.insert(table), rows)


@pytest.fixture(params=["postgresql", "mariadb"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A server's schema with a table of receipts, gone afterwards."""
    schema = f"triage_{uuid.uuid4().hex[:12]}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        engine = sa.create_engine(server.set(drivername="postgresql+psycopg"))
        drop = f"DROP SCHEMA {schema} CASCADE"
    else:
        server = sa.make_url(os.environ.get("TRIAGE_TEST_MARIADB", MARIADB))
        engine = sa.create_engine(server.set(drivername="mysql+pymysql"))
        drop = f"DROP SCHEMA {schema}"
    made = Database(server.render_as_string(hide_password=False), schema, engine)
    made.execute(
        f"CREATE SCHEMA {schema}",
        f"CREATE TABLE {schema}.receipt (id BIGINT, line VARCHAR(20), quantity DECIMAL(13, 3), "
        "final BOOLEAN, came TIMESTAMP NULL, posted TIMESTAMP NULL, damaged DECIMAL(13, 3))",
    )
    yield made
    made.execute(drop)
    engine.dispose()


def load(mapping: Path) -> tuple[IngestReport, pd.DataFrame]:
    folder = mapping.parent
    batches = read_extract(folder / "no files", [load_mapping(mapping)])
    report = ingest(batches, folder / "canonical", folder / "quarantine")
    return report, read_table(folder / "canonical", "receipts")


def refused(mapping: Path) -> str:
    with pytest.raises(ExtractError) as caught:
        list(read_extract(mapping.parent, [load_mapping(mapping)]))
    return str(caught.value)


def test_typed_rows_of_a_database_become_canonical_rows(database: Database, tmp_path: Path):
    database.insert(ROWS)
    report, receipts = load(database.mapping(tmp_path, ("final AS final", "final = true AS final")))
    assert report.quarantined == 0
    assert receipts["receipt_id"].tolist() == ["4500000017", "4500000018"]
    assert receipts["po_line_id"].tolist() == ["A-10", "A-20"]
    assert receipts["quantity_received"].tolist() == [12.5, 1234.0]
    assert receipts["quantity_damaged"].isna().all()
    assert [bool(receipts["final"][0]), receipts["final"].isna()[1]] == [True, True]
    local = receipts["happened_at"].dt.tz_convert("Europe/Berlin")
    assert local[0] == pd.Timestamp("2026-07-01T10:00", tz="Europe/Berlin")
    assert local[1] == pd.Timestamp("2026-01-15T10:00", tz="Europe/Berlin")


def test_a_type_is_known_from_the_first_value_however_late(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("data.sources.extracts.source_database.BATCH_ROWS", 2)
    late = [dict(ROWS[0], id=k, damaged=None if k < 5 else "0.250") for k in range(1, 6)]
    database.insert(late)
    _, receipts = load(database.mapping(tmp_path, ("final AS final", "final = true AS final")))
    assert receipts["quantity_damaged"].tolist()[-1] == 0.25
    assert receipts["quantity_damaged"].isna().sum() == 4


def test_a_table_without_rows_is_empty_and_has_its_columns(database: Database, tmp_path: Path):
    report, _ = load(database.mapping(tmp_path, ("final AS final, ", "")))
    assert report.read == 0


def test_a_select_of_the_database_may_stand_for_a_table(database: Database, tmp_path: Path):
    database.insert(ROWS)
    query = (
        f"query = \"SELECT * FROM {database.schema}.receipt WHERE line LIKE '%%-1%%' "
        "AND came >= '2026-07-01 00:00:00'\""
    ).replace("%%", "%")
    changes = (f'table = "{database.schema}.receipt"', query), ("final AS final, ", "")
    report, receipts = load(database.mapping(tmp_path, *changes))
    assert receipts["receipt_id"].tolist() == ["4500000017"]
    assert report.read == 1


def test_quarantine_names_table_and_row(database: Database, tmp_path: Path):
    database.insert([ROWS[0], dict(ROWS[1], came=None)])
    report, _ = load(database.mapping(tmp_path, ("final AS final, ", "")))
    assert report.messages == (
        f"receipts row 2: happened_at is missing (source: S10/{database.schema}.receipt)",
    )


def test_nothing_is_written_to_the_database(database: Database, tmp_path: Path):
    database.insert(ROWS)
    change = f'query = "DELETE FROM {database.schema}.receipt"'
    mapping = database.mapping(tmp_path, (f'table = "{database.schema}.receipt"', change))
    assert "S10: raw table receipt cannot be read from " in refused(mapping)
    report, _ = load(database.mapping(tmp_path, ("final AS final, ", "")))
    assert report.read == 2


def read_on_from(database: Database, folder: Path, read_on: ReadOn, **more: str) -> list[str]:
    """Return the receipts that a load reads, of a mapping that reads on from `posted`."""
    columns = 'columns = ["id", "line", "quantity", "came", "posted"]'
    changes = [(columns, columns + '\nread_on_from = "posted"'), ("final AS final, ", "")]
    mapping = load_mapping(database.mapping(folder, *changes, *more.items()))
    batches = observe_extract(folder, [SiteCheck(mapping, NOW, read_on)])
    return [receipt for batch in batches for receipt in batch.frame["receipt_id"]]


def test_a_load_reads_on_from_the_last_one_that_was_saved(database: Database, tmp_path: Path):
    database.insert(ROWS)
    file = tmp_path / "read_on.json"
    both = ["4500000017", "4500000018"]
    assert read_on_from(database, tmp_path, ReadOn(file)) == both
    first = ReadOn(file)  # the load above was not saved
    assert read_on_from(database, tmp_path, first) == both
    first.save()
    new = {"came": "2026-07-02 10:00:00", "posted": "2026-07-02 11:00:00", "id": 4500000019}
    same = {"id": 4500000020}  # posted in the second of the last one
    database.insert([ROWS[0] | new, ROWS[0] | same])
    later = ["4500000017", "4500000019", "4500000020"]
    assert read_on_from(database, tmp_path, ReadOn(file)) == later
    assert read_on_from(database, tmp_path, ReadOn(file, from_start=True)) == [*both, *later[1:]]


def test_a_query_is_read_on_from_as_well(database: Database, tmp_path: Path):
    database.insert(ROWS)
    table = f'table = "{database.schema}.receipt"'
    query = f'query = "SELECT * FROM {database.schema}.receipt WHERE id > 0"'
    read_on = ReadOn(tmp_path / "read_on.json")
    assert len(read_on_from(database, tmp_path, read_on, **{table: query})) == 2
    read_on.save()
    again = ReadOn(tmp_path / "read_on.json")
    assert read_on_from(database, tmp_path, again, **{table: query}) == ["4500000017"]


def test_a_missing_table_or_column_is_named(database: Database, tmp_path: Path):
    gone = refused(database.mapping(tmp_path, (f"{database.schema}.receipt", "nowhere.receipt")))
    assert gone.startswith("S10: raw table receipt cannot be read from ")
    lacking = refused(database.mapping(tmp_path, ('"posted"]', '"posted", "checked"]')))
    assert lacking == (
        f"S10: {database.schema}.receipt has no column checked; it has id, line, quantity, final, "
        "came, posted, damaged"
    )


def test_a_table_that_need_not_be_there_is_empty(database: Database, tmp_path: Path):
    there = f'table = "{database.schema}.receipt"'
    optional = (there, f'table = "{database.schema}.delivery"\nrequired = false')
    report, _ = load(database.mapping(tmp_path, optional, ("final AS final, ", "")))
    assert report.read == 0
    database.insert(ROWS)
    kept = (there, f"{there}\nrequired = false")
    report, _ = load(database.mapping(tmp_path, kept, ("final AS final, ", "")))
    assert report.read == 2


def test_the_password_comes_from_the_environment_and_is_never_shown(
    postgres_server: sa.URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    url = postgres_server.set(host="127.0.0.1", port=1).render_as_string(hide_password=False)
    database = Database(url, "public", sa.create_engine("sqlite://"))
    mapping = database.mapping(tmp_path, ("encoding", 'password_variable = "ERP_WORD"\nencoding'))
    monkeypatch.delenv("ERP_WORD", raising=False)
    assert refused(mapping) == (
        f"S10: ERP_WORD is not set; the mapping says that it holds the password for {url}"
    )
    monkeypatch.setenv("ERP_WORD", "s3cret")
    message = refused(mapping)
    assert message.startswith(f"S10: no connection to {url}: ")
    assert "s3cret" not in message
    with pytest.raises(MappingError) as caught:
        load_mapping(database.mapping(tmp_path, ("://postgres@", "://postgres:s3cret@")))
    assert str(caught.value) == (
        "S10.toml: url: holds a password; name its environment variable in password_variable"
    )
