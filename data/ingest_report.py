"""Report of an ingest run: counts and control totals by table, and what to look at."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data.contracts.table import Column, Kind, Table
from data.lazy_imports import pd
from data.row_versions.verdicts import Verdict


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
    """Counts of one table's rows: read, accepted, quarantined.

    Attributes:
        verdicts: what became of the accepted rows.
        missing: rows that a full extract no longer has, by source.
    """

    table: str
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    totals: dict[str, ControlTotal] = field(default_factory=dict)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    missing: Mapping[str, int] = field(default_factory=dict)

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

    def reject(self, table: Table, frame: pd.DataFrame) -> None:
        """Count rows as put aside that were counted as accepted."""
        self.accepted -= len(frame)
        self.quarantined += len(frame)
        for column in additive_columns(table):
            if str(column) in self.totals:
                moved = math.fsum(frame[column].dropna())
                self.totals[str(column)].accepted -= moved
                self.totals[str(column)].quarantined += moved

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
    """Result of an ingest run. `str(report)` is the table to print.

    Attributes:
        version: version of the lake after the run; None where no lake was loaded.
        refused: why nothing was loaded; "" where the load was done.
        dated: what corrections without a date are known since; "" where there are none.
    """

    tables: tuple[TableCount, ...]
    quarantine: Path | None
    messages: tuple[str, ...]
    problems: dict[tuple[str, str], int]
    unknown_codes: dict[tuple[str, str, str], int] = field(default_factory=dict)
    version: int | None = 0
    refused: str = ""
    dated: str = ""
    cut: int = 0

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
                *_version_lines(self),
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


def _version_lines(report: IngestReport) -> list[str]:
    """Say what the load changed: new rows, corrections, rows that a full extract lacks."""
    words = {
        Verdict.CORRECTED: "corrected",
        Verdict.UNDATED: f"corrected without a date of their own, known since {report.dated}",
        Verdict.LATE: "older than the current version of their row, kept as its history",
        Verdict.UNCHANGED: "known already, unchanged",
    }
    lines = [
        f"  {count.table}: {times:,} {words[verdict]}"
        for count in report.tables
        for verdict in words
        if (times := count.verdicts[verdict])
    ]
    lines += [
        f"  {count.table}: {rows:,} rows of {owner or 'the source'} are not in this full extract; "
        "they stay"
        for count in report.tables
        for owner, rows in count.missing.items()
    ]
    if report.version is None:
        return ["", *lines] if lines else []
    return ["", f"the lake is at version {report.version}", *lines]


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
    if report.refused:
        verdict = f"REFUSED: {report.refused}; the lake stays as it was"
    if report.quarantine is None:
        return ["", f"nothing in quarantine; {verdict}"]
    causes = [
        f"  {n:,} x {table}.{column or 'row'}"
        for (table, column), n in _most_frequent_problems(report)
    ]
    shown = [f"  {text}" for text in report.messages[:5]]
    kept = f" (the first rows only: {report.cut:,} findings more)" if report.cut else ""
    where = f"quarantine: {report.quarantine}{kept}; {verdict}"
    return ["", where, *causes, "for example", *shown]


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
