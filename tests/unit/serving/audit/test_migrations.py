"""The audit tables are created when a log is opened; tables of others or of a newer version are refused."""

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
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import METADATA
from tests.support.minimal_draft import minimal_draft


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


def test_a_database_from_before_the_first_release_opens_without_being_stamped_anew(audit_url):
    """It carries the stamp of the initial migration, and a table that nothing reads any more."""
    store = AuditStore.open(audit_url)
    store.append([minimal_draft("before")])
    with store.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE chain (sequence BIGINT PRIMARY KEY)")
    store.close()
    store = AuditStore.open(audit_url)
    store.append([minimal_draft("after")])
    assert [entry.id for entry in store.all()] == ["before", "after"]
    with store.engine.connect() as connection:
        assert schema.schema_revision(connection) == "0003"
    store.close()


def test_migrations_make_the_tables_that_the_code_speaks_of(audit_url):
    store = AuditStore.open(audit_url)
    store.append([minimal_draft("a")])

    def ours(name, kind, _parents):
        return not (kind == "table" and name.startswith("payloads_2"))

    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": ours})
        assert compare_metadata(context, METADATA) == []
    store.close()


def test_the_folder_of_migrations_ends_at_the_revision_that_the_code_expects():
    config = Config()
    config.set_main_option("script_location", "serving/audit/log/migrations")
    config.set_main_option("path_separator", "os")
    folder = ScriptDirectory.from_config(config)
    assert folder.get_heads() == [schema.CURRENT_REVISION]


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
    store.append([minimal_draft("a")])
    assert [entry.id for entry in store.all()] == ["a"]
    store.close()
    assert looks > looked
