"""Groups of suppliers: one supplier that was entered several times, or companies of one group.

They have a VAT id or a bank account in common, directly or through others of the group, and may
send one invoice under several numbers of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from data.contracts.suppliers import BANK_ACCOUNT, SUPPLIER_ID, VAT_ID
from data.contracts.table import KNOWN_AT

Row = Mapping[str, Any]


def group_suppliers(suppliers: Sequence[Row]) -> dict[str, str]:
    """Return the party of each supplier: the lowest id of its group, which may be its own."""
    groups = _Groups()
    for row in suppliers:
        groups.add(row)
    return {supplier: min(members) for members in groups.members.values() for supplier in members}


def related_suppliers(suppliers: Sequence[Row]) -> list[tuple[str, str, datetime]]:
    """Return each supplier, another one of its group, and the moment since when that is known.

    At any moment these are the pairs that `group_suppliers` finds among the suppliers known then.
    """
    groups = _Groups()
    pairs = []
    for row in sorted(suppliers, key=lambda one: (one[KNOWN_AT], one[SUPPLIER_ID])):
        for one, other in groups.add(row):
            pairs += [(one, other, row[KNOWN_AT]), (other, one, row[KNOWN_AT])]
    return pairs


class _Groups:
    """Groups as suppliers become known. members: of each group, by the number of the group."""

    def __init__(self) -> None:
        self.members: dict[int, list[str]] = {}
        self._group_of: dict[str, int] = {}
        self._first_with: dict[tuple[str, str], str] = {}

    def add(self, row: Row) -> list[tuple[str, str]]:
        """Add a supplier; return the pairs of suppliers that belong together from now on."""
        supplier = row[SUPPLIER_ID]
        if supplier not in self._group_of:
            self._group_of[supplier] = len(self._group_of)
            self.members[self._group_of[supplier]] = [supplier]
        pairs = []
        for column in (VAT_ID, BANK_ACCOUNT):
            if shared := _letters_and_digits(row[column]):
                first = self._first_with.setdefault((column, shared), supplier)
                pairs += self._merge(first, supplier)
        return pairs

    def _merge(self, one: str, other: str) -> list[tuple[str, str]]:
        kept, given_up = self._group_of[one], self._group_of[other]
        if kept == given_up:
            return []
        joining = self.members.pop(given_up)
        pairs = [(a, b) for a in self.members[kept] for b in joining]
        self.members[kept] += joining
        self._group_of.update(dict.fromkeys(joining, kept))
        return pairs


def _letters_and_digits(text: str | None) -> str:
    return "".join(c for c in (text or "").upper() if c.isalnum())
