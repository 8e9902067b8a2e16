"""Create the audit tables, or check that they are at the current Alembic revision."""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa

from serving.audit.log.database import writer_lock
from serving.audit.log.errors import AuditUnavailableError

CURRENT_REVISION = "0003"
"""The only migration; see `migrations.versions.v0003_initial` for its number."""
MIGRATION_LOCK_ID = 7_301_652_948
"""Key of the PostgreSQL advisory lock of the process that migrates; an arbitrary number."""
ALEMBIC_LOCK = threading.Lock()
"""Alembic's context is global to the process."""


def upgrade_schema(engine: sa.Engine) -> None:
    """Create the tables in one transaction where the database has none.

    Processes that start at the same time do so one after the other. If the tables exist, this
    takes one query and does not import Alembic.

    Raises:
        AuditUnavailableError: the tables are of a newer version, or not ours.
        sqlalchemy.exc.SQLAlchemyError: the database refuses.
    """
    with engine.connect().execution_options(reading=True) as connection:
        revision = schema_revision(connection)
    if revision == CURRENT_REVISION:
        return
    with ALEMBIC_LOCK, writer_lock(engine), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK_ID})")
        revision = schema_revision(connection)
        if revision not in {CURRENT_REVISION, None}:
            raise AuditUnavailableError(
                f"the audit is of a newer version: its tables are revision {revision!r}, and this"
                f" version knows {CURRENT_REVISION}; start the newer version, or name"
                " another database"
            )
        if revision is None:
            _run_migrations(connection)


def schema_revision(connection: sa.Connection) -> str | None:
    """Return the revision that the tables are stamped with; None if there are no tables.

    Raises:
        AuditUnavailableError: tables that are not ours have our names.
    """
    has_entries = sa.inspect(connection).has_table("entries")
    # The stamp last: another process may make all of it, in one transaction, between two looks.
    if sa.inspect(connection).has_table("alembic_version"):
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if has_entries:
        raise AuditUnavailableError(
            "the database has a table `entries` that is none of ours; name another database"
        )
    return None


def _run_migrations(connection: sa.Connection) -> None:
    from alembic import command  # noqa: PLC0415 - slow to import, and seldom needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, CURRENT_REVISION)
