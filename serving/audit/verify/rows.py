"""Rows of the record as the database holds them, read by raw cursors in any process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import sqlalchemy as sa

from serving.audit.errors import AuditUnavailableError
from serving.audit.verify.row import COLUMNS

AT_ONCE = 1000
WAIT_SECONDS = 30
# SQLite keeps what is no whole number in a column of them as it is; NULL where a table was remade.
OUTSIDE = (
    "(sequence < 1 OR sequence > ? OR sequence IS NULL OR sequence <> CAST(sequence AS BIGINT))"
)
Values = tuple[Any, ...]


class Reader(Protocol):
    """Runs a query; one `?` a parameter."""

    def __call__(self, query: str, parameters: Sequence[Any] = (), /) -> Iterator[Values]:
        """Its rows, as they come."""


@dataclass(frozen=True)
class Address:
    """Where a record is; can be sent to another process.

    lenient: read text that is no UTF-8 too, each bad byte as a lone surrogate, which no
        recorded value holds. Slower, so only where a first reading fails.
    """

    url: str
    lenient: bool = False

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A reader that sees one state of the record and cannot change it.

        Raises:
            AuditUnavailableError: the record cannot be read.
        """
        url = sa.make_url(self.url)
        sqlite = url.get_backend_name() == "sqlite"
        try:
            with _sqlite(str(url.database), self) if sqlite else _postgresql(url) as reader:
                yield reader
        except _database_errors() as error:
            if _undecodable(error) and not self.lenient:
                raise
            raise AuditUnavailableError(f"the audit cannot be read: {error}") from error


def entries(read: Reader, first: int, last: int) -> Iterator[Values]:
    """Rows of `entries` numbered from `first` to `last`, both included, in order."""
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    where = "WHERE sequence BETWEEN ? AND ? ORDER BY sequence"
    return read(f"SELECT {names} FROM entries {where}", (first, last))  # noqa: S608 - our names


def strays(read: Reader, last: int, most: int) -> Iterator[Values]:
    """Rows of `entries` whose number is none from 1 to `last`."""
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    where = f"WHERE {OUTSIDE} ORDER BY sequence LIMIT ?"
    return read(f"SELECT {names} FROM entries {where}", (last, most))  # noqa: S608 - our names


def payloads(read: Reader, first: int, last: int) -> Iterator[Values]:
    """Sequence, month, salt and body of payloads numbered so, in order."""
    query = "SELECT sequence, month, salt, body FROM payloads"
    return read(f"{query} WHERE sequence BETWEEN ? AND ? ORDER BY sequence", (first, last))


def stray_payloads(read: Reader, last: int, most: int) -> Iterator[Values]:
    """Payloads whose number is none from 1 to `last`."""
    query = f"SELECT sequence, month, salt, body FROM payloads WHERE {OUTSIDE}"  # noqa: S608
    return read(f"{query} ORDER BY sequence LIMIT ?", (last, most))


def held(read: Reader, kind: str) -> Iterator[Values]:
    """Sequence, time and body (None if it is gone) of entries of a kind, in order."""
    joined = "entries e LEFT JOIN payloads p ON p.sequence = e.sequence"
    query = f"SELECT e.sequence, e.recorded_at, p.body FROM {joined} WHERE e.kind = ?"  # noqa: S608 - constant
    return read(f"{query} ORDER BY e.sequence", (str(kind),))


def one(read: Reader, query: str, parameters: Sequence[Any] = ()) -> Any:
    """The only value of the only row."""
    return next(iter(read(query, parameters)))[0]


@contextmanager
def _sqlite(path: str, address: Address) -> Iterator[Reader]:
    uri = f"file:{quote(path)}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=WAIT_SECONDS)
    if address.lenient:
        connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    with closing(connection):
        connection.execute("BEGIN")
        yield connection.execute


@contextmanager
def _postgresql(url: sa.URL) -> Iterator[Reader]:
    engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    with closing(engine.raw_connection()) as pooled:
        connection: Any = pooled.driver_connection
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

        def read(query: str, parameters: Sequence[Any] = ()) -> Iterator[Values]:
            # Named: the server keeps the rows and sends some at a time. Without a hold the
            # planner would have them sorted for a reader of few rows.
            with connection.cursor(name=f"rows{next(numbers)}") as cursor:
                cursor.itersize = AT_ONCE
                cursor.execute(query.replace("?", "%s"), parameters)
                yield from cursor

        numbers = iter(range(10**9))
        yield read


def _database_errors() -> tuple[type[Exception], ...]:
    import psycopg  # noqa: PLC0415 - only where something failed

    return (sqlite3.Error, sa.exc.SQLAlchemyError, psycopg.Error)


def _undecodable(error: Exception) -> bool:
    """Whether SQLite found text that is no UTF-8."""
    return isinstance(error, sqlite3.OperationalError) and "decode" in str(error)
