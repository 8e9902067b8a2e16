"""Dates that cannot be: known or happened in the future, or decades away from the other rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from data.contracts.items import ITEMS
from data.contracts.sites import SITES
from data.contracts.suppliers import SUPPLIERS
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind
from data.source_batch import SourceBatch
from data.sources.extracts.check_policy import Check
from data.sources.extracts.checks.check_result import MOST_EXAMPLES, CheckResult, first

FAR_YEARS = 30
"""A document dated so many years away from today is dated in the wrong century."""
_CHECKS = (Check.DATES_IN_FUTURE, Check.DATES_FAR_OFF)
_MASTER_DATA = frozenset((SITES.name, ITEMS.name, SUPPLIERS.name))  # may be as old as they like


@dataclass
class DateCheck:
    """Counts of implausible dates.

    Attributes:
        now: the moment of the check.
    """

    now: datetime
    _counts: dict[Check, int] = field(default_factory=lambda: dict.fromkeys(_CHECKS, 0))
    _examples: dict[Check, list[str]] = field(default_factory=lambda: {c: [] for c in _CHECKS})
    _rows: int = 0

    def add(self, batch: SourceBatch, frame: pd.DataFrame) -> None:
        """Count the dates of rows that could be read."""
        self._rows += len(frame)
        for column in batch.table.columns:
            if column.kind is not Kind.MOMENT or column not in frame:
                continue
            values = frame[column]
            if not isinstance(values.dtype, pd.DatetimeTZDtype):
                continue
            far = self._is_far(batch, values)
            self._record(Check.DATES_FAR_OFF, batch, column, values[far])
            if column == KNOWN_AT or (column == HAPPENED_AT and batch.table.observed):
                self._record(
                    Check.DATES_IN_FUTURE, batch, column, values[(values > self.now) & ~far]
                )

    def results(self) -> Iterator[CheckResult]:
        """Yield one result a check."""
        words = {
            Check.DATES_IN_FUTURE: f"lie after {self.now:%Y-%m-%d %H:%M} UTC, which is now",
            Check.DATES_FAR_OFF: f"lie more than {FAR_YEARS} years away from today",
        }
        for check in _CHECKS:
            count = self._counts[check]
            dates = "date" if count == 1 else "dates"
            sentence = f"{count or 'no'} {dates} of {self._rows:,} rows {words[check]}"
            yield CheckResult(check, count > 0, sentence, tuple(self._examples[check]))

    def _is_far(self, batch: SourceBatch, values: pd.Series) -> pd.Series:
        if batch.table.name in _MASTER_DATA:
            return pd.Series(data=False, index=values.index)
        away = (values - pd.Timestamp(self.now)).abs()
        return away > pd.Timedelta(days=365.25 * FAR_YEARS)

    def _record(self, check: Check, batch: SourceBatch, column: Column, values: pd.Series) -> None:
        self._counts[check] += len(values)
        missing = MOST_EXAMPLES - len(self._examples[check])
        rows = np.asarray(values.index[: max(missing, 0)])
        self._examples[check] += first(
            [
                f"{batch.table.name} row {batch.lines[row]} of {batch.source}: {column} "
                f"{values[row]:%Y-%m-%d}"
                for row in rows
            ]
        )
