"""Folder of canonical Parquet tables: write lock, atomic replacement, manifest, received rows.

Decisions do not count: people may decide long after the last extract, and nothing else is
known of those days. Nor do events that were received one by one: their day is the
service's own.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from data.contracts.catalogue import TABLES
from data.contracts.decisions import DECISIONS
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.file_lock import file_lock
from data.lazy_imports import pa, pd, pq
from data.validation import check_contract


@contextmanager
def exclusive_write_lock(folder: Path) -> Iterator[None]:
    """Write the folder's tables while the block runs; others wait. Ends with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with file_lock(folder / ".writing.lock"):
        yield


MANIFEST = "manifest.json"


@dataclass(frozen=True)
class ReceivedWatermark:
    """Position up to which the rows that arrived one by one are in the tables.

    Attributes:
        through: last entry of the record whose row is in the tables.
        until: when the newest of the rows became known, ISO 8601; "" if there is no row.
    """

    through: int = 0
    until: str = ""


def append_received_rows(
    rows: Mapping[str, pd.DataFrame], folder: Path, received_now: ReceivedWatermark
) -> dict[str, int]:
    """Add rows that arrived one by one to their tables; return the number of new ones by table."""
    with exclusive_write_lock(folder):
        before, frames = _manifest_tables(folder), dict[str, pd.DataFrame]()
        added = dict[str, int]()
        for name, new in rows.items():
            table, path = TABLES[name], folder / f"{name}.parquet"
            accepted, broken = check_contract(table, new)
            if len(broken):
                raise ValueError(f"received rows break the contract of {name}; none was added")
            there = (
                table.conform(pq.read_table(path).to_pandas()) if path.exists() else accepted[:0]
            )
            keys = list(map(str, table.key))
            both = pd.concat([there, accepted], ignore_index=True).drop_duplicates(keys)
            added[name] = len(both) - len(there)
            if added[name]:
                frames[name] = both
        write_tables(folder, frames, received_now, {name: before.get(name, {}) for name in frames})
    return added


def read_received_watermark(folder: Path) -> ReceivedWatermark:
    """Return which received rows were added to the folder's tables since the last ingest."""
    try:
        received = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["received"]
        return ReceivedWatermark(int(received["through"]), str(received["until"]))
    except (OSError, ValueError, LookupError, TypeError):
        return ReceivedWatermark()


def write_tables(
    folder: Path,
    frames: Mapping[str, pd.DataFrame],
    rest: ReceivedWatermark = ReceivedWatermark(),
    ranges: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write all files beside the old ones, then replace each atomically, the manifest last.

    ranges: by table, what the manifest said of it, of which it keeps how far the clocks reach.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = {
        f"{name}.parquet": _write_temporary_parquet(folder, name, frame)
        for name, frame in frames.items()
    }
    own = {name: _describe_file(folder, name, frame) for name, frame in frames.items()}
    clocks = (str(HAPPENED_AT), str(KNOWN_AT))
    for name, span in (ranges or {}).items():
        own[name] |= {clock: span.get(clock) for clock in clocks}
    entries = _manifest_tables(folder) | own
    record = {"tables": entries, "received": asdict(rest)}
    manifest = folder / f".{MANIFEST}.{os.getpid()}.part"
    manifest.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    for name, part in {**parts, MANIFEST: manifest}.items():
        part.replace(folder / name)


def _manifest_tables(folder: Path) -> dict[str, Any]:
    """Return the entries of the existing manifest by table."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        return dict(json.loads(text)["tables"])
    except (OSError, ValueError, LookupError, TypeError):
        return {}  # none, or a damaged one: it is written anew


def _temporary_path(folder: Path, table: str) -> Path:
    return folder / f".{table}.parquet.{os.getpid()}.part"


def _write_temporary_parquet(folder: Path, table: str, frame: pd.DataFrame) -> Path:
    part = _temporary_path(folder, table)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), part, compression="zstd")
    return part


def _describe_file(folder: Path, table: str, frame: pd.DataFrame) -> dict[str, Any]:
    """Return the manifest entry of one file."""
    with _temporary_path(folder, table).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    clocks = {
        column: None if frame.empty else [frame[column].min(), frame[column].max()]
        for column in (str(HAPPENED_AT), str(KNOWN_AT))
    }
    ranges = {k: v and [moment.isoformat() for moment in v] for k, v in clocks.items()}
    return {"file": f"{table}.parquet", "rows": len(frame), "sha256": digest, **ranges}


def end_of_data(canonical: Path) -> datetime:
    """Midnight (UTC) after the newest row in a folder of canonical tables.

    Raises:
        FileNotFoundError, ValueError: when nothing was ingested there.
    """
    path = canonical / MANIFEST
    if not path.exists():
        raise FileNotFoundError(f"no {path}; run `triage ingest --source NAME` first")
    try:
        tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
        newest = [
            table["known_at"][1]
            for name, table in tables.items()
            if table["rows"] and table["known_at"] and name != DECISIONS.name
        ]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged ({error}); ingest the source again") from error
    if not newest:
        raise ValueError(f"{canonical} holds no rows; ingest a source that has some")
    last = max(datetime.fromisoformat(moment) for moment in newest)
    return datetime.combine(last.date() + timedelta(days=1), time(), tzinfo=UTC)
