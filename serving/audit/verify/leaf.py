"""The hash of a leaf, straight from a row of `entries`: many of them, quickly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from json.encoder import encode_basestring as text
from typing import Any

from serving.audit.canonical import EXACT, canonical
from serving.audit.entry import NAMES

PREVIOUS, RECORDED_AT, SEQUENCE, COMMITMENT, KIND = map(
    NAMES.index, ("previous", "recorded_at", "sequence", "commitment", "kind")
)
HASH = len(NAMES)
COLUMNS = (*NAMES, "hash")
"""Of `entries`, in the order in which rows are read."""


def leaf(row: Sequence[Any]) -> bytes:
    """Hash of the leaf that a row's columns make; equal to `Envelope.leaf`, and faster.

    Raises:
        TypeError, ValueError: a column holds what was never recorded in it.
    """
    (about, commitment, name, kind, picked, previous, priority, at, reference, schema) = row[:10]
    (sequence, site, task, tenant) = row[10:14]
    if type(schema) is not int or type(sequence) is not int or type(priority) is not float:
        raise TypeError(f"schema, sequence or priority is no number: {row!r}")
    if picked not in {0, 1} or abs(schema) >= EXACT or abs(sequence) >= EXACT:
        raise ValueError(f"picked, schema or sequence is none: {row!r}")
    return sha256(
        (
            f'\0{{"about":{text(about)},"commitment":{text(commitment)},"id":{text(name)},'
            f'"kind":{text(kind)},"picked":{"true" if picked else "false"},'
            f'"previous":{text(previous)},"priority":{canonical(priority)},'
            f'"recorded_at":{text(at)},"reference":{text(reference)},"schema":{schema},'
            f'"sequence":{sequence},"site":{text(site)},"task":{text(task)},'
            f'"tenant":{text(tenant)}}}'
        ).encode()
    ).digest()


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
