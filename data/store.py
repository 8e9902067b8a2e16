"""The store: canonical tables behind one Ibis connection to DuckDB, read only.

The only place that opens the engine. It reads Parquet where it lies and never writes:
what goes into the folder is written by `data.ingest`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from data.contracts.catalogue import TABLES
from data.contracts.table import Table
from data.lazy_imports import duckdb, ibis, pa, pd, pq


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

        Raises:
            ValueError: naming a frame or a column that is not canonical.
        """
        for name, frame in frames.items():
            _check_columns(name, list(frame.columns))
        store = cls(_connect(threads))
        for table in TABLES.values():
            provided = frames.get(table.name)
            store._create(table, table.empty() if provided is None else table.conform(provided))
        return store

    @classmethod
    def from_folder(cls, folder: Path, threads: int = 2) -> Store:
        """A store of the `<table>.parquet` files of a folder, read when asked; absent is empty.

        Raises:
            FileNotFoundError: when there is no such folder.
            ValueError: naming a file that is damaged or whose columns are not its table's.
        """
        if not folder.is_dir():
            raise FileNotFoundError(f"no canonical tables: {folder} is not a folder; ingest first")
        store = cls(_connect(threads))
        for table in TABLES.values():
            path = folder / f"{table.name}.parquet"
            if path.exists():
                store._view(table, path)
            else:
                store._create(table, table.empty())
        return store

    def table(self, name: str) -> ibis.Table:
        """The canonical table of that name as an Ibis expression.

        Raises:
            ValueError: naming the tables there are.
        """
        return self.connection.table(_canonical(name).name)

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

    def _create(self, table: Table, frame: pd.DataFrame) -> None:
        # A native table, not a registered frame: scans of a frame are many times slower.
        arrow = pa.Table.from_pandas(frame, preserve_index=False)
        self.connection.create_table(table.name, obj=arrow)

    def _view(self, table: Table, path: Path) -> None:
        try:
            view = self.connection.read_parquet(path, table_name=table.name)
        except duckdb.Error as error:
            raise ValueError(f"{path} is not readable Parquet; ingest the source again") from error
        missing = [column for column in table.columns if column not in view.columns]
        if missing and pq.read_metadata(path).num_rows:
            raise ValueError(
                f"{path} has no column {', '.join(missing)}: it was written for another version "
                f"of the contract of {table.name}; ingest it again"
            )
        if missing:  # nothing in it that could be read wrongly: as good as no file
            self.connection.drop_view(table.name)
            self._create(table, table.empty())


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
    if unknown := [column for column in columns if column not in table.columns]:
        raise ValueError(
            f"{name} has no column {', '.join(map(repr, unknown))}; "
            f"it has {', '.join(table.columns)}"
        )
