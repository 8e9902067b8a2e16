"""Ingest: validate source batches, write canonical Parquet, quarantine rejected rows, report."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data.canonical_tables import exclusive_write_lock, read_received_watermark, write_tables
from data.contracts.catalogue import TABLES
from data.contracts.decisions import DECISIONS
from data.contracts.table import Column, Kind, Table
from data.lazy_imports import pd
from data.quarantine import Quarantine
from data.source_batch import (
    SourceBatch,
    build_findings,
    merge_findings,
    no_findings,
    rows_with_findings,
)
from data.validation import check_contract, count_unknown_codes


@dataclass
class ControlTotal:
    """Sum of one column over the rows read, accepted and quarantined; missing counts as 0."""

    read: float = 0.0
    accepted: float = 0.0
    quarantined: float = 0.0

    @property
    def balanced(self) -> bool:
        """Return whether the totals in and out agree, up to the rounding of sums."""
        parts = math.fsum((self.accepted, self.quarantined))
        return math.isclose(self.read, parts, rel_tol=1e-9, abs_tol=1e-6)


@dataclass
class TableCount:
    """Counts of one table's rows: read, accepted, quarantined."""

    table: str
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    totals: dict[str, ControlTotal] = field(default_factory=dict)

    def add(self, table: Table, frame: pd.DataFrame, accepted: pd.DataFrame) -> None:
        """Count a batch: all its rows in canonical types, and those that were accepted."""
        self.read += len(frame)
        self.accepted += len(accepted)
        lost = frame.drop(index=accepted.index)
        self.quarantined += len(lost)
        for column in additive_columns(table):
            if frame[column].isna().all():
                continue
            total = self.totals.setdefault(str(column), ControlTotal())
            total.read += math.fsum(frame[column].dropna())
            total.accepted += math.fsum(accepted[column].dropna())
            total.quarantined += math.fsum(lost[column].dropna())

    @property
    def balanced(self) -> bool:
        """Return whether rows and every control total read equal those written."""
        rows = self.read == self.accepted + self.quarantined
        return rows and all(total.balanced for total in self.totals.values())


def additive_columns(table: Table) -> list[Column]:
    """Columns whose sum means something: quantities and amounts, not prices and rates."""
    return [
        column
        for column in table.columns
        if column.kind is Kind.NUMBER
        and (column.startswith("quantity_") or column.endswith(("_amount", "_value", "on_hand")))
    ]


@dataclass(frozen=True)
class IngestReport:
    """Result of an ingest run. `str(report)` is the table to print."""

    tables: tuple[TableCount, ...]
    quarantine: Path | None
    messages: tuple[str, ...]
    problems: dict[tuple[str, str], int]
    unknown_codes: dict[tuple[str, str, str], int] = field(default_factory=dict)

    @property
    def read(self) -> int:
        """Rows that came in."""
        return sum(count.read for count in self.tables)

    @property
    def accepted(self) -> int:
        """Rows that were written."""
        return sum(count.accepted for count in self.tables)

    @property
    def quarantined(self) -> int:
        """Rows that were put aside."""
        return sum(count.quarantined for count in self.tables)

    @property
    def balanced(self) -> bool:
        """Return whether every row and control total is accounted for."""
        return all(count.balanced for count in self.tables)

    def __str__(self) -> str:
        return "\n".join(
            (
                *_row_count_lines(self),
                *_control_total_lines(self),
                *_unknown_code_lines(self),
                *_verdict_lines(self),
            )
        )


def _row_count_lines(report: IngestReport) -> list[str]:
    lines = [("table", "rows read", "accepted", "quarantined")]
    lines += [
        (c.table, f"{c.read:,}", f"{c.accepted:,}", f"{c.quarantined:,}")
        for c in report.tables
        if c.read
    ]
    totals = (f"{n:,}" for n in (report.read, report.accepted, report.quarantined))
    return _align_columns([*lines, ("all", *totals)])


def _control_total_lines(report: IngestReport) -> list[str]:
    totals = [
        (f"{count.table}.{name}", f"{t.read:,.2f}", f"{t.accepted:,.2f}", f"{t.quarantined:,.2f}")
        for count in report.tables
        for name, t in count.totals.items()
        if count.read
    ]
    heading = ("control total", "read", "accepted", "quarantined")
    return ["", *_align_columns([heading, *totals])] if totals else []


def _unknown_code_lines(report: IngestReport) -> list[str]:
    """Name units and currencies that nothing is computed with, most frequent first."""
    found = sorted(report.unknown_codes.items(), key=lambda item: (-item[1], item[0]))[:10]
    lines = [f"  {n:,} x {table}.{column} {text!r}" for (table, column, text), n in found]
    return ["", "kept as written, not a known unit or currency", *lines] if lines else []


def _verdict_lines(report: IngestReport) -> list[str]:
    verdict = "every row and total is accounted for" if report.balanced else "TOTALS DO NOT AGREE"
    if report.quarantine is None:
        return ["", f"nothing in quarantine; {verdict}"]
    causes = [
        f"  {n:,} x {table}.{column or 'row'}"
        for (table, column), n in _most_frequent_problems(report)
    ]
    shown = [f"  {text}" for text in report.messages[:5]]
    return ["", f"quarantine: {report.quarantine}; {verdict}", *causes, "for example", *shown]


def _most_frequent_problems(report: IngestReport) -> list[tuple[tuple[str, str], int]]:
    return sorted(report.problems.items(), key=lambda item: (-item[1], item[0]))[:10]


def _align_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """First column left, the others right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        ).rstrip()
        for row in rows
    ]


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
    return ", ".join(
        cell.isoformat()
        if isinstance(cell, pd.Timestamp)
        else str(cell)
        if pd.notna(cell)
        else "missing"
        for cell in row
    )


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
    """Accumulate the accepted rows and counts of one run."""

    def __init__(self) -> None:
        self.counts = {name: TableCount(name) for name in TABLES}
        self._keys = {name: SeenKeys(table) for name, table in TABLES.items()}
        self._accepted: defaultdict[str, list[pd.DataFrame]] = defaultdict(list)
        self._unknown = Counter[tuple[str, str, str]]()

    def add(self, batch: SourceBatch, aside: Quarantine) -> None:
        name = batch.table.name
        frame, broken = check_contract(batch.table, batch.frame)
        broken = merge_findings([batch.findings, broken])
        accepted = frame.drop(index=rows_with_findings(broken))
        repeated = self._keys[name].add(batch, accepted)
        accepted = accepted.drop(index=rows_with_findings(repeated))
        aside.add(batch, merge_findings([broken, repeated]))
        self.counts[name].add(batch.table, frame, accepted)
        self._accepted[name].append(accepted)
        for (column, text), times in count_unknown_codes(batch.table, accepted).items():
            self._unknown[name, column, text] += times

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
            unknown_codes=dict(self._unknown),
        )
