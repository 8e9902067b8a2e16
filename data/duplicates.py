"""Duplicate keys: the first row with a key stays, later ones say where the first one is."""

from __future__ import annotations

from typing import Any

import numpy as np

from data.batch import Batch
from data.contracts.table import Table
from data.findings import findings, none
from data.lazily import pd


class Keys:
    """The keys of one table seen so far, and where each was seen first."""

    def __init__(self, table: Table) -> None:
        """Start with no key seen."""
        self._key = [str(column) for column in table.key]
        self._sources: list[str] = []
        self._seen: pd.DataFrame | None = None

    def add(self, batch: Batch, accepted: pd.DataFrame) -> pd.DataFrame:
        """Findings for the accepted rows (index: position in the batch) whose key came before."""
        self._sources.append(batch.source)
        keys = accepted[self._key].assign(
            line=batch.lines[accepted.index], source=len(self._sources) - 1
        )
        known = keys if self._seen is None else pd.concat([self._seen, keys])
        repeats = known.duplicated(self._key).to_numpy()
        self._seen = known[~repeats]
        again = keys[repeats[len(known) - len(keys) :]]
        return self._described(again) if len(again) else none()

    def _described(self, again: pd.DataFrame) -> pd.DataFrame:
        assert self._seen is not None
        first = again[self._key].merge(self._seen, on=self._key, how="left")
        problems = [
            f"repeats the key of row {line} of {self._sources[source]}"
            for line, source in zip(first["line"], first["source"], strict=True)
        ]
        rows = again[self._key].itertuples(index=False, name=None)
        values = [_joined(row) for row in rows]
        return findings(np.asarray(again.index), ", ".join(self._key), values, problems)


def _joined(row: tuple[Any, ...]) -> str:
    cells = (cell.isoformat() if isinstance(cell, pd.Timestamp) else str(cell) for cell in row)
    return ", ".join(cells)
