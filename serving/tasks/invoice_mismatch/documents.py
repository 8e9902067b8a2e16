"""Kinds of invoice documents: credit notes, reversals, prepayments; and what is void."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from data.contracts.invoices import DocumentType
from data.decimals import ZERO, sum_decimals
from features.invoice_numbers import normalise_invoice_number

Case = Mapping[str, Any]
SIGNED = ("quantity_invoiced", "line_amount", "charge_amount", "freight_amount", "tax_amount")
WITHOUT_QUANTITY = (
    DocumentType.PREPAYMENT,
    DocumentType.SUBSEQUENT_DEBIT,
    DocumentType.DELIVERY_COST,
)


def document_type(row: Case) -> DocumentType:
    """Return the type of a document; by the sign of its amount where it is not stated."""
    if row.get("document_type"):
        return DocumentType(row["document_type"])
    amount = row["line_amount"] or row["quantity_invoiced"]
    return DocumentType.CREDIT_NOTE if amount < 0 else DocumentType.INVOICE


def with_credit_signs(case: Case) -> Case:
    """Return the case with the amounts of credit notes below zero, whatever the source wrote."""
    earlier = case["earlier_invoices"]
    if not any(_is_unsigned_credit(row) for row in (case, *earlier)):
        return case
    return {**_signed(case), "earlier_invoices": [_signed(row) for row in earlier]}


def _is_unsigned_credit(row: Case) -> bool:
    is_credit_note = row.get("document_type") == DocumentType.CREDIT_NOTE
    return is_credit_note and row["line_amount"] > 0 and row["quantity_invoiced"] >= 0


def _signed(row: Case) -> Case:
    if not _is_unsigned_credit(row):
        return row
    return {**row, **{name: -row[name] for name in SIGNED if row.get(name)}}


def is_credit(row: Case) -> bool:
    """Return true if the line gives money back: a credit note, or an invoice below zero."""
    return (
        document_type(row) is DocumentType.CREDIT_NOTE
        or row["line_amount"] < 0
        or bool(row.get("reverses_line_id"))
    )


def is_same_document(case: Case, row: Case) -> bool:
    """Return true if a row is this line itself or, by its id, another line of its document."""
    same_line = row.get("invoice_line_id") == case["invoice_line_id"]
    return same_line or (
        row.get("invoice_id") is not None and row["invoice_id"] == case["invoice_id"]
    )


def without_reversed(rows: Sequence[Case], *, by_line: bool) -> list[Case]:
    """Leave out what was reversed, with its reversal: both are as if never posted.

    A reversal names the line it reverses; else it has the opposite amount and quantity under the
    same number or, `by_line`, on the same order line.
    """
    live: list[Case] = []
    for row in sorted(rows, key=lambda one: one["known_at"]):
        reversed_row = next(
            (one for one in reversed(live) if _reverses(row, one, by_line=by_line)), None
        )
        if reversed_row is None:
            live.append(row)
        else:
            live = [one for one in live if one is not reversed_row]
    return live


def _reverses(row: Case, earlier: Case, *, by_line: bool) -> bool:
    if row.get("reverses_line_id"):
        return bool(row["reverses_line_id"] == earlier.get("invoice_line_id"))
    if not row["line_amount"] < 0 < earlier["line_amount"]:
        return False
    opposite = (
        sum_decimals([row["line_amount"], earlier["line_amount"]]) == ZERO
        and sum_decimals([row["quantity_invoiced"], earlier["quantity_invoiced"]]) == ZERO
    )
    number = normalise_invoice_number(row["invoice_number"])
    same_number = number != "" and number == normalise_invoice_number(earlier["invoice_number"])
    same_line = row["po_line_id"] is not None and row["po_line_id"] == earlier["po_line_id"]
    return opposite and (same_number or (by_line and same_line))


def is_reversal(case: Case) -> bool:
    """Return true if the line takes back an earlier one, or settles a prepayment."""
    if case.get("reverses_line_id"):
        return True
    if case["line_amount"] >= 0:
        return False
    others = [row for row in case["earlier_invoices"] if not is_same_document(case, row)]
    live = without_reversed(others, by_line=True)
    settled = sum_decimals([case["line_amount"], *_prepaid_amounts(case, live)]) == ZERO
    return settled or any(_reverses(case, row, by_line=False) for row in live)


def prepaid_amount(case: Case) -> Decimal:
    """Return what was prepaid on the order line, without what was reversed."""
    if not _prepaid_amounts(case, case["earlier_invoices"]):
        return ZERO
    live = without_reversed(case["earlier_invoices"], by_line=True)
    return sum_decimals(_prepaid_amounts(case, live))


def _prepaid_amounts(case: Case, rows: Sequence[Case]) -> list[float]:
    return [
        row["line_amount"]
        for row in rows
        if case["po_line_id"] is not None
        and row["po_line_id"] == case["po_line_id"]
        and document_type(row) is DocumentType.PREPAYMENT
    ]
