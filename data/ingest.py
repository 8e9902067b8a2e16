"""Ingest: batches in, canonical Parquet and a quarantine out, everything accounted for."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.batch import Batch, batches_of
from data.contracts.catalogue import TABLES
from data.contracts.decisions import DECISIONS
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.duplicates import Keys
from data.findings import rows_of, together
from data.lazily import pa, pd, pq
from data.quarantine import Quarantine
from data.totals import IngestReport, TableCount
from data.validation import check, validate
from data.writing import alone

__all__ = [
    "MANIFEST",
    "Batch",
    "IngestReport",
    "Received",
    "add",
    "batches_of",
    "ingest",
    "validate",
]

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Received:
    """Rows that came one by one. through: entry of the record up to which they are in the tables.

    until: when the newest of them became known, ISO 8601; "" for none.
    """

    through: int = 0
    until: str = ""


def ingest(batches: Iterable[Batch], folder: Path, quarantine: Path) -> IngestReport:
    """Validate the batches and write what keeps the contracts; the rest goes to quarantine.

    folder: gets `<table>.parquet` for every canonical table and a manifest. It is replaced as
        a whole: what an earlier run wrote there is gone, but for decisions, which come from
        this lake's own record and not from a source. Nothing is touched before all batches
        have been read, so a source that fails leaves the folder as it was.
    quarantine: folder that gets one CSV a run, if there is anything to put in it.

    Raises:
        ValueError: where a batch has a column that its table has not.
    """
    run = _Run()
    with Quarantine(quarantine) as aside:
        for batch in batches:
            run.add(batch, aside)
        frames = run.frames()
        if not run.counts[DECISIONS.name].read and (folder / f"{DECISIONS.name}.parquet").exists():
            del frames[DECISIONS.name]
        with alone(folder):
            _write(folder, frames)
    return run.report(aside)


def ingest_one(batch: Batch, folder: Path, quarantine: Path) -> IngestReport:
    """Validate a batch and write its table over the one that is there; the others stay.

    Raises:
        FileNotFoundError: when nothing was ingested into the folder yet.
    """
    if not folder.is_dir() or not any(folder.glob("*.parquet")):
        raise FileNotFoundError(
            f"no canonical tables in {folder}; run `triage ingest --source NAME` first"
        )
    run = _Run()
    with Quarantine(quarantine) as aside:
        run.add(batch, aside)
        with alone(folder):
            frames = {batch.table.name: run.frames()[batch.table.name]}
            _write(folder, frames, received(folder))
    return run.report(aside)


class _Run:
    """What one run has accepted and counted so far."""

    def __init__(self) -> None:
        self.counts = {name: TableCount(name) for name in TABLES}
        self._keys = {name: Keys(table) for name, table in TABLES.items()}
        self._accepted: defaultdict[str, list[pd.DataFrame]] = defaultdict(list)

    def add(self, batch: Batch, aside: Quarantine) -> None:
        name = batch.table.name
        frame, broken = check(batch.table, batch.frame)
        broken = together([batch.findings, broken])
        kept = frame.drop(index=rows_of(broken))
        repeated = self._keys[name].add(batch, kept)
        kept = kept.drop(index=rows_of(repeated))
        aside.add(batch, together([broken, repeated]))
        self.counts[name].add(batch.table, frame, kept)
        self._accepted[name].append(kept)

    def frames(self) -> dict[str, pd.DataFrame]:
        return {
            name: pd.concat(parts, ignore_index=True)
            if (parts := self._accepted[name])
            else table.empty()
            for name, table in TABLES.items()
        }

    def report(self, aside: Quarantine) -> IngestReport:
        return IngestReport(
            tables=tuple(self.counts.values()),
            quarantine=aside.path if aside.written else None,
            messages=tuple(aside.messages),
            problems=dict(aside.problems),
        )


def add(rows: Mapping[str, pd.DataFrame], folder: Path, received_now: Received) -> dict[str, int]:
    """Add rows that came one by one to their tables; how many were new, by table.

    A key that is there stays as it is, so the same rows added again change nothing. What an
    ingest makes anew lacks them, and its manifest says so: they are added again then. How far
    the ingested history reaches is not moved by them; see `data.period`.

    Raises:
        FileNotFoundError: when nothing was ingested into the folder yet.
        ValueError: rows that break their contract; nothing was added.
    """
    with alone(folder):
        before, frames = _kept(folder), dict[str, pd.DataFrame]()
        added = dict[str, int]()
        for name, new in rows.items():
            table, path = TABLES[name], folder / f"{name}.parquet"
            kept, broken = check(table, new)
            if len(broken):
                raise ValueError(f"received rows break the contract of {name}; none was added")
            there = table.conform(pq.read_table(path).to_pandas()) if path.exists() else kept[:0]
            keys = list(map(str, table.key))
            both = pd.concat([there, kept], ignore_index=True).drop_duplicates(keys)
            added[name] = len(both) - len(there)
            if added[name]:
                frames[name] = both
        _write(folder, frames, received_now, {name: before.get(name, {}) for name in frames})
    return added


def received(folder: Path) -> Received:
    """What was added to the tables of the folder since they were ingested."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["received"]
        return Received(int(found["through"]), str(found["until"]))
    except (OSError, ValueError, LookupError, TypeError):
        return Received()


def _write(
    folder: Path,
    frames: Mapping[str, pd.DataFrame],
    rest: Received = Received(),
    ranges: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """All files beside the old ones first, then each takes its place, the manifest last.

    ranges: by table, what the manifest said of it, of which it keeps how far the clocks reach.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = {f"{name}.parquet": _parquet(folder, name, frame) for name, frame in frames.items()}
    own = {name: _entry(folder, name, frame) for name, frame in frames.items()}
    clocks = (str(HAPPENED_AT), str(KNOWN_AT))
    for name, said in (ranges or {}).items():
        own[name] |= {clock: said.get(clock) for clock in clocks}
    entries = _kept(folder) | own
    told = {"tables": entries, "received": asdict(rest)}
    manifest = folder / f".{MANIFEST}.{os.getpid()}.part"
    manifest.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    for name, part in {**parts, MANIFEST: manifest}.items():
        part.replace(folder / name)


def _kept(folder: Path) -> dict[str, Any]:
    """What the manifest that is there says of each table."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        return dict(json.loads(text)["tables"])
    except (OSError, ValueError, LookupError, TypeError):
        return {}  # none, or a damaged one: it is written anew


def _part(folder: Path, table: str) -> Path:
    return folder / f".{table}.parquet.{os.getpid()}.part"


def _parquet(folder: Path, table: str, frame: pd.DataFrame) -> Path:
    part = _part(folder, table)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), part, compression="zstd")
    return part


def _entry(folder: Path, table: str, frame: pd.DataFrame) -> dict[str, Any]:
    """What the manifest says of one file."""
    with _part(folder, table).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    clocks = {
        column: None if frame.empty else [frame[column].min(), frame[column].max()]
        for column in (str(HAPPENED_AT), str(KNOWN_AT))
    }
    ranges = {k: v and [moment.isoformat() for moment in v] for k, v in clocks.items()}
    return {"file": f"{table}.parquet", "rows": len(frame), "sha256": digest, **ranges}
