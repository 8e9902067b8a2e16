"""Rows of `entries` as they were read, and the hashes that their columns give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serving.audit.entry import NAMES
from serving.audit.leaf import leaf

PREVIOUS, RECORDED_AT, SEQUENCE, COMMITMENT, KIND = map(
    NAMES.index, ("previous", "recorded_at", "sequence", "commitment", "kind")
)
HASH = len(NAMES)
COLUMNS = (*NAMES, "hash")
"""Of `entries`, in the order in which rows are read."""


@dataclass(frozen=True)
class Row:
    """A row of `entries` as it was read. values: in the order of COLUMNS."""

    values: tuple[Any, ...]

    @property
    def sequence(self) -> Any:
        """The number it stands under; whatever a database may hold."""
        return self.values[SEQUENCE]

    @property
    def previous(self) -> Any:
        """What it says the hash of the entry before is."""
        return self.values[PREVIOUS]

    @property
    def stored(self) -> Any:
        """The hash that is written beside it."""
        return self.values[HASH]

    @property
    def leaf(self) -> str:
        """The hash that its columns give; "" if they give none."""
        return self.placed()

    def placed(self, sequence: int | None = None, previous: str | None = None) -> str:
        """The hash it would have under another number, or after another entry."""
        values = list(self.values)
        if sequence is not None:
            values[SEQUENCE] = sequence
        if previous is not None:
            values[PREVIOUS] = previous
        try:
            return leaf(values).hex()
        except (TypeError, ValueError):
            return ""

    def holding(self, other: Row) -> str:
        """The hash of this place if it held what another row holds."""
        return other.placed(self.sequence, self.previous)
