"""Engines for the audit: every commit on the disk, writers one after the other."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

SQLITE_WAIT_SECONDS = 10


def engine_of(url: str) -> sa.Engine:
    """An engine on `sqlite:///file` or `postgresql+psycopg://...`.

    Raises:
        ValueError: for another kind of database.
    """
    parsed = sa.make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        case other:
            raise ValueError(f"audit url is of {other!r}; it takes sqlite:/// or postgresql://")


def sqlite_url(path: Path) -> str:
    """The address of a SQLite file."""
    return f"sqlite:///{path}"


@contextmanager
def turn(engine: sa.Engine) -> Iterator[None]:
    """Wait for the turn to write.

    SQLite's own waiting backs off for up to most of a second where several processes write;
    a lock on a file beside it is handed on at once. PostgreSQL locks the head row.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    with Path(f"{engine.url.database}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sqlite(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": SQLITE_WAIT_SECONDS})
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _on_begin
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _on_begin(connection: sa.Connection) -> None:
    """Writers take the lock at once, so that head and insert are one step."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
