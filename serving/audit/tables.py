"""The audit's table, and the triggers that let nobody change or remove a row."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import sqlalchemy as sa

METADATA = sa.MetaData()

ENTRIES = sa.Table(
    "entries",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False, index=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("priority", sa.Float, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False, unique=True),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Index("latest", "kind", "task", "reference", "sequence"),
)

APPEND_ONLY = (
    """CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON entries
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no entry may be changed'); END""",
    """CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON entries
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no entry may be removed'); END""",
    """CREATE TRIGGER IF NOT EXISTS no_gap BEFORE INSERT ON entries
       WHEN NEW.sequence <> (SELECT COALESCE(MAX(sequence), 0) + 1 FROM entries)
       BEGIN SELECT RAISE(ABORT, 'the audit is append-only: a sequence without gaps'); END""",
)


def engine_of(path: Path) -> sa.Engine:
    """An engine on a SQLite file: write-ahead log, every commit on the disk."""
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def create(engine: sa.Engine) -> None:
    """The table and its triggers, if they are not there yet."""
    with engine.begin() as connection:
        METADATA.create_all(connection)
        for trigger in APPEND_ONLY:
            connection.exec_driver_sql(trigger)


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _on_begin
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _on_begin(connection: sa.Connection) -> None:
    """Writers take the lock at once, so that head and insert are one step."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
