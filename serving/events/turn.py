"""One at a time, over all processes and machines that write one record."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from serving.audit.errors import AuditUnavailableError, reason
from serving.audit.tables import HEAD


@contextmanager
def turn_of(engine: sa.Engine, what: str) -> Iterator[bool]:
    """Whether this process may do that now; nobody else does while the block runs.

    The lock is of its own: entries are written on meanwhile, and it ends with the process.

    Raises:
        AuditUnavailableError: it cannot be asked.
    """
    sqlite = engine.dialect.name == "sqlite"
    taken = alone(Path(f"{engine.url.database}.{what}.lock")) if sqlite else _server(engine, what)
    with ExitStack() as held:
        try:
            mine = held.enter_context(taken)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            raise AuditUnavailableError(f"no turn for {what}: {reason(error)}") from error
        yield mine


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Whether this process has the file to itself while the block runs; nobody waits for it."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _server(engine: sa.Engine, what: str) -> Iterator[bool]:
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
