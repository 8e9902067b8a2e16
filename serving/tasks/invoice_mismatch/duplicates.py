"""Rule for duplicates: an invoice of the supplier that was booked before, in five patterns.

The number identifies an invoice of its supplier, on whatever order line it is booked. What was
reversed is as if never posted; lines of one document are no duplicates of each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from re import findall, sub

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from data.decimals import decimal_of, sum_decimals
from features.invoice_numbers import normalise_invoice_number
from serving.policy.finding import Finding, finding_of_class
from serving.policy.policy import Policy
from serving.tasks.invoice_mismatch.amounts import document_day, format_booking_day, own_money
from serving.tasks.invoice_mismatch.documents import (
    Case,
    document_type,
    is_same_document,
    without_reversed,
)
from serving.tasks.invoice_mismatch.quantities import invoiced_quantities, received_quantity

LEAST_NUMBER = 3  # characters below which two numbers that are nearly alike say nothing
LEAST_ENDING = 5  # characters that a number has to keep, to be the other without prefix or ending
NEAR_SHARE = Decimal("0.01")  # of an amount that is written wrong, or without a discount
YEAR = r"^20\d\d|20\d\d$"
LOOKS_LIKE = str.maketrans("ILSBZG", "115826")  # letters that are read for digits


def find_duplicate(case: Case, policy: Policy, asked_at: datetime) -> Iterator[Finding]:
    """Find the strongest pattern that an earlier invoice shows; at most one finding."""
    since = asked_at - timedelta(days=policy.tolerances.duplicate_days)
    others = [row for row in case["earlier_invoices"] if not is_same_document(case, row)]
    live = [
        row
        for row in without_reversed(others, by_line=True)
        if row["known_at"] >= since and document_type(row) is document_type(case)
    ]
    if case.get("reverses_line_id") is not None:
        return
    found = [
        (rank, row, says)
        for row in live
        for rank, says in _patterns(Likeness.of(case, row, policy), case, row, policy, asked_at)
    ]
    if found:
        _, row, says = min(found, key=lambda one: one[0])
        known = row["invoice_number"] or "an invoice without a number"
        booked = format_booking_day(row["known_at"], case, asked_at)
        sentence = f"Probable duplicate of {known}, booked {booked}: {says}."
        yield finding_of_class(policy, Ends.DUPLICATE, sentence)


@dataclass(frozen=True)
class Likeness:
    """Return the values that two records of one invoice line have in common."""

    number: bool
    similar_number: bool
    amount: bool
    near_amount: bool
    date: bool
    line: bool
    supplier: bool

    @classmethod
    def of(cls, case: Case, row: Case, policy: Policy) -> Likeness:
        """Compare a line with an earlier one."""
        here, there = (normalise_invoice_number(one["invoice_number"]) for one in (case, row))
        gap = abs(decimal_of(case["line_amount"]) - decimal_of(row["line_amount"]))
        dated = document_day(case["document_at"], case)
        supplier = row.get("supplier_id")
        return cls(
            number=here != "" and here == there,
            similar_number=_nearly_alike(here, there)
            or "" != _as_read(case["invoice_number"]) == _as_read(row["invoice_number"]),
            amount=gap <= decimal_of(policy.tolerances.duplicate_amount),
            near_amount=_near_amount(case, row),
            date=dated is not None and dated == document_day(row["happened_at"], case),
            line=case["po_line_id"] is not None and case["po_line_id"] == row["po_line_id"],
            supplier=supplier is None or supplier == case["supplier_id"],
        )


def _patterns(
    alike: Likeness, case: Case, row: Case, policy: Policy, asked_at: datetime
) -> Iterator[tuple[int, str]]:
    """List the patterns that a likeness shows, with their rank, in words."""
    another_line = row["po_line_id"] is not None and not alike.line
    if alike.number and row["known_at"] == asked_at and (another_line or _covered(case)):
        return  # booked in one go: another line of the document
    if alike.number and alike.amount:
        if not alike.supplier:
            yield 4, f"same number and amount, from supplier {row['supplier_id']}"
        elif alike.date or case["document_at"] is None:
            yield 0, "same number and amount"
        else:
            yield 1, "same number and amount, other date"
    elif alike.number and alike.line and alike.supplier:
        amount = own_money(row["line_amount"], case, policy)
        yield 2, f"same number and order line, other amount ({amount})"
    elif alike.number and alike.date and alike.supplier and alike.near_amount:
        amount = own_money(row["line_amount"], case, policy)
        yield 2, f"same number and date, nearly the same amount ({amount})"
    elif alike.amount and alike.date and alike.supplier and not (alike.line and _covered(case)):
        if alike.similar_number:
            yield 3, "same amount and date, nearly the same number"
        elif alike.line:
            yield 5, "same amount, date and order line, other number"


def _covered(case: Case) -> bool:
    """Return true if order and receipts cover all that is invoiced, as with call-offs."""
    quantities, ordered = invoiced_quantities(case), case["quantity_ordered"]
    if quantities is None or ordered is None:
        return False
    received = received_quantity(case)
    return quantities[1] <= decimal_of(ordered) and (not received or quantities[1] <= received)


def _near_amount(case: Case, row: Case) -> bool:
    """Return true if an amount is the other within a share, with digits swapped, or with tax."""
    here, there = decimal_of(case["line_amount"]), decimal_of(row["line_amount"])
    if here * there <= 0:
        return False
    digits = [sorted(f"{amount:.2f}") for amount in (here, there)]
    gross = sum_decimals(case[name] for name in ("line_amount", "freight_amount", "tax_amount"))
    return abs(here - there) <= NEAR_SHARE * abs(here) or digits[0] == digits[1] or gross == there


def _nearly_alike(one: str, other: str) -> bool:
    """Return true if numbers differ by letters, a prefix, one character or two that changed places.

    So does the year before or behind the number. Another digit makes another number: suppliers
    count.
    """
    if min(len(one), len(other)) < LEAST_NUMBER or one == other:
        return False
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return _same_but_for_marks(one, other) or _same_but_for_ends(longer, shorter)


def _as_read(number: str | None) -> str:
    """Return the number with letters that a scanner takes for digits as these digits."""
    return normalise_invoice_number((number or "").upper().translate(LOOKS_LIKE))


def _same_but_for_marks(one: str, other: str) -> bool:
    """Return true if the digits are the same, or the number without a year."""
    without_year = {sub(YEAR, "", number) for number in (one, other)}
    years = {year for number in (one, other) for year in findall(YEAR, number)}
    digits = [sub(r"[^0-9]", "", number) for number in (one, other)]
    letters = sorted((sub(r"[0-9]", "", number) for number in (one, other)), key=len)
    # Letters that are others make another number: 4711A and 4711B.
    same_digits = digits[0] == digits[1] and letters[0] in letters[1]
    same_digits = same_digits and len(digits[0]) >= LEAST_NUMBER
    return same_digits or (len(without_year) == len(years) == 1 and "" not in without_year)


def _same_but_for_ends(longer: str, shorter: str) -> bool:
    """Return true if a prefix, an ending, a character or two that changed places are the gap."""
    kept = longer.endswith(shorter) or longer.startswith(shorter)
    if len(longer) > len(shorter) >= LEAST_ENDING and kept:
        return True
    if len(longer) - len(shorter) == 1:
        return any(longer[:n] + longer[n + 1 :] == shorter for n in range(len(longer)))
    return len(longer) == len(shorter) and any(
        longer[:n] + longer[n + 1] + longer[n] + longer[n + 2 :] == shorter
        for n in range(len(longer) - 1)
    )
