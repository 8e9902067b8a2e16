"""Locks that let one process at a time, of all that share an audit log, do a background job."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from serving.audit.log.errors import AuditUnavailableError, describe_error
from serving.audit.log.tables import HEAD


@contextmanager
def try_process_lock(engine: sa.Engine, what: str) -> Iterator[bool]:
    """Whether this process may do that now; nobody else does while the block runs.

    The lock is of its own: entries are written on meanwhile, and it ends with the process.

    Raises:
        AuditUnavailableError: it cannot be asked.
    """
    sqlite = engine.dialect.name == "sqlite"
    taken = (
        try_file_lock(Path(f"{engine.url.database}.{what}.lock"))
        if sqlite
        else _try_advisory_lock(engine, what)
    )
    with ExitStack() as held:
        try:
            mine = held.enter_context(taken)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            raise AuditUnavailableError(f"no turn for {what}: {describe_error(error)}") from error
        yield mine


@contextmanager
def try_file_lock(path: Path) -> Iterator[bool]:
    """Whether this process has the file to itself while the block runs; nobody waits for it."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _try_advisory_lock(engine: sa.Engine, what: str) -> Iterator[bool]:
    """Of the session and not of a transaction: a receiver may be slow, and none is kept open."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        origin = connection.scalar(sa.select(HEAD.c.origin)) or ""
        digest = sha256(f"{what} of {origin}".encode()).digest()
        number = int.from_bytes(digest[:8], signed=True)
        mine = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))))
        try:
            yield mine
        finally:
            if mine and not connection.invalidated:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))
