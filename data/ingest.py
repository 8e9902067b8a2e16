"""Ingest: validate source batches, write canonical Parquet, put rejected rows into quarantine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from data.canonical_tables import exclusive_write_lock, read_received_watermark, write_tables
from data.contracts.catalogue import TABLES
from data.contracts.decisions import DECISIONS
from data.contracts.table import Table
from data.findings import build_findings, merge_findings, no_findings, rows_with_findings
from data.ingest_report import IngestReport, TableCount
from data.lazy_imports import pd
from data.quarantine import Quarantine
from data.source_batch import SourceBatch
from data.validation import check_contract


class SeenKeys:
    """The keys of one table seen so far, and where each was seen first."""

    def __init__(self, table: Table) -> None:
        """Start with no key seen."""
        self._key = [str(column) for column in table.key]
        self._sources: list[str] = []
        self._seen: pd.DataFrame | None = None

    def add(self, batch: SourceBatch, accepted: pd.DataFrame) -> pd.DataFrame:
        """Findings for the accepted rows (index: position in the batch) whose key came before."""
        self._sources.append(batch.source)
        keys = accepted[self._key].assign(
            line=batch.lines[accepted.index], source=len(self._sources) - 1
        )
        known = keys if self._seen is None else pd.concat([self._seen, keys])
        repeats = known.duplicated(self._key).to_numpy()
        self._seen = known[~repeats]
        again = keys[repeats[len(known) - len(keys) :]]
        return self._described(again) if len(again) else no_findings()

    def _described(self, again: pd.DataFrame) -> pd.DataFrame:
        assert self._seen is not None
        first = again[self._key].merge(self._seen, on=self._key, how="left")
        problems = [
            f"repeats the key of row {line} of {self._sources[source]}"
            for line, source in zip(first["line"], first["source"], strict=True)
        ]
        rows = again[self._key].itertuples(index=False, name=None)
        values = [_key_text(row) for row in rows]
        return build_findings(np.asarray(again.index), ", ".join(self._key), values, problems)


def _key_text(row: tuple[Any, ...]) -> str:
    cells = (cell.isoformat() if isinstance(cell, pd.Timestamp) else str(cell) for cell in row)
    return ", ".join(cells)


def ingest(batches: Iterable[SourceBatch], folder: Path, quarantine: Path) -> IngestReport:
    """Validate the batches and write what keeps the contracts; the rest goes to quarantine.

    folder: gets `<table>.parquet` for every canonical table and a manifest. It is replaced as
        a whole: what an earlier run wrote there is gone, but for decisions, which come from
        this lake's own record and not from a source. Nothing is touched before all batches
        have been read, so a source that fails leaves the folder as it was.
    quarantine: folder that gets one CSV a run, if there is anything to put in it.

    Raises:
        ValueError: where a batch has a column that its table has not.
    """
    run = _IngestRun()
    with Quarantine(quarantine) as aside:
        for batch in batches:
            run.add(batch, aside)
        frames = run.frames()
        if not run.counts[DECISIONS.name].read and (folder / f"{DECISIONS.name}.parquet").exists():
            del frames[DECISIONS.name]
        with exclusive_write_lock(folder):
            write_tables(folder, frames)
    return run.report(aside)


def replace_table(batch: SourceBatch, folder: Path, quarantine: Path) -> IngestReport:
    """Validate a batch and write its table over the one that is there; the others stay.

    Raises:
        FileNotFoundError: when nothing was ingested into the folder yet.
    """
    if not folder.is_dir() or not any(folder.glob("*.parquet")):
        raise FileNotFoundError(
            f"no canonical tables in {folder}; run `triage ingest --source NAME` first"
        )
    run = _IngestRun()
    with Quarantine(quarantine) as aside:
        run.add(batch, aside)
        with exclusive_write_lock(folder):
            frames = {batch.table.name: run.frames()[batch.table.name]}
            write_tables(folder, frames, read_received_watermark(folder))
    return run.report(aside)


class _IngestRun:
    """What one run has accepted and counted so far."""

    def __init__(self) -> None:
        self.counts = {name: TableCount(name) for name in TABLES}
        self._keys = {name: SeenKeys(table) for name, table in TABLES.items()}
        self._accepted: defaultdict[str, list[pd.DataFrame]] = defaultdict(list)

    def add(self, batch: SourceBatch, aside: Quarantine) -> None:
        name = batch.table.name
        frame, broken = check_contract(batch.table, batch.frame)
        broken = merge_findings([batch.findings, broken])
        kept = frame.drop(index=rows_with_findings(broken))
        repeated = self._keys[name].add(batch, kept)
        kept = kept.drop(index=rows_with_findings(repeated))
        aside.add(batch, merge_findings([broken, repeated]))
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
