"""Exporting the record: read in one snapshot, written aside, checked, and only then named."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, assert_never

import sqlalchemy as sa

from serving.audit.entry import Entry, EntryKind
from serving.audit.entry_group import KINDS, EntryGroup
from serving.audit.export.columns import columns, row
from serving.audit.export.csv_file import NOTES, CsvFile
from serving.audit.export.manifest import File, write_manifest
from serving.audit.export.parquet_file import ParquetFile
from serving.audit.export.selection import Selection, batches, counted, gaps, snapshot
from serving.audit.export.totals import Totals
from serving.audit.store import AuditStore
from serving.audit.writing import head

Progress = Callable[[str, float], None]
GROUP_OF = {str(kind): group for group, kinds in KINDS.items() for kind in kinds}


class Format(StrEnum):
    """Of the files."""

    PARQUET = "parquet"
    CSV = "csv"


class Writer(Protocol):
    """A file that rows are written to."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Append rows of typed values."""

    def close(self) -> None:
        """No more rows."""


@dataclass(frozen=True)
class Export:
    """What is exported how. code: version of the code, for the manifest."""

    store: AuditStore
    wanted: Selection
    form: Format
    now: datetime
    code: str

    def write(self, out: Path, progress: Progress | None = None) -> dict[str, Any]:
        """Write files and manifest to a new folder, which only its owner can read; the manifest.

        Raises:
            FileExistsError: there is something in the folder.
            AuditUnavailableError: the record cannot be read.
            IncompleteError: what was written is not what the database counts.
        """
        with aside(out) as folder, snapshot(self.store) as connection:
            told = self._manifest(connection, self._files(connection, folder, progress))
            write_manifest(folder, told)
        return told

    def _files(
        self, connection: sa.Connection, folder: Path, progress: Progress | None
    ) -> list[File]:
        groups = [g for g, kinds in KINDS.items() if set(kinds) & set(self.wanted.kinds)]
        files = {
            group: File(group, folder / f"{group}.{self.form}", columns(group), Totals())
            for group in groups
        }
        expected = counted(connection, self.wanted)
        total, done = sum(row[2] for row in expected), 0
        with ExitStack() as stack:
            writers = {g: _opened(f, self.form) for g, f in files.items()}
            for writer in writers.values():
                stack.callback(writer.close)
            for entries in batches(connection, self.wanted):
                _write(files, writers, entries)
                done += len(entries)
                if progress:
                    progress("written", done / total)
        for group, file in files.items():
            file.totals.hold_against([r for r in expected if GROUP_OF[r.kind] is group])
            _to_disk(file.path)
        return list(files.values())

    def _manifest(self, connection: sa.Connection, files: Sequence[File]) -> dict[str, Any]:
        told = {
            "exported_at": self.now.isoformat(),
            "code_version": self.code,
            "filters": self.wanted.as_json(),
            "record": self._record(connection),
            "files": [file.as_json() for file in files],
        }
        return told | ({"csv": NOTES} if self.form is Format.CSV else {})

    def _record(self, connection: sa.Connection) -> Mapping[str, Any]:
        """The whole record in that snapshot, whatever was selected of it."""
        end = head(connection)
        size, root = end.frontier.size, end.frontier.root()
        signer = self.store.signer
        return {
            "tenant": self.store.tenant,
            "origin": end.origin,
            "tree_size": size,
            "root_hash": root.hex(),
            "checkpoint": "" if signer is None else signer.note(end.origin, size, root),
            "gaps": [list(gap) for gap in gaps(connection)],
        }


@contextmanager
def aside(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its name once the block is through, and else is gone.

    Raises:
        FileExistsError: there is something in `out`.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} has something in it; an export takes a new or empty folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield folder
        folder.rename(out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def kinds_named(names: Sequence[str]) -> tuple[EntryKind, ...]:
    """The kinds of entries of those names; all of them for none.

    Raises:
        ValueError: naming the one that is none, and the choices.
    """
    for name in names:
        if name not in set(EntryKind):
            raise ValueError(f"no kind of entry {name!r}; there are {', '.join(EntryKind)}")
    return tuple(map(EntryKind, names)) or tuple(EntryKind)


def _opened(file: File, form: Format) -> Writer:
    match form:
        case Format.PARQUET:
            return ParquetFile(file.path, file.columns)
        case Format.CSV:
            return CsvFile(file.path, file.columns)
        case _:
            assert_never(form)


def _write(
    files: Mapping[EntryGroup, File],
    writers: Mapping[EntryGroup, Writer],
    entries: Sequence[Entry],
) -> None:
    rows: dict[EntryGroup, list[list[Any]]] = {group: [] for group in files}
    for entry in entries:
        group = GROUP_OF[entry.envelope.kind]
        payload = None if entry.body is None else entry.payload
        rows[group].append(row(files[group].columns, entry, payload))
        files[group].totals.add(entry, payload)
    for group, some in rows.items():
        if some:
            writers[group].write(some)


def _to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
