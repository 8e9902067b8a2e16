"""Export the audit log: read one snapshot, write to a staging folder, check, then rename."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from data.atomic_file import fsync
from serving.audit.export.columns import columns_of_group, export_row
from serving.audit.export.manifest import ControlTotals, ExportFile, write_manifest
from serving.audit.export.selection import (
    Selection,
    count_in_database,
    missing_sequences,
    read_batches,
    read_snapshot,
)
from serving.audit.export.writers import CSV_NOTES, ExportFormat, RowWriter, open_writer
from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import KINDS_OF_GROUP, EntryGroup, EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.log.transaction import read_head

Progress = Callable[[str, float], None]
GROUP_OF_KIND = {str(kind): group for group, kinds in KINDS_OF_GROUP.items() for kind in kinds}


@dataclass(frozen=True)
class Export:
    """An export of the log.

    Attributes:
        store: the log.
        wanted: entries to export.
        form: of the files.
        now: time of the export, UTC.
        code: version of the code, for the manifest.
    """

    store: AuditStore
    wanted: Selection
    form: ExportFormat
    now: datetime
    code: str

    def write(self, out: Path, progress: Progress | None = None) -> dict[str, Any]:
        """Write files and manifest to a new folder that only its owner can read.

        Returns:
            The manifest.

        Raises:
            FileExistsError: there is something in the folder.
            AuditUnavailableError: the record cannot be read.
            IncompleteExportError: the written rows are not those that the database counts.
        """
        with staging_folder(out) as folder, read_snapshot(self.store) as connection:
            manifest = self._manifest(connection, self._files(connection, folder, progress))
            write_manifest(folder, manifest)
        return manifest

    def _files(
        self, connection: sa.Connection, folder: Path, progress: Progress | None
    ) -> list[ExportFile]:
        groups = [g for g, kinds in KINDS_OF_GROUP.items() if set(kinds) & set(self.wanted.kinds)]
        files = {
            group: ExportFile(
                group, folder / f"{group}.{self.form}", columns_of_group(group), ControlTotals()
            )
            for group in groups
        }
        expected = count_in_database(connection, self.wanted)
        total, done = sum(row[2] for row in expected), 0
        with ExitStack() as stack:
            writers = {g: open_writer(f, self.form) for g, f in files.items()}
            for writer in writers.values():
                stack.callback(writer.close)
            for entries in read_batches(connection, self.wanted):
                _write_entries(files, writers, entries)
                done += len(entries)
                if progress:
                    progress("written", done / total)
        for group, file in files.items():
            file.totals.hold_against([r for r in expected if GROUP_OF_KIND[r.kind] is group])
            fsync(file.path)
        return list(files.values())

    def _manifest(self, connection: sa.Connection, files: Sequence[ExportFile]) -> dict[str, Any]:
        manifest = {
            "exported_at": self.now.isoformat(),
            "code_version": self.code,
            "filters": self.wanted.as_json(),
            "record": self._record(connection),
            "files": [file.as_json() for file in files],
        }
        return manifest | ({"csv": CSV_NOTES} if self.form is ExportFormat.CSV else {})

    def _record(self, connection: sa.Connection) -> Mapping[str, Any]:
        """Return the state of the whole log in the snapshot, whatever was selected of it."""
        end = read_head(connection)
        size, root = end.frontier.size, end.frontier.root()
        signer = self.store.signer
        return {
            "tenant": self.store.tenant,
            "origin": end.origin,
            "tree_size": size,
            "root_hash": root.hex(),
            "checkpoint": "" if signer is None else signer.note(end.origin, size, root),
            "gaps": [list(gap) for gap in missing_sequences(connection)],
        }


@contextmanager
def staging_folder(out: Path) -> Iterator[Path]:
    """Make a folder that is renamed to `out` after the block, or removed if the block fails.

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


def parse_kinds(names: Sequence[str]) -> tuple[EntryKind, ...]:
    """Return the entry kinds of those names; all kinds if no name is given.

    Raises:
        ValueError: a name is unknown; the message names it and the choices.
    """
    for name in names:
        if name not in set(EntryKind):
            raise ValueError(f"no kind of entry {name!r}; there are {', '.join(EntryKind)}")
    return tuple(map(EntryKind, names)) or tuple(EntryKind)


def _write_entries(
    files: Mapping[EntryGroup, ExportFile],
    writers: Mapping[EntryGroup, RowWriter],
    entries: Sequence[Entry],
) -> None:
    rows: dict[EntryGroup, list[list[Any]]] = {group: [] for group in files}
    for entry in entries:
        group = GROUP_OF_KIND[entry.envelope.kind]
        payload = None if entry.body is None else entry.payload
        rows[group].append(export_row(files[group].columns, entry, payload))
        files[group].totals.add(entry, payload)
    for group, some in rows.items():
        if some:
            writers[group].write(some)
