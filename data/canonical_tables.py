"""The manifest of the canonical tables: which files hold the rows of which version of the lake.

Every table is a folder of Parquet files that never change. `manifest.json` lists the files of all
tables and is replaced in one step when a load is done, so a reader sees all of a load or nothing.
Manifests of earlier versions stay beside it until `triage lake compact` removes them.

Decisions do not count for the end of the data: people may decide long after the last extract, and
nothing else is known of those days. Nor do events that were received one by one: their day is the
service's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from data.atomic_file import write_text_atomically
from data.contracts.catalogue import TABLES
from data.contracts.decisions import DECISIONS
from data.file_lock import file_lock

MANIFEST = "manifest.json"
VERSIONS = "versions"

Span = tuple[str, str]


@contextmanager
def exclusive_write_lock(folder: Path) -> Iterator[None]:
    """Write the folder's tables while the block runs; others wait. Ends with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with file_lock(folder / ".writing.lock"):
        yield


@dataclass(frozen=True)
class ReceivedWatermark:
    """Position up to which the rows that arrived one by one are in the tables.

    Attributes:
        through: last entry of the record whose row is in the tables.
        until: when the newest of the rows became known, ISO 8601; "" if there is no row.
    """

    through: int = 0
    until: str = ""


@dataclass(frozen=True)
class Part:
    """A file of a table.

    Attributes:
        file: path in the folder of the tables.
        rows: versions of rows in it.
        revisions: how many of them are of a row that the table had before.
        happened_at, known_at: first and last moment, ISO 8601; None if the file has no row, or
            rows that were received one by one.
    """

    file: str
    rows: int
    revisions: int
    bytes: int
    sha256: str
    happened_at: Span | None = None
    known_at: Span | None = None

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Part:
        """Read the part from its entry in a manifest."""
        spans = {k: tuple(entry[k]) if entry[k] else None for k in ("happened_at", "known_at")}
        return cls(**{**entry, **spans})


Parts = tuple[Part, ...]


@dataclass(frozen=True)
class Manifest:
    """All tables of one version of the lake; version 0 is an empty one."""

    version: int = 0
    tables: Mapping[str, Parts] = field(default_factory=dict)
    received: ReceivedWatermark = ReceivedWatermark()

    def parts(self, table: str) -> Parts:
        """Return the files of a table."""
        return self.tables.get(table, ())

    def digests(self) -> dict[str, dict[str, str | int]]:
        """Describe every table that is there: digest of its files' digests, bytes and rows."""
        return {name: _describe_parts(parts) for name, parts in self.tables.items()}

    def following(
        self, tables: Mapping[str, Parts], received: ReceivedWatermark | None = None
    ) -> Manifest:
        """Return the next version, with other files of some tables; self where nothing changes."""
        merged = {name: self.parts(name) for name in TABLES} | dict(tables)
        after = replace(self, tables=merged, received=received or self.received)
        return self if after == self else replace(after, version=self.version + 1)

    def as_text(self) -> str:
        """Return the manifest as JSON, with sums for each table."""
        tables = {
            name: {
                "rows": sum(part.rows for part in parts),
                "happened_at": _whole_span(part.happened_at for part in parts),
                "known_at": _whole_span(part.known_at for part in parts),
                "parts": [asdict(part) for part in parts],
            }
            for name, parts in self.tables.items()
        }
        record = {"version": self.version, "tables": tables, "received": asdict(self.received)}
        return json.dumps(record, indent=1) + "\n"


def read_manifest(folder: Path, version: int | None = None) -> Manifest:
    """Read the manifest of the newest version, or of an earlier one; an empty one if there is none.

    Raises:
        ValueError: it is damaged, or there is no such version; names those there are.
    """
    if version is None:
        path = folder / MANIFEST
        return _parse(path) if path.exists() else Manifest()
    path = version_path(folder, version)
    if not path.exists():
        kept = ", ".join(str(known) for known in kept_versions(folder)) or "none"
        raise ValueError(f"{folder} has no version {version}; it has {kept}")
    return _parse(path)


def _parse(path: Path) -> Manifest:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        received = ReceivedWatermark(
            int(record["received"]["through"]), str(record["received"]["until"])
        )
        tables = {
            name: tuple(Part.from_json(part) for part in entry["parts"])
            for name, entry in record["tables"].items()
        }
        return Manifest(int(record["version"]), tables, received)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged ({error}); ingest the source again") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make a version of the lake the one that readers see; its files are there already."""
    text = manifest.as_text()
    (folder / VERSIONS).mkdir(exist_ok=True)
    write_text_atomically(version_path(folder, manifest.version), text)
    write_text_atomically(folder / MANIFEST, text)


def version_path(folder: Path, version: int) -> Path:
    """Return where the manifest of a version lies."""
    return folder / VERSIONS / f"{version:08d}.json"


def kept_versions(folder: Path) -> list[int]:
    """Return the versions whose manifests are there, in order."""
    return sorted(int(path.stem) for path in (folder / VERSIONS).glob("*.json"))


def read_received_watermark(folder: Path) -> ReceivedWatermark:
    """Return which received rows were added to the folder's tables."""
    try:
        return read_manifest(folder).received
    except ValueError:
        return ReceivedWatermark()


def end_of_data(canonical: Path) -> datetime:
    """Midnight (UTC) after the newest row in a folder of canonical tables.

    Raises:
        FileNotFoundError, ValueError: when nothing was ingested there.
    """
    path = canonical / MANIFEST
    if not path.exists():
        raise FileNotFoundError(f"no {path}; run `triage ingest --source NAME` first")
    newest = [
        part.known_at[1]
        for name, parts in read_manifest(canonical).tables.items()
        for part in parts
        if part.known_at and name != DECISIONS.name
    ]
    if not newest:
        raise ValueError(f"{canonical} holds no rows; ingest a source that has some")
    last = max(datetime.fromisoformat(moment) for moment in newest)
    return datetime.combine(last.date() + timedelta(days=1), time(), tzinfo=UTC)


def _describe_parts(parts: Parts) -> dict[str, str | int]:
    digests = "".join(sorted(part.sha256 for part in parts))
    return {
        "sha256": parts[0].sha256 if len(parts) == 1 else sha256(digests.encode()).hexdigest(),
        "bytes": sum(part.bytes for part in parts),
        "rows": sum(part.rows for part in parts),
    }


def _whole_span(spans: Iterable[Span | None]) -> Span | None:
    """Return the first and the last of all moments, which are all in UTC."""
    known = [(datetime.fromisoformat(moment), moment) for span in spans if span for moment in span]
    return (min(known)[1], max(known)[1]) if known else None
