"""What could settle an invoice line: the missing receipt, an amendment, a credit note.

Each is a fact that somebody has to establish, with its own document. The invoice itself is
never said to read otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from serving.counterfactual.lever import MOMENT, Lever, LeverName, Record, units
from serving.policy.rules_invoice_quantity import base_units, invoiced

SAME = 0.005  # share, or half a cent: closer than this is not a difference
FAR = 1000.0  # times apart: not a difference in price, but another unit or a slip
AMOUNTS = frozenset({"line_amount", "tax_amount"})


def levers(case: Record, asked_at: datetime) -> tuple[Lever, ...]:
    """Receipt, price, quantity, tax and freight, each where there is a difference to settle."""
    return (
        *_receipt(case, asked_at),
        *_price(case),
        *_quantity(case),
        *_tax(case),
        *_freight(case),
    )


def _settled(
    name: LeverName,
    title: str,
    fields: frozenset[str],
    change: Callable[[Record], Record],
    words: str,
) -> Lever:
    """A lever that is pulled or not."""
    return Lever(name, title, fields, 1, "yes or no", lambda c, _: change(c), lambda _: words)


def _receipt(case: Record, asked_at: datetime) -> Iterator[Lever]:
    taken = invoiced(case)
    if case["po_line_id"] is None or taken is None:
        return
    missing = taken[1] - sum(row["quantity_received"] for row in case["receipts"])
    if missing <= 0:
        return
    known = asked_at - MOMENT
    clocks = {"happened_at": known, "known_at": known}
    row = {"quantity_received": missing, "quantity_damaged": 0.0, **clocks}
    yield _settled(
        LeverName.RECEIPT_POSTED,
        "posting the missing receipt",
        frozenset({"receipts"}),
        lambda c: {**c, "receipts": [*c["receipts"], row]},
        f"the missing receipt of {units(missing)} were posted, the goods being there",
    )


def _price(case: Record) -> Iterator[Lever]:
    each, agreed = base_units(case), case["po_unit_price"]
    price = _price_of(case, each)
    if not agreed or price is None or abs(price / agreed - 1) < SAME:
        return
    if not 1 / FAR < price / agreed < FAR:
        return
    yield _settled(
        LeverName.ORDER_AMENDED,
        "amending the order's price",
        frozenset({"po_unit_price", "line_value"}),
        lambda c: {
            **c,
            "po_unit_price": price,
            "line_value": _times(c["line_value"], price / agreed),
        },
        f"the order were amended to {price:,.4f}, should that be what was agreed "
        f"(it says {agreed:,.4f})",
    )
    if price > agreed:
        yield _settled(
            LeverName.PRICE_CREDITED,
            "a credit note over the price",
            AMOUNTS | {"invoice_unit_price"},
            lambda c: (
                _scaled(c, agreed / price)
                | {"invoice_unit_price": _times(c["invoice_unit_price"], agreed / price)}
            ),
            f"a credit note brought the price to the order's {agreed:,.4f} "
            f"(invoiced at {price:,.4f})",
        )


def _price_of(case: Record, each: float | None) -> float | None:
    """Invoiced price of a base unit, from amount and quantity where it is not written."""
    if not each or case["line_amount"] <= 0 or case["quantity_invoiced"] <= 0:
        return None
    written = case["invoice_unit_price"]
    if written is None:
        written = case["line_amount"] / case["quantity_invoiced"]
    return float(written / each) if written > 0 else None


def _quantity(case: Record) -> Iterator[Lever]:
    taken = invoiced(case)
    if taken is None or taken[0] <= 0 or case["line_amount"] <= 0:
        return
    here, so_far = taken
    came = sum(row["quantity_received"] for row in case["receipts"])
    limits = {"received": came, "ordered": case["quantity_ordered"] or 0.0}
    word, limit = min(
        ((w, q) for w, q in limits.items() if q > 0), key=lambda one: one[1], default=("", 0.0)
    )
    allowed = limit - (so_far - here)
    if not 0 < allowed < here:
        return
    yield _settled(
        LeverName.QUANTITY_CREDITED,
        "a credit note over the quantity",
        AMOUNTS | {"quantity_invoiced"},
        lambda c: (
            _scaled(c, allowed / here)
            | {"quantity_invoiced": c["quantity_invoiced"] * allowed / here}
        ),
        f"a credit note brought the quantity to the {units(allowed)} {word} "
        f"(invoiced: {units(here)})",
    )


def _tax(case: Record) -> Iterator[Lever]:
    rate, charged = case["tax_rate_expected"], case["tax_amount"]
    if rate is None or charged is None:
        return
    if abs(_due(case, rate) - charged) < 2 * SAME:
        return
    yield _settled(
        LeverName.TAX_SETTLED,
        "settling the tax",
        frozenset({"tax_amount"}),
        lambda c: {**c, "tax_amount": _due(c, rate)},
        f"the tax were settled at the {rate:.1%} of the tax code (charged: {charged:,.2f})",
    )


def _due(case: Record, rate: float) -> float:
    """Tax on goods and freight at that rate."""
    return round(float(case["line_amount"] + (case["freight_amount"] or 0.0)) * rate, 2)


def _freight(case: Record) -> Iterator[Lever]:
    freight = case["freight_amount"]
    if not freight or freight < 0 or case["line_amount"] <= 0:
        return
    yield _settled(
        LeverName.FREIGHT_CREDITED,
        "a credit note over the freight",
        frozenset({"freight_amount", "tax_amount"}),
        lambda c: {
            **c,
            "freight_amount": 0.0,
            "tax_amount": _times(c["tax_amount"], c["line_amount"] / (c["line_amount"] + freight)),
        },
        f"a credit note took back the freight of {freight:,.2f}",
    )


def _scaled(case: Record, factor: float) -> dict[str, object]:
    """The case with its amounts times a factor: tax goes with the goods."""
    return {**case, **{name: _times(case[name], factor) for name in AMOUNTS}}


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
