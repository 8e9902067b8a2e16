"""Staging: accepted rows of a load as files beside the tables, one a table, written as they come.

Nothing of them is kept in memory. The folder belongs to one process; what a killed load left
behind is removed by the next one.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from data.contracts.catalogue import TABLES
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Table
from data.file_lock import file_lock, try_file_lock
from data.lazy_imports import pa, pc, pd, pq
from data.row_versions.stored_rows import FILE, LINE, OWNER, REVISES, STATED, stored_schema

STAGING_PREFIX = ".staging-"
ROWS_PER_GROUP = 100_000


@dataclass(frozen=True)
class RowOrigin:
    """Origin of rows: the source that owns them, their file, and their lines in it."""

    owner: str
    file: str
    lines: NDArray[np.int64]


class StagedTables:
    """The staged files of one load. A context manager that removes them in the end."""

    def __init__(self, folder: Path) -> None:
        """Choose a folder beside the tables."""
        folder.mkdir(parents=True, exist_ok=True)
        self._tables = folder
        self.folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[pa.Table]] = {}
        self.rows: dict[str, int] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with file_lock(self._tables / ".staging.lock"):
            _remove_abandoned(self._tables)
            self.folder = self._tables / f"{STAGING_PREFIX}{os.getpid()}-{os.urandom(4).hex()}"
            self.folder.mkdir()
            self._stack.enter_context(file_lock(self.folder))
        return self

    def add(self, table: Table, frame: pd.DataFrame, origin: RowOrigin) -> None:
        """Stage rows in the table's canonical types."""
        if frame.empty:
            return
        self.rows[table.name] = self.rows.get(table.name, 0) + len(frame)
        waiting = self._waiting.setdefault(table.name, [])
        waiting.append(_stored_rows(table, frame, origin))
        if sum(part.num_rows for part in waiting) >= ROWS_PER_GROUP:
            self._flush(table)

    def finish(self) -> dict[str, Path]:
        """Close the files; return them by table."""
        for name in list(self._waiting):
            self._flush(TABLES[name])
        for writer in self._writers.values():
            writer.close()
        return {name: self._path(name) for name in self._writers}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in self._writers.values():
            writer.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._stack.close()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def _flush(self, table: Table) -> None:
        waiting = self._waiting.pop(table.name, [])
        if not waiting:
            return
        if table.name not in self._writers:
            path, schema = self._path(table.name), stored_schema(table)
            self._writers[table.name] = pq.ParquetWriter(path, schema, compression="zstd")
        self._writers[table.name].write_table(pa.concat_tables(waiting))


def _stored_rows(table: Table, frame: pd.DataFrame, origin: RowOrigin) -> pa.Table:
    schema, rows = stored_schema(table), len(frame)
    canonical = pa.schema([schema.field(str(column)) for column in table.columns])
    cells = pa.Table.from_pandas(frame, schema=canonical, preserve_index=False)
    added = {
        OWNER: pa.repeat(pa.scalar(origin.owner, pa.string()), rows),
        FILE: pa.repeat(pa.scalar(origin.file, pa.string()), rows),
        LINE: pa.array(origin.lines, pa.int64()),
        STATED: pa.nulls(rows, pa.timestamp("us", "UTC")),
        REVISES: pa.repeat(pa.scalar(value=False), rows),
    }
    return pa.table([*cells.columns, *added.values()], schema=schema)


def file_spans(path: Path) -> dict[str, tuple[str, str] | None]:
    """Return the first and last moment of both clocks in a file; None if it has no row."""
    clocks = [str(HAPPENED_AT), str(KNOWN_AT)]
    spans: dict[str, tuple[str, str] | None] = dict.fromkeys(clocks)
    file = pq.ParquetFile(path)
    for rows in file.iter_batches(columns=clocks):
        for clock in clocks:
            found = pc.min_max(rows.column(clock))
            low, high = (found[end].as_py().isoformat() for end in ("min", "max"))
            before = spans[clock]
            spans[clock] = (min(low, before[0]), max(high, before[1])) if before else (low, high)
    return spans


def _remove_abandoned(folder: Path) -> None:
    """Remove the folders of processes that have ended."""
    for left in folder.glob(f"{STAGING_PREFIX}*"):
        try:
            with try_file_lock(left) as abandoned:
                if abandoned:
                    shutil.rmtree(left, ignore_errors=True)
        except FileNotFoundError:  # its load has just ended
            continue
