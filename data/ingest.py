"""Ingest: batches in, canonical Parquet and a quarantine out, everything accounted for."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data.batch import Batch, batches_of
from data.contracts.catalogue import TABLES
from data.contracts.decisions import DECISIONS
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.duplicates import Keys
from data.findings import rows_of, together
from data.quarantine import Quarantine
from data.totals import IngestReport, TableCount
from data.validation import check, validate

__all__ = ["MANIFEST", "Batch", "IngestReport", "batches_of", "ingest", "validate"]

MANIFEST = "manifest.json"


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
        _write(folder, {batch.table.name: run.frames()[batch.table.name]})
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


def _write(folder: Path, frames: Mapping[str, pd.DataFrame]) -> None:
    """All files beside the old ones first, then each takes its place, the manifest last."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {f"{name}.parquet": _parquet(folder, name, frame) for name, frame in frames.items()}
    own = {name: _entry(folder, name, frame) for name, frame in frames.items()}
    entries = _kept(folder) | own
    manifest = folder / f".{MANIFEST}.{os.getpid()}.part"
    manifest.write_text(json.dumps({"tables": entries}, indent=2) + "\n", encoding="utf-8")
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
