"""Open SQLite and PostgreSQL engines with durable commits, and lock the log for one writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from data.file_lock import file_lock
from serving.audit.log.errors import AuditUnavailableError

if TYPE_CHECKING:
    import psycopg


MOUNT_TABLE = Path("/proc/self/mountinfo")
NETWORK_FILESYSTEMS = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "ceph",
    "lustre",
    "glusterfs",
    "beegfs",
)
NETWORK_FUSE_FILESYSTEMS = ("sshfs", "s3fs", "glusterfs", "ceph", "rclone", "gcsfuse", "blobfuse")


def network_filesystem(path: Path, mounts: str | None = None) -> str | None:
    """Return the network file system that holds a path, as `nfs4`; None if local or unknown.

    Args:
        path: of a file or folder.
        mounts: content of /proc/self/mountinfo; read if None, and empty where there is no such
            file.
    """
    if mounts is None:
        mounts = MOUNT_TABLE.read_text() if MOUNT_TABLE.exists() else ""
    # 36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/sda1 rw
    kinds = {
        Path(before.split()[4].replace("\\040", " ")): after.split()[0]
        for before, _, after in (line.partition(" - ") for line in mounts.splitlines())
    }
    resolved = path.resolve()
    kind = next((kinds[at] for at in (resolved, *resolved.parents) if at in kinds), "")
    is_remote = (
        kind in NETWORK_FILESYSTEMS or kind.removeprefix("fuse.") in NETWORK_FUSE_FILESYSTEMS
    )
    return kind if is_remote else None


SQLITE_WAIT_SECONDS = 10
"""A group is written in milliseconds, so a longer wait means that another process hangs."""

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # every commit is on the disk before it is answered
    "PRAGMA secure_delete=ON",  # what was erased is overwritten
    "PRAGMA wal_autocheckpoint=16000",  # 64 MB; see serving.server.background_workers
    "PRAGMA cache_size=-32768",  # 32 MB: ids are random, so their index is touched everywhere
)

POSTGRES_WAIT_SECONDS = 10
"""To get a connection from the server or the pool, and for the head row: as for SQLite."""
POSTGRESQL_OPTIONS = {
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


def open_engine(url: str) -> sa.Engine:
    """Open an engine on `sqlite:///file` or `postgresql+psycopg://...`.

    Raises:
        AuditUnavailableError: a SQLite file on a file system of another machine.
        ValueError: for another kind of database.
    """
    parsed = sa.make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _open_sqlite(parsed)
        case "postgresql":
            return _open_postgresql(parsed)
        case other:
            raise ValueError(f"audit url is of {other!r}; it takes sqlite:/// or postgresql://")


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite:///{path}"


@contextmanager
def writer_lock(engine: sa.Engine) -> Iterator[None]:
    """Hold the write lock of the log while the block runs; wait for it first.

    SQLite's own waiting backs off for up to most of a second where several processes write;
    a lock on a file beside it is handed on at once. PostgreSQL locks the head row instead.

    Raises:
        TimeoutError: another process holds the lock for too long.
    """
    if engine.dialect.name != "sqlite":
        yield
        return
    name = f"{engine.url.database}.lock"
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(Path(name), SQLITE_WAIT_SECONDS))
        except TimeoutError:
            raise TimeoutError(
                f"another process has kept the turn to write for {SQLITE_WAIT_SECONDS} s; see who"
                f" has {name} open"
            ) from None
        yield


def _open_sqlite(url: sa.URL) -> sa.Engine:
    kind = network_filesystem(Path(url.database or "."))
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
    sa.event.listen(engine, "connect", _configure_sqlite_connection)
    sa.event.listen(engine, "begin", _begin_sqlite_transaction)
    return engine


def _configure_sqlite_connection(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # _begin_sqlite_transaction begins transactions
    for pragma in SQLITE_PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite_transaction(connection: sa.Connection) -> None:
    """Take the lock when a write transaction begins, so that no other writer moves the head."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _open_postgresql(url: sa.URL) -> sa.Engine:
    """Open an engine at READ COMMITTED: a writer reads the head row that the last one committed.

    A stricter level would refuse the row to a writer that waited for it, as changed meanwhile.
    """
    url_options = url.query.get("options", "")
    options = [f"-c {name}={value}" for name, value in POSTGRESQL_OPTIONS.items()]
    options += [url_options] if isinstance(url_options, str) else url_options
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),  # whole: verification connects by it too
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,  # after the server was restarted, old connections are replaced
        pool_timeout=POSTGRES_WAIT_SECONDS,
        connect_args=POSTGRESQL_NETWORK | {"options": " ".join(options)},
        hide_parameters=True,
    )
    sa.event.listen(engine, "connect", _check_postgresql_encoding)
    return engine


def _check_postgresql_encoding(connection: psycopg.Connection, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        name = connection.info.dbname
        connection.close()
        raise AuditUnavailableError(
            f"database {name!r} is encoded in {encoding}, which cannot hold every text; make one"
            " with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )
