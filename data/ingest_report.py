"""Ingest report: row counts and control totals that account for every row that came in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data.contracts.table import Column, Kind, Table
from data.lazy_imports import pd


@dataclass
class ControlTotal:
    """Sum of one column over the rows read, accepted and quarantined; missing counts as 0."""

    read: float = 0.0
    accepted: float = 0.0
    quarantined: float = 0.0

    @property
    def balanced(self) -> bool:
        """Whether nothing was lost or made up, to the rounding of sums."""
        parts = math.fsum((self.accepted, self.quarantined))
        return math.isclose(self.read, parts, rel_tol=1e-9, abs_tol=1e-6)


@dataclass
class TableCount:
    """What happened to the rows of one table."""

    table: str
    read: int = 0
    accepted: int = 0
    quarantined: int = 0
    totals: dict[str, ControlTotal] = field(default_factory=dict)

    def add(self, table: Table, frame: pd.DataFrame, kept: pd.DataFrame) -> None:
        """Count a batch: all its rows in canonical types, and those that were accepted."""
        self.read += len(frame)
        self.accepted += len(kept)
        lost = frame.drop(index=kept.index)
        self.quarantined += len(lost)
        for column in additive_columns(table):
            if frame[column].isna().all():
                continue
            total = self.totals.setdefault(str(column), ControlTotal())
            total.read += math.fsum(frame[column].dropna())
            total.accepted += math.fsum(kept[column].dropna())
            total.quarantined += math.fsum(lost[column].dropna())

    @property
    def balanced(self) -> bool:
        """Whether rows and every control total in equal those out."""
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
    """How a run ended. `str(report)` is the table to print."""

    tables: tuple[TableCount, ...]
    quarantine: Path | None
    messages: tuple[str, ...]
    problems: dict[tuple[str, str], int]

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
        """Whether every row and control total is accounted for."""
        return all(count.balanced for count in self.tables)

    def __str__(self) -> str:
        return "\n".join(
            (*_row_count_lines(self), *_control_total_lines(self), *_verdict_lines(self))
        )


def _row_count_lines(report: IngestReport) -> list[str]:
    lines = [("table", "rows read", "accepted", "quarantined")]
    lines += [
        (c.table, f"{c.read:,}", f"{c.accepted:,}", f"{c.quarantined:,}")
        for c in report.tables
        if c.read
    ]
    whole = (f"{n:,}" for n in (report.read, report.accepted, report.quarantined))
    return _align_columns([*lines, ("all", *whole)])


def _control_total_lines(report: IngestReport) -> list[str]:
    totals = [
        (f"{count.table}.{name}", f"{t.read:,.2f}", f"{t.accepted:,.2f}", f"{t.quarantined:,.2f}")
        for count in report.tables
        for name, t in count.totals.items()
        if count.read
    ]
    heading = ("control total", "read", "accepted", "quarantined")
    return ["", *_align_columns([heading, *totals])] if totals else []


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
