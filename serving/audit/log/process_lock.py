"""Locks that let one process at a time, of all that share an audit log, do a background job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from data.file_lock import file_lock, try_file_lock
from serving.audit.log.errors import AuditUnavailableError, describe_error
from serving.audit.log.tables import HEAD


@contextmanager
def process_lock(
    engine: sa.Engine, job: str, purpose: str, *, wait: bool = False
) -> Iterator[bool]:
    """Hold the lock of a job while the block runs.

    It is no lock on the log: entries are written meanwhile. It ends with the process.

    Args:
        engine: of the audit log that the processes share.
        job: name of the lock.
        purpose: of the lock, as an error says it after "no turn".
        wait: for another process to release it; otherwise this yields False then.

    Yields:
        Whether this process holds the lock.

    Raises:
        AuditUnavailableError: the lock cannot be asked for.
    """
    sqlite = engine.dialect.name == "sqlite"
    lock = _lock_file(engine, job, wait=wait) if sqlite else _advisory_lock(engine, job, wait=wait)
    with ExitStack() as stack:
        try:
            held = stack.enter_context(lock)
        except (OSError, sa.exc.SQLAlchemyError) as error:
            raise AuditUnavailableError(f"no turn {purpose}: {describe_error(error)}") from error
        yield held


@contextmanager
def _lock_file(engine: sa.Engine, job: str, *, wait: bool) -> Iterator[bool]:
    path = Path(f"{engine.url.database}.{job}.lock")
    if not wait:
        with try_file_lock(path) as held:
            yield held
        return
    with file_lock(path):
        yield True


@contextmanager
def _advisory_lock(engine: sa.Engine, job: str, *, wait: bool) -> Iterator[bool]:
    """Lock in the session, not in a transaction, which would stay open as long as the job."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        origin = connection.scalar(sa.select(HEAD.c.origin)) or ""
        digest = sha256(f"{job} of {origin}".encode()).digest()
        number = int.from_bytes(digest[:8], signed=True)
        if wait:
            connection.execute(sa.select(sa.func.pg_advisory_lock(number)))
        held = wait or bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))))
        try:
            yield held
        finally:
            if held and not connection.invalidated:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))
