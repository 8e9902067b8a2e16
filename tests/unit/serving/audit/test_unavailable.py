"""A database that is away or refuses: said in words, waited for briefly, and used again after."""

import fcntl
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from serving.audit.log import database
from serving.audit.log.database import network_filesystem, open_engine
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.store import AuditStore
from tests.support.minimal_draft import minimal_draft

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:44 / /mnt/share rw,relatime - nfs4 files:/share rw,vers=4.2
31 22 0:45 / /mnt/share/fast rw - xfs /dev/sdb rw
32 22 0:46 / /home/me/with\\040space rw - fuse.sshfs me@host: rw
"""


@pytest.fixture
def sqlite_store(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "SQLITE_WAIT_SECONDS", 0.2)
    opened = AuditStore.open(tmp_path / "audit.db")
    yield opened
    opened.close()


@pytest.fixture
def postgres_store(postgres_url):
    opened = AuditStore.open(postgres_url)
    yield opened
    opened.close()


def refused(store, message):
    with pytest.raises(AuditUnavailableError, match=message):
        store.append([minimal_draft("refused")])
    with pytest.raises(AuditUnavailableError, match=message):
        store.check()


def works(store):
    store.check()
    store.append([minimal_draft("afterwards")])
    assert [entry.id for entry in store.all()] == ["afterwards"]


def test_sqlite_locked_by_another_process(sqlite_store, tmp_path):
    other = sqlite3.connect(tmp_path / "audit.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused(sqlite_store, r"database is locked \(another process is writing.*stop what holds")
    other.close()
    works(sqlite_store)


def test_a_process_that_keeps_its_turn_is_not_waited_for_without_end(sqlite_store, tmp_path):
    with (tmp_path / "audit.db.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        refused(sqlite_store, r"another process has kept the turn.*audit\.db\.lock")
    works(sqlite_store)


def test_sqlite_that_may_only_be_read(sqlite_store):
    def only_read(connection, *_):
        connection.execute("PRAGMA query_only=ON")

    sqlite_store.engine.dispose()
    sa.event.listen(sqlite_store.engine, "connect", only_read)
    refused(sqlite_store, r"readonly database \(give the service's user the right to write")
    assert sqlite_store.all() == []
    sa.event.remove(sqlite_store.engine, "connect", only_read)
    sqlite_store.engine.dispose()
    works(sqlite_store)


def test_a_full_disk(sqlite_store):
    with sqlite_store.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def full(connection, *_):
        connection.execute(f"PRAGMA max_page_count={pages}")

    sqlite_store.engine.dispose()
    sa.event.listen(sqlite_store.engine, "connect", full)
    with pytest.raises(AuditUnavailableError, match=r"disk is full \(make room"):
        sqlite_store.append([minimal_draft("refused", payload={"text": "x" * 100_000})])
    sa.event.remove(sqlite_store.engine, "connect", full)
    sqlite_store.engine.dispose()
    works(sqlite_store)


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "audit.db").write_text("no database at all" * 100)
    with pytest.raises(AuditUnavailableError, match="cannot be opened: file is not a database"):
        AuditStore.open(tmp_path / "audit.db")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/audit.db", None),
        ("/mnt/share/audit.db", "nfs4"),
        ("/mnt/share/fast/audit.db", None),
        ("/home/me/with space/audit.db", "fuse.sshfs"),
    ],
)
def test_network_file_systems_are_told_by_where_they_are_mounted(path, kind):
    assert network_filesystem(Path(path), MOUNTS) == kind


def test_sqlite_on_a_network_file_system_is_refused(tmp_path, monkeypatch):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"30 22 0:44 / {tmp_path} rw,relatime - nfs4 files:/share rw\n")
    monkeypatch.setattr(database, "MOUNT_TABLE", mounts)
    with pytest.raises(AuditUnavailableError, match=r"nfs4, a network file system.*PostgreSQL"):
        AuditStore.open(tmp_path / "audit.db")


def test_the_connections_of_a_server_that_was_restarted_are_replaced(postgres_store, postgres_url):
    postgres_store.check()
    own = postgres_store.engine
    with own.connect() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    other = open_engine(postgres_url)
    with other.begin() as connection:
        assert connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)").scalar()
    other.dispose()
    works(postgres_store)


def test_a_connection_that_breaks_while_writing_is_told_and_the_next_one_works(postgres_store):
    def breaks(connection):
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")

    with pytest.raises(AuditUnavailableError, match="nothing was recorded"):
        postgres_store.commit([minimal_draft("refused")], also=breaks)
    works(postgres_store)


def test_another_writer_that_keeps_the_head_is_not_waited_for_without_end(
    postgres_store, postgres_url, monkeypatch
):
    monkeypatch.setitem(database.POSTGRESQL_OPTIONS, "lock_timeout", "200ms")
    hasty = AuditStore.open(postgres_url)
    with postgres_store.engine.begin() as connection:
        connection.exec_driver_sql("SELECT * FROM head FOR UPDATE")
        refused(hasty, r"lock timeout.*\(another writer does not finish")
    works(hasty)
    hasty.close()


def test_waits_on_postgresql_have_an_end_and_the_url_may_set_others(postgres_url):
    store = AuditStore.open(f"{postgres_url}%20-c%20lock_timeout%3D3s")
    with store.engine.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        }
    assert told == {
        "lock_timeout": "3s",
        "statement_timeout": "1min",
        "idle_in_transaction_session_timeout": "1min",
    }
    store.close()


def test_a_database_that_cannot_hold_every_text_is_refused(postgres_server):
    url = postgres_server.set(drivername="postgresql+psycopg")
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(
            "CREATE DATABASE triage_latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
            " TEMPLATE template0"
        )
    try:
        latin = url.set(database="triage_latin").render_as_string(hide_password=False)
        with pytest.raises(AuditUnavailableError, match=r"encoded in LATIN1.*ENCODING 'UTF8'"):
            AuditStore.open(latin)
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE triage_latin WITH (FORCE)")
        server.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:sesame@127.0.0.1:1/test",
        "postgresql://nobody:sesame@127.0.0.1:5432/no_such_database",
        "postgresql://me:sesame@no-such-host.invalid/test",
    ],
)
def test_no_message_repeats_the_password(url):
    with pytest.raises(AuditUnavailableError, match="cannot be opened") as raised:
        AuditStore.open(url)
    assert "sesame" not in str(raised.value)
    assert "***" in str(raised.value)
