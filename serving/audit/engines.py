"""Engines for the audit: every commit on the disk, writers one after the other, no endless wait."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from serving.audit.errors import AuditUnavailableError
from serving.audit.filesystem import network

if TYPE_CHECKING:
    import psycopg

SQLITE_WAIT_SECONDS = 10
"""A group is written in milliseconds: who waits so long waits for something that hangs."""

READ_AND_WRITE = 0o666
"""Less what the process's umask takes away."""

SQLITE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # every commit is on the disk before it is answered
    "PRAGMA secure_delete=ON",  # what was erased is overwritten
    "PRAGMA wal_autocheckpoint=16000",  # 64 MB: where nobody moves it beside, see serving.audit.wal
    "PRAGMA cache_size=-32768",  # 32 MB: ids are random, so their index is touched everywhere
)

POSTGRES_WAIT_SECONDS = 10
"""To get a connection from the server or the pool, and for the head row: as for SQLite."""
POSTGRESQL = {
    "application_name": "exception-triage-audit",
    "synchronous_commit": "on",  # the server's default may be off: answered and not on the disk
    "lock_timeout": f"{POSTGRES_WAIT_SECONDS}s",
    "statement_timeout": "60s",  # the longest is a month's erasure
    "idle_in_transaction_session_timeout": "60s",  # a frozen writer lets go of the head row
}
"""Given at the start of each connection; what the URL says under `options` goes before."""
POSTGRESQL_NETWORK = {
    "connect_timeout": POSTGRES_WAIT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds; a server that is cut off is noticed by then
}


def engine_of(url: str) -> sa.Engine:
    """An engine on `sqlite:///file` or `postgresql+psycopg://...`.

    Raises:
        AuditUnavailableError: a SQLite file on a file system of another machine.
        ValueError: for another kind of database.
    """
    parsed = sa.make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            return _postgresql(parsed)
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

    Raises:
        TimeoutError: another process keeps it.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    name = f"{engine.url.database}.lock"
    file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, READ_AND_WRITE)
    try:
        _lock(file, name)
        yield
    finally:
        os.close(file)


def _lock(file: int, name: str) -> None:
    """Lock the file, in a thread that can be left behind: such a lock has no timeout."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        got = threading.Event()

        def wait() -> None:
            fcntl.flock(file, fcntl.LOCK_EX)
            got.set()

        threading.Thread(target=wait, daemon=True).start()
        if not got.wait(SQLITE_WAIT_SECONDS):
            raise TimeoutError(
                f"another process has kept the turn to write for {SQLITE_WAIT_SECONDS} s; see who"
                f" has {name} open"
            ) from None


def _sqlite(url: sa.URL) -> sa.Engine:
    kind = network(Path(url.database or "."))
    if kind:
        raise AuditUnavailableError(
            f"audit {url.database} lies on {kind}, a network file system, where SQLite's locks do"
            " not hold; put it on a local disk, or name a PostgreSQL database"
        )
    engine = sa.create_engine(
        url,
        connect_args={"timeout": SQLITE_WAIT_SECONDS, "cached_statements": 256},
        pool_timeout=SQLITE_WAIT_SECONDS,
        hide_parameters=True,  # errors go into logs, and the record holds what logs may not
    )
    sa.event.listen(engine, "connect", _on_sqlite)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _on_begin
    for pragma in SQLITE:
        connection.execute(pragma)


def _on_begin(connection: sa.Connection) -> None:
    """Writers take the lock at once, so that head and insert are one step."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _postgresql(url: sa.URL) -> sa.Engine:
    """READ COMMITTED: who waited for the head row reads what the writer before it committed.

    A stricter level would refuse it that row, as changed since it began.
    """
    given = url.query.get("options", "")
    options = [f"-c {name}={value}" for name, value in POSTGRESQL.items()]
    options += [given] if isinstance(given, str) else given
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),  # whole: verification connects by it too
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,  # after the server was restarted, old connections are replaced
        pool_timeout=POSTGRES_WAIT_SECONDS,
        connect_args=POSTGRESQL_NETWORK | {"options": " ".join(options)},
        hide_parameters=True,
    )
    sa.event.listen(engine, "connect", _on_postgresql)
    return engine


def _on_postgresql(connection: psycopg.Connection, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        name = connection.info.dbname
        connection.close()
        raise AuditUnavailableError(
            f"database {name!r} is encoded in {encoding}, which cannot hold every text; make one"
            " with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )
