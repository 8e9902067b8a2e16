"""Quantities of an invoice line against its order and its receipts, in base units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data.contracts.invoice_outcomes import ExceptionClass as Ends
from serving.policy.finding import Finding, amount, of_class, quotient
from serving.policy.policy import Policy

Case = Mapping[str, Any]


def base_units(case: Case, unit: str | None = None) -> float | None:
    """Base units in one invoice unit; missing where that cannot be known.

    unit: of an earlier invoice; the case's own by default. A unit that is not the item's is
    taken to be a pack, as the features take it.
    """
    invoiced = unit or case["invoice_unit"]
    base = case["base_unit"] or case["order_unit"]
    if invoiced is None or base is None or invoiced == base:
        return 1.0
    return case["pack_size"] or None


def invoiced(case: Case) -> tuple[float, float] | None:
    """Quantity of this line, and of this and all earlier ones on its order line."""
    own = base_units(case)
    if own is None:
        return None
    here = case["quantity_invoiced"] * own
    earlier = [
        row["quantity_invoiced"] * (base_units(case, row["invoice_unit"]) or 1.0)
        for row in case["earlier_invoices"]
        if row["po_line_id"] is not None and row["po_line_id"] == case["po_line_id"]
    ]
    return here, here + sum(earlier)


def ordered(case: Case, policy: Policy) -> Iterator[Finding]:
    """More invoiced than ordered, earlier invoices on the order line included."""
    allowed = policy.tolerances.quantity_over_ordered_share
    if case["quantity_ordered"]:
        yield from _over(case, policy, Ends.QTY_OVER_ORDERED, case["quantity_ordered"], allowed)


def received(case: Case, policy: Policy) -> Iterator[Finding]:
    """Nothing received, more invoiced than received, or received damaged."""
    if case["po_line_id"] is None:
        return
    came = sum(row["quantity_received"] for row in case["receipts"])
    if came <= 0:
        yield of_class(policy, Ends.NO_RECEIPT, "No goods receipt is posted for the order line.")
        return
    allowed = policy.tolerances.quantity_over_received_share
    yield from _over(case, policy, Ends.QTY_OVER_RECEIVED, came, allowed)
    damaged = sum(row["quantity_damaged"] or 0 for row in case["receipts"])
    if damaged > 0:
        says = f"{amount(damaged)} of {amount(came)} received are damaged or held for quality."
        yield of_class(
            policy, Ends.QUALITY_HOLD, says, measured=damaged, limit=0.0, unit="base units"
        )


def _over(
    case: Case, policy: Policy, name: Ends, against: float, allowed: float
) -> Iterator[Finding]:
    taken = invoiced(case)
    if taken is None or taken[0] <= 0:
        return
    here, so_far = taken
    over = quotient(so_far, against) - 1
    if over > allowed:
        earlier = f" ({amount(so_far - here)} of it before)" if so_far > here else ""
        verb = "ordered" if name is Ends.QTY_OVER_ORDERED else "received"
        says = f"{amount(so_far)} invoiced{earlier}, {amount(against)} {verb}: {over:.1%} more."
        yield of_class(policy, name, says, measured=over, limit=allowed, unit="share")
