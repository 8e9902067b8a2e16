"""A batch of rows of one canonical table on its way in, with the file and line of each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data.contracts.catalogue import TABLES
from data.contracts.table import Table
from data.findings import no_findings
from data.lazy_imports import pd


@dataclass(frozen=True)
class SourceBatch:
    """Rows of one table from one file.

    frame: canonical columns, one row a row of the source, broken ones included.
    source: the file as a person would name it ("S01/EKPO_2026.csv").
    lines: for each row its line in the file (its number, where the file has no lines).
    raw: the rows as they came; the frame itself where nothing was translated.
    origins: canonical column -> the source's own name of it.
    findings: what the source could not read; see `data.findings`.
    """

    table: Table
    frame: pd.DataFrame
    source: str
    lines: NDArray[np.int64]
    raw: pd.DataFrame
    origins: Mapping[str, str] = field(default_factory=dict)
    findings: pd.DataFrame = field(default_factory=no_findings)

    def place(self, column: str) -> str:
        """The source of a finding in that column."""
        origin = self.origins.get(column)
        return f"{self.source}, column {origin}" if origin else self.source


def batches_from_frames(frames: Mapping[str, pd.DataFrame], source: str) -> Iterator[SourceBatch]:
    """Whole frames in canonical columns as batches; rows are numbered from 1.

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
