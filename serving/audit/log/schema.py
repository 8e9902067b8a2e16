"""Upgrade the audit tables to the current Alembic revision."""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa

from serving.audit.log.database import writer_lock
from serving.audit.log.errors import AuditUnavailableError

REVISIONS = ("0001", "0002", "0003")
CURRENT_REVISION = REVISIONS[-1]
MIGRATION_LOCK_ID = 7_301_652_948
"""Of PostgreSQL's advisory locks: who migrates. A number of our own, no other meaning."""
ALEMBIC_LOCK = threading.Lock()  # its context is one a process


def upgrade_schema(engine: sa.Engine, tenant: str) -> None:
    """Make the tables, or carry those of an older version over, in one transaction.

    Processes that start at once do it one after the other; where there is nothing to do, it is
    one look. tenant: whose the entries of a version are that knew none.

    Raises:
        AuditUnavailableError: tables of a newer version, or none of ours; a broken old record.
        sqlalchemy.exc.SQLAlchemyError: the database refuses.
    """
    with engine.connect().execution_options(reading=True) as connection:
        found = schema_revision(connection)
    if found == CURRENT_REVISION:
        return
    with ALEMBIC_LOCK, writer_lock(engine), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK_ID})")
        found = schema_revision(connection)
        if found not in (*REVISIONS, None):
            raise AuditUnavailableError(
                f"the audit is of a newer version: its tables are revision {found!r}, and this"
                f" version knows {', '.join(REVISIONS)}; start the newer version, or name"
                " another database"
            )
        if found != CURRENT_REVISION:
            _migrate(connection, tenant, found)


def schema_revision(connection: sa.Connection) -> str | None:
    """The revision of the tables; None where there are none.

    Raises:
        AuditUnavailableError: other tables have our names.
    """
    inspector = sa.inspect(connection)
    there = inspector.has_table("entries")
    columns = {column["name"] for column in inspector.get_columns("entries")} if there else set()
    # The stamp last: another process may make all of it, in one transaction, between two looks.
    if sa.inspect(connection).has_table("alembic_version"):
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if not there:
        return None
    if {"body", "previous", "hash"} <= columns:
        return REVISIONS[0]  # written before there were revisions
    raise AuditUnavailableError(
        "the database has a table `entries` that is none of ours; name another database"
    )


def _migrate(connection: sa.Connection, tenant: str, found: str | None) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and seldom needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection, "tenant": tenant})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    if found is not None:
        command.stamp(config, found)
    command.upgrade(config, CURRENT_REVISION)
