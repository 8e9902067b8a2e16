"""A batch of source rows of one canonical table, and the validation findings about its rows.

Findings are kept in a frame, because a bad file has as many findings as it has rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.contracts.catalogue import TABLES
from data.contracts.table import Table
from data.lazy_imports import pd

MISSING = "is missing"
WHOLE_ROW = ""
"""Column of a finding about the row as such."""

_MOST_VALUE_CHARACTERS = 80  # characters of a value in a message


def build_findings(
    rows: Sequence[int] | NDArray[Any],
    column: str,
    values: Sequence[Any],
    problem: str | Sequence[str],
) -> pd.DataFrame:
    """Build one finding per row.

    Args:
        rows: positions in the batch.
        column: name of the column.
        values: values as they came. A missing value has no value to show.
        problem: text after the value, such as "is not one of EUR, GBP, USD"; one for all rows
            or one each.
    """
    shown = None if problem == MISSING else [_value_text(value) for value in values]
    return pd.DataFrame(
        {
            "row": np.asarray(rows, dtype=np.int64),
            "column": column,
            "value": pd.Series(shown, index=range(len(rows)), dtype=object),
            "problem": problem,
        }
    )


def no_findings() -> pd.DataFrame:
    """Return an empty frame of findings."""
    return build_findings([], WHOLE_ROW, [], "")


def merge_findings(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Merge findings in row order, keeping the first of each cell.

    A row that is broken as a whole has no other findings: they would only repeat it.
    """
    parts = [part for part in parts if len(part)]
    if not parts:
        return no_findings()
    all_parts = pd.concat(parts, ignore_index=True).drop_duplicates(["row", "column"])
    broken = all_parts.loc[all_parts["column"] == WHOLE_ROW, "row"]
    keep = ~all_parts["row"].isin(broken) | (all_parts["column"] == WHOLE_ROW)
    return all_parts[keep].sort_values("row", kind="stable", ignore_index=True)


def finding_message(
    table: str, line: int, source: str, *, column: str, value: str | None, problem: str
) -> str:
    """Return the finding as one sentence with its source.

    >>> cell = {"column": "currency", "value": "'EURO'", "problem": "is not one of EUR, USD"}
    >>> message("invoices", 812, "b/i.csv", **cell)
    "invoices row 812: currency 'EURO' is not one of EUR, USD (source: b/i.csv)"
    """
    what = " ".join(part for part in (column, value, problem) if part)
    return f"{table} row {line}: {what} (source: {source})"


def _value_text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    text = f"{value:.15g}" if isinstance(value, float) else repr(value)
    return (
        text if len(text) <= _MOST_VALUE_CHARACTERS else text[: _MOST_VALUE_CHARACTERS - 3] + "..."
    )


def rows_with_findings(findings: pd.DataFrame) -> pd.Index:
    """Return the positions of rows that have a finding, each once."""
    rows: pd.Index = pd.Index(findings["row"].unique())
    return rows


@dataclass(frozen=True)
class SourceBatch:
    """Rows of one table from one file.

    Attributes:
        frame: canonical columns, one row per row of the source, broken ones included.
        source: the file as a person would name it ("S01/EKPO_2026.csv").
        lines: for each row its line in the file (its number, where the file has no lines).
        raw: the rows as they came; the frame itself where nothing was translated.
        origins: canonical column -> the source's own name of it.
        findings: problems that the source found itself; see `data.source_batch`.
        owner: the source (a site's name) whose rows these are: no other one may correct them.
            Empty where any may.
    """

    table: Table
    frame: pd.DataFrame
    source: str
    lines: NDArray[np.int64]
    raw: pd.DataFrame
    origins: Mapping[str, str] = field(default_factory=dict)
    findings: pd.DataFrame = field(default_factory=no_findings)
    owner: str = ""

    def place(self, column: str) -> str:
        """The source of a finding in that column."""
        origin = self.origins.get(column)
        return f"{self.source}, column {origin}" if origin else self.source


def batches_from_frames(frames: Mapping[str, pd.DataFrame], source: str) -> Iterator[SourceBatch]:
    """Yield frames in canonical columns as batches; rows are numbered from 1.

    Raises:
        ValueError: naming a table or a column that is not canonical.
    """
    for name, frame in frames.items():
        if name not in TABLES:
            raise ValueError(
                f"{source}: no canonical table {name!r}; there are {', '.join(TABLES)}"
            )
        plain = frame.reset_index(drop=True)
        lines = np.arange(1, len(plain) + 1, dtype=np.int64)
        yield SourceBatch(TABLES[name], plain, f"{source}/{name}", lines, raw=plain)
