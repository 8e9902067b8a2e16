"""Quarantine: rejected rows as one CSV file a run, each with the reason and the row as it came.

One CSV file a run, one line a finding, so that whoever owns the source can open it. All
fields are quoted; `value` is shown as in a programme ('1,5'), never as a formula.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from data.atomic_file import replace_durably
from data.lazy_imports import pd
from data.source_batch import SourceBatch, finding_message

COLUMNS = (
    "table",
    "source",
    "line",
    "column",
    "source_column",
    "value",
    "expected",
    "message",
    "row",
)
_SAMPLES = 20  # messages kept for the report
MOST_FINDINGS = 100_000
"""Findings of a run that are kept; the rest is counted."""


class Quarantine:
    """The quarantine of one run: `run_0001.csv` and so on. A context manager.

    The file appears when the run ends well; a run without findings leaves none.
    """

    def __init__(self, folder: Path) -> None:
        """Choose the next free name in the folder, which is made where it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        taken = [int(p.stem[4:]) for p in folder.glob("run_*.csv") if p.stem[4:].isdigit()]
        self.path = folder / f"run_{max(taken, default=0) + 1:04d}.csv"
        self._part = self.path.with_suffix(f".{os.getpid()}.part")
        self.messages: list[str] = []
        self.problems: Counter[tuple[str, str]] = Counter()
        self.written = 0
        self.cut = 0

    def __enter__(self) -> Self:
        # A lone surrogate can be in a broken cell; it is escaped, the rest stays readable.
        self._file = self._part.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        self._csv = csv.writer(self._file, quoting=csv.QUOTE_ALL)
        self._csv.writerow(COLUMNS)
        return self

    def add(self, batch: SourceBatch, findings: pd.DataFrame) -> None:
        """Record what was found in the batch."""
        if findings.empty:
            return
        kept = findings.head(max(MOST_FINDINGS - self.written, 0))
        self._csv.writerows(self._records(batch, kept))
        self.written += len(kept)
        self.cut += len(findings) - len(kept)
        self.problems.update((batch.table.name, str(column)) for column in findings["column"])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is None and self.written:
            replace_durably(self._part, self.path)
        else:
            self._part.unlink()

    def _records(self, batch: SourceBatch, findings: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
        rows = _source_rows_as_json(batch.raw, sorted(set(findings["row"])))
        cells = (findings[name] for name in ("row", "column", "value", "problem"))
        for row, column, found, problem in zip(*cells, strict=True):
            line = int(batch.lines[row])
            value = found if isinstance(found, str) else None
            text = finding_message(
                batch.table.name,
                line,
                batch.place(column),
                column=column,
                value=value,
                problem=problem,
            )
            if len(self.messages) < _SAMPLES:
                self.messages.append(text)
            origin = batch.origins.get(column, column)
            expected = problem.removeprefix("is not ")
            yield (
                *(batch.table.name, batch.source, line, column, origin),
                *(value or "", expected, text, rows[row]),
            )


def _source_rows_as_json(raw: pd.DataFrame, rows: list[int]) -> dict[int, str]:
    """Return each of these source rows as JSON, unchanged."""
    chosen = raw.iloc[rows]
    names = [str(name) for name in chosen.columns]
    columns = [chosen.iloc[:, k].astype(object) for k in range(len(names))]
    cells = zip(*columns, strict=True) if columns else ((),) * len(rows)
    return {
        row: json.dumps(
            {name: _json_value(cell) for name, cell in zip(names, values, strict=True)},
            default=str,
            ensure_ascii=False,
        )
        for row, values in zip(rows, cells, strict=True)
    }


def _json_value(cell: Any) -> Any:
    if isinstance(cell, (str, bool, int)):
        return cell
    if isinstance(cell, float):
        return cell if abs(cell) < float("inf") else (None if cell != cell else str(cell))  # noqa: PLR0124 NaN
    return None if cell is None or cell is pd.NA or cell is pd.NaT else str(cell)
