"""Manifest of an export: digests and control totals that show it is complete."""

from __future__ import annotations

import decimal
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from serving.audit.export.columns import Column
from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import KINDS_OF_GROUP, EntryGroup

EXACT_DECIMAL = decimal.Context(prec=200, traps=[decimal.Inexact])


class IncompleteExportError(RuntimeError):
    """The written entries are not those that the database counts."""


@dataclass
class GroupCount:
    """Count of the entries of one kind and site. held: those that were not erased."""

    rows: int = 0
    sum_of_sequences: int = 0
    first: int = 0
    last: int = 0
    held: int = 0

    def add(self, sequence: int, *, held: bool) -> None:
        """Count one more entry; entries come in order."""
        self.first = self.first or sequence
        self.last = sequence
        self.rows += 1
        self.sum_of_sequences += sequence
        self.held += held


@dataclass
class ControlTotals:
    """Totals of the written entries. money: at risk by currency, of answers that state it."""

    counts: dict[tuple[str, str], GroupCount] = field(
        default_factory=lambda: defaultdict(GroupCount)
    )
    money: dict[str, Decimal] = field(default_factory=dict)
    money_not_known: int = 0
    first_at: str = ""
    last_at: str = ""

    def add(self, entry: Entry, payload: Any) -> None:
        """Count one entry. payload: of the entry; None once erased."""
        envelope, at = entry.envelope, entry.recorded_at
        self.counts[envelope.kind, envelope.site].add(entry.sequence, held=payload is not None)
        self.first_at = min(self.first_at or at, at)
        self.last_at = max(self.last_at, at)
        if payload is not None and "recommendation" in payload:
            self._money(payload["recommendation"])

    def _money(self, advice: Mapping[str, Any]) -> None:
        amount, currency = advice.get("money_at_risk"), advice.get("currency", "")
        if amount is None:
            self.money_not_known += 1
            return
        # The shortest text that reads back as the double that was recorded.
        exact = Decimal(repr(amount))
        self.money[currency] = EXACT_DECIMAL.add(self.money.get(currency, Decimal(0)), exact)

    def hold_against(self, counted: Sequence[Any]) -> None:
        """Check the totals against rows of `serving.audit.export.selection.count_in_database`.

        Raises:
            IncompleteExportError: they differ; the message says where.
        """
        expected = {
            (kind, site): GroupCount(rows, int(total), first, last, held)
            for kind, site, rows, total, first, last, held in counted
        }
        for place in sorted(expected.keys() | self.counts.keys()):
            if expected.get(place) != self.counts.get(place):
                raise IncompleteExportError(
                    f"of kind {place[0]!r} at site {place[1]!r} the database counts "
                    f"{expected.get(place)} and {self.counts.get(place)} was written"
                )

    def as_json(self) -> dict[str, Any]:
        """Return the totals, with money as exact decimals in text."""
        every = [count for count in self.counts.values() if count.rows]
        rows = sum(count.rows for count in every)
        return {
            "rows": rows,
            "rows_of_kind": _rows_by(self.counts, 0),
            "rows_of_site": _rows_by(self.counts, 1),
            "first_sequence": min((count.first for count in every), default=None),
            "last_sequence": max((count.last for count in every), default=None),
            "first_recorded_at": self.first_at or None,
            "last_recorded_at": self.last_at or None,
            "sum_of_sequences": sum(count.sum_of_sequences for count in every),
            "erased": rows - sum(count.held for count in every),
            "money_at_risk": {c: f"{self.money[c]:f}" for c in sorted(self.money)},
            "money_at_risk_not_known": self.money_not_known,
        }


def _rows_by(counts: dict[tuple[str, str], GroupCount], part: int) -> dict[str, int]:
    rows = Counter[str]()
    for place, count in counts.items():
        rows[place[part]] += count.rows
    return dict(sorted(rows.items()))


MANIFEST_NAME = "manifest.json"
MANIFEST_FORMAT = "exception-triage/export/1"
CHECKED_NOTE = (
    "rows, sums and ends of sequences by kind and site, and what was erased, equal what the "
    "database counted in the snapshot that the rows were read in; the checkpoint is of the same "
    "snapshot. Every row can be checked by itself: sha256 of salt and payload is its commitment, "
    "and `hash` is that of its envelope"
)


@dataclass(frozen=True)
class ExportFile:
    """A file of an export, closed."""

    group: EntryGroup
    path: Path
    columns: Sequence[Column]
    totals: ControlTotals

    def as_json(self) -> dict[str, Any]:
        """Return name, digest, totals, and the meaning of the columns."""
        return {
            "file": self.path.name,
            "kinds": sorted(map(str, KINDS_OF_GROUP[self.group])),
            "bytes": self.path.stat().st_size,
            "sha256": file_sha256(self.path),
            **self.totals.as_json(),
            "columns": [
                {"name": c.name, "type": str(c.type), "meaning": c.meaning} for c in self.columns
            ],
        }


def write_manifest(folder: Path, fields: Mapping[str, Any]) -> Path:
    """Write the manifest of an export and return its path."""
    path = folder / MANIFEST_NAME
    manifest = {"format": MANIFEST_FORMAT, "checked": CHECKED_NOTE, **fields}
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
