"""Read raw tables from a source's database, as batches of typed rows.

One connection and one read-only transaction serve all tables of a load, so that an order and its
receipts are of the same moment. PostgreSQL, MySQL and MariaDB are tested; SQLAlchemy knows others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from data.sources.extracts.database_types import ColumnTypes
from data.sources.extracts.mapping import SiteMapping
from data.sources.extracts.raw_mapping import RawTable
from data.sources.extracts.read_on import ReadOn
from data.sources.extracts.text_encoding import ExtractError

BATCH_ROWS = 50_000
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}


@dataclass(frozen=True)
class SourceDatabase:
    """An open database of a source.

    Attributes:
        read_on: where earlier loads have come to; without it everything is read.
    """

    connection: sa.Connection
    mapping: SiteMapping
    read_on: ReadOn | None = None

    def has(self, name: str) -> bool:
        """Return whether there is such a table; a query is taken at its word."""
        raw = self.mapping.raw[name]
        schema, _, table = (raw.table or name).rpartition(".")
        return bool(raw.query) or sa.inspect(self.connection).has_table(
            table, schema=schema or None
        )

    def read(self, name: str) -> Iterator[pa.Table]:
        """Yield the rows of a raw table; the first batch has the columns and no rows.

        Raises:
            ExtractError: naming the raw table, its database and what the database says.
        """
        raw, site = self.mapping.raw[name], self.mapping.site
        after = self.read_on.after(site, name) if self.read_on and raw.read_on_from else None
        try:
            result = self.connection.execution_options(yield_per=BATCH_ROWS).execute(
                _statement(name, raw, after)
            )
            types = ColumnTypes(tuple(result.keys()), result.cursor)
            yield types.table([])
            highest = after
            for rows in result.partitions():
                batch = types.table(rows)
                highest = _highest(batch, raw.read_on_from, highest)
                yield batch
            if self.read_on and raw.read_on_from and highest is not None:
                self.read_on.note(site, name, highest)
        except sa.exc.SQLAlchemyError as error:
            raise self._unreadable(name, error) from None
        except (pa.ArrowException, ValueError) as error:
            raise ExtractError(f"{site}: raw table {name}: {error}") from None

    def _unreadable(self, name: str, error: sa.exc.SQLAlchemyError) -> ExtractError:
        return ExtractError(
            f"{self.mapping.site}: raw table {name} cannot be read from {self.mapping.url}: "
            f"{_first_line(error)}"
        )


@contextmanager
def source_database(
    mapping: SiteMapping, read_on: ReadOn | None = None
) -> Iterator[SourceDatabase]:
    """Connect to the database of a mapping.

    Raises:
        ExtractError: saying where it is and why there is no connection; never the password.
    """
    engine = sa.create_engine(_url_with_password(mapping), poolclass=sa.NullPool)
    try:
        connection = engine.connect()
    except sa.exc.SQLAlchemyError as error:
        raise ExtractError(
            f"{mapping.site}: no connection to {mapping.url}: {_first_line(error)}"
        ) from None
    with connection:
        _begin_reading(connection)
        yield SourceDatabase(connection, mapping, read_on)
    engine.dispose()


def _url_with_password(mapping: SiteMapping) -> sa.URL:
    """Return the URL with its driver, and the password that the environment holds."""
    url = sa.make_url(mapping.url)
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    if not mapping.password_variable:
        return url
    password = os.environ.get(mapping.password_variable)
    if password is None:
        raise ExtractError(
            f"{mapping.site}: {mapping.password_variable} is not set; the mapping says that it "
            f"holds the password for {mapping.url}"
        )
    return url.set(password=password)


def _begin_reading(connection: sa.Connection) -> None:
    """Begin a transaction that writes nothing and sees one state of all tables."""
    match connection.dialect.name:
        case "postgresql":
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True, stream_results=True
            )
        case "mysql" | "mariadb":
            connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            connection.rollback()
            connection.execution_options(isolation_level="REPEATABLE READ", stream_results=True)
        case _:
            connection.execution_options(stream_results=True)


def _statement(name: str, raw: RawTable, after: Any) -> sa.Executable:
    query = raw.query.replace(":", "\\:")
    if query and after is None:
        return sa.text(query)
    schema, _, table = (raw.table or name).rpartition(".")
    source = sa.text(f"({query}) AS source_rows") if query else None
    rows = source if source is not None else sa.table(table, schema=schema or None)
    select = sa.select(sa.text("*")).select_from(rows)
    # From that value on, not after it: rows that came in the same moment may have been missed,
    # and a row that is read again changes nothing.
    return select if after is None else select.where(sa.column(raw.read_on_from) >= after)


def _highest(batch: pa.Table, column: str, before: Any) -> Any:
    """Return the highest value of a column so far."""
    if not column:
        return None
    if column not in batch.column_names:
        raise ValueError(
            f"read_on_from: no column {column}; it has {', '.join(batch.column_names)}"
        )
    value = pc.max(batch[column]).as_py() if not pa.types.is_null(batch[column].type) else None
    return before if value is None else value if before is None else max(before, value)


def _first_line(error: sa.exc.SQLAlchemyError) -> str:
    original = getattr(error, "orig", None) or error
    texts = [str(arg) for arg in original.args if isinstance(arg, str)] or [str(original)]
    return " ".join(texts).strip().splitlines()[0]
