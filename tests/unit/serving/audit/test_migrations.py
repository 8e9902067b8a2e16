"""Tables are brought up to date when a record is opened, and nothing recorded is lost."""

import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from serving.audit.log import schema
from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import payload_commitment
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.migrations.chain import digest, link
from serving.audit.log.migrations.versions.v0001_chain import APPEND_ONLY
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import CHAIN, METADATA
from tests.synthetic_log import made

# As the version before the tree made it, and SQLAlchemy wrote it out.
OLD = """
CREATE TABLE entries (
    sequence INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL,
    task TEXT NOT NULL, site TEXT NOT NULL, reference TEXT NOT NULL, priority FLOAT NOT NULL,
    recorded_at TEXT NOT NULL, body TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (sequence), UNIQUE (id), UNIQUE (previous), UNIQUE (hash)
);
CREATE INDEX ix_entries_about ON entries (about);
CREATE INDEX latest ON entries (kind, task, reference, sequence);
"""


def old_record(path, count=3, change=lambda row: row):
    """A record of the older version, with that many entries."""
    database = sqlite3.connect(path)
    database.executescript(OLD)
    previous = "0" * 64
    for n in range(1, count + 1):
        body = canonicalize({"value": n / 10, "audit_sample": n == 2, "name": "Größe"})
        mine = link(n, previous, digest(body))
        row = {
            "sequence": n, "id": f"e{n}", "kind": "recommendation", "about": f"e{n}",
            "task": "stock_risk", "site": "S01", "reference": f"r{n}", "priority": 0.1 + 0.2,
            "recorded_at": f"2026-0{n % 9 + 1}-10T08:00:00+00:00", "body": body,
            "previous": previous, "hash": mine,
        }  # fmt: skip
        marks = ",".join(f":{name}" for name in row)
        database.execute(f"INSERT INTO entries VALUES ({marks})", change(dict(row)))
        previous = mine
    for trigger in APPEND_ONLY:
        database.execute(trigger)
    database.commit()
    database.close()


def test_an_older_record_is_carried_over_in_order(tmp_path):
    old_record(tmp_path / "audit.db")
    store = AuditStore.open(tmp_path / "audit.db", tenant="acme")
    store.append([made("new")])
    first, second, third, new = store.all()
    assert [e.envelope.schema for e in (first, second, third, new)] == [1, 1, 1, 2]
    assert [e.envelope.picked for e in (first, second, third)] == [False, True, False]
    assert second.payload == {"value": 0.2, "audit_sample": True, "name": "Größe"}
    assert second.envelope.priority == 0.1 + 0.2
    assert new.envelope.tenant == first.envelope.tenant == "acme"
    for before, after in ((first, second), (second, third), (third, new)):
        assert after.previous == before.hash == before.envelope.leaf()
        assert before.envelope.commitment == payload_commitment(before.salt, before.body)
    store.close()


def test_the_old_chain_is_kept_and_still_verifies_without_the_bodies(tmp_path):
    old_record(tmp_path / "audit.db")
    store = AuditStore.open(tmp_path / "audit.db")
    with store.reading() as connection:
        chain = connection.execute(sa.select(CHAIN).order_by(CHAIN.c.sequence)).all()
    previous = "0" * 64
    for row in chain:
        assert row.previous == previous
        assert row.hash == link(row.sequence, previous, row.body_digest)
        previous = row.hash
    assert [row.body_digest for row in chain] == [digest(entry.body) for entry in store.all()]
    store.close()


def test_more_than_one_batch_is_carried_over(tmp_path):
    old_record(tmp_path / "audit.db", 2300)
    store = AuditStore.open(tmp_path / "audit.db")
    assert store.head().frontier.size == len(store.all()) == 2300
    store.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row | {"body": row["body"].replace("0.2", "0.9")}, "sequence 2: its content"),
        (
            lambda row: row | {"previous": "f" * 64} if row["sequence"] == 3 else row,
            "sequence 3: it does not follow",
        ),
        (
            lambda row: row | {"sequence": row["sequence"] + (row["sequence"] > 1)},
            "sequence 2: it is missing",
        ),
    ],
)
def test_a_broken_older_record_stops_the_migration_and_is_left_as_it_was(tmp_path, change, message):
    old_record(tmp_path / "audit.db", change=change)
    before = (tmp_path / "audit.db").read_bytes()
    with pytest.raises(AuditUnavailableError, match=message):
        AuditStore.open(tmp_path / "audit.db")
    database = sqlite3.connect(tmp_path / "audit.db")
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    assert "payloads" not in tables
    assert "no_update" in tables
    assert len(before) > 0
    assert database.execute("SELECT count(*) FROM entries").fetchone() == (3,)
    database.close()


def test_tables_of_a_newer_version_are_refused_in_words(audit_url):
    store = AuditStore.open(audit_url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0099'")
    store.close()
    with pytest.raises(AuditUnavailableError, match=r"newer version.*'0099'"):
        AuditStore.open(audit_url)


def test_tables_of_somebody_else_are_refused(tmp_path):
    database = sqlite3.connect(tmp_path / "audit.db")
    database.execute("CREATE TABLE entries (mine TEXT)")
    database.close()
    with pytest.raises(AuditUnavailableError, match="none of ours"):
        AuditStore.open(tmp_path / "audit.db")


def test_migrations_make_the_tables_that_the_code_speaks_of(audit_url):
    store = AuditStore.open(audit_url)
    store.append([made("a")])

    def ours(name, kind, _parents):
        return not (kind == "table" and name.startswith("payloads_2"))

    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours})
        assert compare_metadata(context, METADATA) == []
    store.close()


def test_the_revisions_that_the_code_knows_are_those_of_the_folder():
    config = Config()
    config.set_main_option("script_location", "serving/audit/log/migrations")
    config.set_main_option("path_separator", "os")
    folder = ScriptDirectory.from_config(config)
    assert tuple(r.revision for r in folder.walk_revisions())[::-1] == schema.REVISIONS


def test_a_record_that_is_up_to_date_is_opened_without_alembic(tmp_path):
    AuditStore.open(tmp_path / "audit.db").close()
    script = (
        "import sys; from pathlib import Path; from serving.audit.log.store import AuditStore;"
        f"AuditStore.open(Path({str(tmp_path / 'audit.db')!r})).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("looked", [1, 2])
def test_a_record_that_another_process_makes_between_two_looks_is_opened(audit_url, looked):
    """Each statement of the look may see what was committed since the one before."""
    looks = 0

    def made_by_another(connection, *_):
        nonlocal looks
        if connection.get_execution_options().get("reading"):
            looks += 1
            if looks == looked:
                AuditStore.open(audit_url).close()

    sa.event.listen(sa.Engine, "before_cursor_execute", made_by_another)
    try:
        store = AuditStore.open(audit_url)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", made_by_another)
    store.append([made("a")])
    assert [entry.id for entry in store.all()] == ["a"]
    store.close()
    assert looks > looked
