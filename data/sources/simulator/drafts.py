"""Invoice lines while they are being written: what is on paper, and what is behind it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.contracts.invoice_outcomes import ExceptionClass
from data.sources.simulator.chance import Flags, Floats, Ints

CLASSES = tuple(ExceptionClass)


@dataclass
class Drafts:
    """n invoice lines as columns. Causes change what is on paper and add to `severity`.

    On paper: number, quantity, in_packs (unit is the pack), price, freight, tax,
    tax_expected, currency, manual, dated, booked (minutes), refers (order line, -1 none),
    supplier.
    Behind it: line (true order line), document (key of the paper), site, item, base_quantity
    (truly billed, base units), arrived and posted (minutes of the receipt, NEVER if none).
    severity: by class, how much there is to stop the line for; 0 nothing, 1 plenty.
    visible: something on paper differs from order or receipt.
    """

    line: Ints
    document: Ints
    site: Ints
    supplier: Ints
    item: Ints
    base_quantity: Ints
    arrived: Ints
    posted: Ints
    number: NDArray[np.object_]
    quantity: Floats
    in_packs: Flags
    price: Floats
    freight: Floats
    tax: Floats
    tax_expected: Floats
    currency: Ints
    manual: Flags
    dated: Ints
    booked: Ints
    refers: Ints
    visible: Flags
    severity: Floats

    def __len__(self) -> int:
        return len(self.line)

    @property
    def amount(self) -> Floats:
        """Net amount of each line, in its currency."""
        return np.asarray(np.round(self.quantity * self.price, 2))

    def blame(self, cause: ExceptionClass, amount: NDArray[Any]) -> None:
        """Add to a class's severity, line by line."""
        self.severity[:, CLASSES.index(cause)] += amount

    def rows(self, keep: NDArray[Any]) -> Drafts:
        """Copies of the lines at these places."""
        return Drafts(*(getattr(self, f.name)[keep].copy() for f in fields(self)))

    def below(self, other: Drafts) -> Drafts:
        """These lines with others below."""
        return replace(
            self,
            **{
                f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)])
                for f in fields(self)
            },
        )


def stopped(variance: Floats, tolerance: Floats) -> Floats:
    """Severity of a variance: none at none, half way at the tolerance, then levelling off."""
    size = np.abs(variance)
    return np.asarray(1.8 * size**2 / (size**2 + tolerance**2 + 1e-12))
