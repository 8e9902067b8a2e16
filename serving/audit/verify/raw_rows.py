"""Read rows as the database holds them with raw cursors, and recompute their leaf hashes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

import sqlalchemy as sa

from serving.audit.log.entry import ENVELOPE_FIELDS, envelope_leaf_hash
from serving.audit.log.errors import AuditUnavailableError

PREVIOUS_COLUMN, RECORDED_AT_COLUMN, SEQUENCE_COLUMN, COMMITMENT_COLUMN, KIND_COLUMN = map(
    ENVELOPE_FIELDS.index, ("previous", "recorded_at", "sequence", "commitment", "kind")
)
HASH_COLUMN = len(ENVELOPE_FIELDS)
ENTRY_COLUMNS = (*ENVELOPE_FIELDS, "hash")
"""Of `entries`, in the order in which rows are read."""


@dataclass(frozen=True)
class RawRow:
    """A row of `entries` as it was read. values: in the order of COLUMNS."""

    values: tuple[Any, ...]

    @property
    def sequence(self) -> Any:
        """The number it stands under; whatever a database may hold."""
        return self.values[SEQUENCE_COLUMN]

    @property
    def previous(self) -> Any:
        """Hash of the entry before, as this row states it."""
        return self.values[PREVIOUS_COLUMN]

    @property
    def stored(self) -> Any:
        """The hash that is written beside it."""
        return self.values[HASH_COLUMN]

    @property
    def leaf(self) -> str:
        """The hash that its columns give; "" if they give none."""
        return self.placed()

    def placed(self, sequence: int | None = None, previous: str | None = None) -> str:
        """The hash it would have under another number, or after another entry."""
        values = list(self.values)
        if sequence is not None:
            values[SEQUENCE_COLUMN] = sequence
        if previous is not None:
            values[PREVIOUS_COLUMN] = previous
        try:
            return envelope_leaf_hash(values).hex()
        except (TypeError, ValueError):
            return ""

    def leaf_with_content_of(self, other: RawRow) -> str:
        """The hash of this place if it held what another row holds."""
        return other.placed(self.sequence, self.previous)


FETCH_SIZE = 1000
WAIT_SECONDS = 30
# SQLite keeps what is no whole number in a column of them as it is; NULL where a table was remade.
OUTSIDE_LOG = (
    "(sequence < 1 OR sequence > ? OR sequence IS NULL OR sequence <> CAST(sequence AS BIGINT))"
)
RowValues = tuple[Any, ...]


class QueryReader(Protocol):
    """Runs a query; one `?` a parameter."""

    def __call__(self, query: str, parameters: Sequence[Any] = (), /) -> Iterator[RowValues]:
        """Yield the rows of a query as the database sends them."""


@dataclass(frozen=True)
class DatabaseAddress:
    """Address of a log database; can be sent to another process.

    lenient: read text that is no UTF-8 too, each bad byte as a lone surrogate, which no
        recorded value holds. Slower, so only where a first reading fails.
    """

    url: str
    lenient: bool = False

    @contextmanager
    def reading(self) -> Iterator[QueryReader]:
        """Open a reader that sees one state of the log and cannot change it.

        Raises:
            AuditUnavailableError: the record cannot be read.
        """
        url = sa.make_url(self.url)
        sqlite = url.get_backend_name() == "sqlite"
        try:
            with (
                _read_sqlite(str(url.database), self) if sqlite else _read_postgresql(url) as reader
            ):
                yield reader
        except _database_errors() as error:
            if _is_decoding_error(error) and not self.lenient:
                raise
            raise AuditUnavailableError(f"the audit cannot be read: {error}") from error


def read_entries(read: QueryReader, first: int, last: int) -> Iterator[RowValues]:
    """Rows of `read_entries` numbered from `first` to `last`, both included, in order."""
    names = ", ".join(f'"{name}"' for name in ENTRY_COLUMNS)
    where = "WHERE sequence BETWEEN ? AND ? ORDER BY sequence"
    return read(f"SELECT {names} FROM entries {where}", (first, last))  # noqa: S608 - our names


def read_stray_entries(read: QueryReader, last: int, most: int) -> Iterator[RowValues]:
    """Rows of `read_entries` whose number is none from 1 to `last`."""
    names = ", ".join(f'"{name}"' for name in ENTRY_COLUMNS)
    where = f"WHERE {OUTSIDE_LOG} ORDER BY sequence LIMIT ?"
    return read(f"SELECT {names} FROM entries {where}", (last, most))  # noqa: S608 - our names


def read_payloads(read: QueryReader, first: int, last: int) -> Iterator[RowValues]:
    """Sequence, month, salt and body of payloads numbered so, in order."""
    query = "SELECT sequence, month, salt, body FROM payloads"
    return read(f"{query} WHERE sequence BETWEEN ? AND ? ORDER BY sequence", (first, last))


def read_stray_payloads(read: QueryReader, last: int, most: int) -> Iterator[RowValues]:
    """Payloads whose number is none from 1 to `last`."""
    query = f"SELECT sequence, month, salt, body FROM payloads WHERE {OUTSIDE_LOG}"  # noqa: S608
    return read(f"{query} ORDER BY sequence LIMIT ?", (last, most))


def read_entries_of_kind(read: QueryReader, kind: str) -> Iterator[RowValues]:
    """Sequence, time and body (None if it is gone) of entries of a kind, in order."""
    joined = "entries e LEFT JOIN payloads p ON p.sequence = e.sequence"
    query = f"SELECT e.sequence, e.recorded_at, p.body FROM {joined} WHERE e.kind = ?"  # noqa: S608 - constant
    return read(f"{query} ORDER BY e.sequence", (str(kind),))


def read_scalar(read: QueryReader, query: str, parameters: Sequence[Any] = ()) -> Any:
    """Return the only value of the only row."""
    return next(iter(read(query, parameters)))[0]


@contextmanager
def _read_sqlite(path: str, address: DatabaseAddress) -> Iterator[QueryReader]:
    uri = f"file:{quote(path)}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=WAIT_SECONDS)
    if address.lenient:
        connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    with closing(connection):
        connection.execute("BEGIN")
        yield connection.execute


@contextmanager
def _read_postgresql(url: sa.URL) -> Iterator[QueryReader]:
    engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    with closing(engine.raw_connection()) as pooled:
        connection: Any = pooled.driver_connection
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

        def read(query: str, parameters: Sequence[Any] = ()) -> Iterator[RowValues]:
            # Named: the server keeps the rows and sends some at a time. Without a hold the
            # planner would have them sorted for a reader of few rows.
            with connection.cursor(name=f"rows{next(numbers)}") as cursor:
                cursor.itersize = FETCH_SIZE
                cursor.execute(query.replace("?", "%s"), parameters)
                yield from cursor

        numbers = iter(range(10**9))
        yield read


def _database_errors() -> tuple[type[Exception], ...]:
    import psycopg  # noqa: PLC0415 - only where something failed

    return (sqlite3.Error, sa.exc.SQLAlchemyError, psycopg.Error)


def _is_decoding_error(error: Exception) -> bool:
    """Return whether an error of SQLite is about text that is not UTF-8."""
    return isinstance(error, sqlite3.OperationalError) and "decode" in str(error)
