"""Control totals: counted while rows are written, and held against what the database counts."""

from __future__ import annotations

import decimal
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from serving.audit.entry import Entry

EXACTLY = decimal.Context(prec=200, traps=[decimal.Inexact])


class IncompleteError(RuntimeError):
    """What was written is not what the database counts."""


@dataclass
class Count:
    """Of entries of one kind and site. held: those that were not erased."""

    rows: int = 0
    sum_of_sequences: int = 0
    first: int = 0
    last: int = 0
    held: int = 0

    def add(self, sequence: int, *, held: bool) -> None:
        """One more, in order."""
        self.first = self.first or sequence
        self.last = sequence
        self.rows += 1
        self.sum_of_sequences += sequence
        self.held += held


@dataclass
class Totals:
    """What was written. money: at risk, by currency, of the answers that say so."""

    counts: dict[tuple[str, str], Count] = field(default_factory=lambda: defaultdict(Count))
    money: dict[str, Decimal] = field(default_factory=dict)
    money_not_known: int = 0
    first_at: str = ""
    last_at: str = ""

    def add(self, entry: Entry, payload: Any) -> None:
        """Count one. payload: what it holds; None once erased."""
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
        told = Decimal(repr(amount))
        self.money[currency] = EXACTLY.add(self.money.get(currency, Decimal(0)), told)

    def hold_against(self, counted: Sequence[Any]) -> None:
        """Check them against rows of `serving.audit.export.selection.counted`.

        Raises:
            IncompleteError: they differ; says where.
        """
        told = {
            (kind, site): Count(rows, int(total), first, last, held)
            for kind, site, rows, total, first, last, held in counted
        }
        for place in sorted(told.keys() | self.counts.keys()):
            if told.get(place) != self.counts.get(place):
                raise IncompleteError(
                    f"of kind {place[0]!r} at site {place[1]!r} the database counts "
                    f"{told.get(place)} and {self.counts.get(place)} was written"
                )

    def as_json(self) -> dict[str, Any]:
        """The totals, money as exact decimals in text."""
        every = [count for count in self.counts.values() if count.rows]
        rows = sum(count.rows for count in every)
        return {
            "rows": rows,
            "rows_of_kind": _by(self.counts, 0),
            "rows_of_site": _by(self.counts, 1),
            "first_sequence": min((count.first for count in every), default=None),
            "last_sequence": max((count.last for count in every), default=None),
            "first_recorded_at": self.first_at or None,
            "last_recorded_at": self.last_at or None,
            "sum_of_sequences": sum(count.sum_of_sequences for count in every),
            "erased": rows - sum(count.held for count in every),
            "money_at_risk": {c: f"{self.money[c]:f}" for c in sorted(self.money)},
            "money_at_risk_not_known": self.money_not_known,
        }


def _by(counts: dict[tuple[str, str], Count], part: int) -> dict[str, int]:
    found = Counter[str]()
    for place, count in counts.items():
        found[place[part]] += count.rows
    return dict(sorted(found.items()))
