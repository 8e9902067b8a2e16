"""The store: canonical tables behind one Ibis connection to DuckDB, read only.

The only place that opens the engine for reading. It reads Parquet where it lies and never writes:
what goes into the folder is written by `data.ingest`.

A table is what is known now: the current version of each row. Whoever asks what was known at some
moment takes all versions of its rows, each of which says from when to when it was the current one
(`known_at`, and SUPERSEDED_AT, which is missing where it still is).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from data.canonical_tables import read_manifest
from data.contracts.catalogue import TABLES
from data.contracts.table import KNOWN_AT, Table
from data.lazy_imports import ibis, pa, pd
from data.row_versions.spans import create_current_view, create_views, versions_name
from data.row_versions.stored_rows import FIRST_KNOWN_AT, SUPERSEDED_AT

VERSION_COLUMNS = (SUPERSEDED_AT, FIRST_KNOWN_AT)


class Store:
    """Canonical tables in DuckDB, as Ibis expressions or as frames.

    Every moment is UTC, whatever the machine's clock says. A context manager.
    """

    def __init__(self, connection: ibis.backends.duckdb.Backend) -> None:
        """Take over a connection in which every canonical table exists."""
        self.connection = connection

    @classmethod
    def from_frames(cls, frames: Mapping[str, pd.DataFrame], threads: int = 2) -> Store:
        """A store of canonical frames, held in memory; absent tables are empty.

        A frame may say which of its rows are versions that were superseded, in SUPERSEDED_AT and
        FIRST_KNOWN_AT.

        Raises:
            ValueError: naming a frame or a column that is not canonical.
        """
        for name, frame in frames.items():
            _check_columns(name, list(frame.columns))
        store = cls(_connect(threads))
        for table in TABLES.values():
            provided = frames.get(table.name)
            store._create(table, table.empty() if provided is None else provided)
        return store

    @classmethod
    def from_folder(cls, folder: Path, threads: int = 2, version: int | None = None) -> Store:
        """A store of the tables in a folder, read when asked.

        version: of the lake, for the tables as they were then; by default the newest.

        Raises:
            FileNotFoundError: when there is no such folder.
            ValueError: naming a file that is damaged or whose columns are not its table's, or
                the versions there are.
        """
        if not folder.is_dir():
            raise FileNotFoundError(f"no canonical tables: {folder} is not a folder; ingest first")
        manifest = read_manifest(folder, version)
        store = cls(_connect(threads))
        for table in TABLES.values():
            parts = manifest.parts(table.name)
            revised = any(part.revisions for part in parts)
            files = [folder / part.file for part in parts]
            create_views(store.connection.con, table, files, revised=revised)
        return store

    def table(self, name: str) -> ibis.Table:
        """The canonical table of that name as an Ibis expression.

        Raises:
            ValueError: naming the tables there are.
        """
        return self.connection.table(_canonical(name).name)

    def versions(self, name: str) -> ibis.Table:
        """All versions of the rows of that table, with SUPERSEDED_AT and FIRST_KNOWN_AT.

        Raises:
            ValueError: naming the tables there are.
        """
        return self.connection.table(versions_name(_canonical(name).name))

    def frame(self, name: str) -> pd.DataFrame:
        """The canonical table of that name as a frame in canonical types."""
        arrow = self.table(name).to_pyarrow()
        return _canonical(name).conform(arrow.to_pandas(types_mapper=_nullable))

    def close(self) -> None:
        """Release the engine's memory; the store cannot be used afterwards."""
        self.connection.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _create(self, table: Table, provided: pd.DataFrame) -> None:
        # A native table, not a registered frame: scans of a frame are many times slower.
        frame = table.conform(provided)
        arrow = pa.Table.from_pandas(frame, preserve_index=False)
        first = provided.get(FIRST_KNOWN_AT)
        spans = {
            SUPERSEDED_AT: _moments(provided.get(SUPERSEDED_AT), len(frame)),
            FIRST_KNOWN_AT: arrow[KNOWN_AT] if first is None else _moments(first, len(frame)),
        }
        for name, moments in spans.items():
            arrow = arrow.append_column(name, moments)
        self.connection.create_table(versions_name(table.name), obj=arrow)
        create_current_view(self.connection.con, table)


def _moments(values: pd.Series | None, rows: int) -> pa.Array:
    kind = pa.timestamp("us", "UTC")
    return pa.nulls(rows, kind) if values is None else pa.array(values, kind, from_pandas=True)


def _nullable(kind: pa.DataType) -> pd.BooleanDtype | None:
    """Return the frame type that holds a column without loss, where it is not the usual one."""
    return pd.BooleanDtype() if kind == pa.bool_() else None


def _connect(threads: int) -> ibis.backends.duckdb.Backend:
    connection = ibis.duckdb.connect(threads=threads)
    connection.settings["timezone"] = "UTC"
    return connection


def _canonical(name: str) -> Table:
    if name not in TABLES:
        raise ValueError(f"no canonical table {name!r}; there are {', '.join(TABLES)}")
    return TABLES[name]


def _check_columns(name: str, columns: list[str]) -> None:
    table = _canonical(name)
    known = (*table.columns, *VERSION_COLUMNS)
    if unknown := [column for column in columns if column not in known]:
        raise ValueError(
            f"{name} has no column {', '.join(map(repr, unknown))}; "
            f"it has {', '.join(table.columns)}"
        )
