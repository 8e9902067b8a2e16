"""Compare two mappings on the same extract: rows added, removed and changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from data.contracts.table import Table
from data.sources.extracts.checks.check_result import MOST_EXAMPLES


@dataclass(frozen=True)
class TableChanges:
    """Differences of one table's rows, matched by the table's key.

    Attributes:
        columns: column -> rows in which it changes.
        examples: the first changed cells.
    """

    table: str
    before: int
    after: int
    added: int
    removed: int
    changed: int
    columns: Counter[str] = field(default_factory=Counter)
    examples: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Return whether anything differs."""
        return bool(self.added or self.removed or self.changed)

    def __str__(self) -> str:
        """Return the counts, and columns with examples beneath."""
        counts = f"{self.added:,} added, {self.removed:,} removed, {self.changed:,} changed"
        lines = [f"{self.table}: {self.before:,} rows become {self.after:,}; {counts}"]
        if self.columns:
            by_column = (f"{column} in {n:,} rows" for column, n in self.columns.most_common())
            lines.append(f"  columns: {', '.join(by_column)}")
        return "\n".join([*lines, *(f"  {example}" for example in self.examples)])


def table_changes(table: Table, before: pd.DataFrame, after: pd.DataFrame) -> TableChanges:
    """Compare the rows of a table; both frames are in canonical types."""
    if before.empty and after.empty:  # pandas cannot merge keys without any chunk
        return TableChanges(table.name, 0, 0, 0, 0, 0)
    key = [str(column) for column in table.key]
    rows = before.merge(
        after, on=key, how="outer", suffixes=(" before", " after"), indicator="side"
    )
    both = rows[rows["side"] == "both"]
    columns, examples = Counter[str](), list[str]()
    changed = np.zeros(len(both), dtype=bool)
    for column in (str(column) for column in table.columns if column not in key):
        old, new = both[f"{column} before"], both[f"{column} after"]
        differs = _differs(old, new)
        changed |= differs
        if count := int(differs.sum()):
            columns[column] = count
        for place in np.flatnonzero(differs)[: MOST_EXAMPLES - len(examples)]:
            row = ", ".join(_text(both[name].iloc[place]) for name in key)
            examples.append(f"{row}: {column} {_text(old.iloc[place])} -> {_text(new.iloc[place])}")
    return TableChanges(
        table.name,
        len(before),
        len(after),
        added=int((rows["side"] == "right_only").sum()),
        removed=int((rows["side"] == "left_only").sum()),
        changed=int(changed.sum()),
        columns=columns,
        examples=tuple(examples),
    )


def _differs(old: pd.Series, new: pd.Series) -> np.ndarray:
    equal = (old == new).fillna(value=False).to_numpy(bool)
    return ~(equal | (old.isna() & new.isna()).to_numpy(bool))


def _text(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    missing = value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124 NaN
    return "missing" if missing else f"{value:.15g}" if isinstance(value, float) else str(value)
