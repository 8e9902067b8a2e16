"""Invoiced quantity and price in the item's base units, which orders and receipts are kept in.

Synonyms of a unit are one unit, units of a dimension convert, a pack holds what the item says.
A unit that is not known is never multiplied: figures of such a line are compared as they are
written, and the rules say that nothing was computed.
"""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from data.contracts.invoices import (
    CHARGE_AMOUNT,
    INVOICE_UNIT,
    INVOICE_UNIT_PRICE,
    LINE_AMOUNT,
    PO_LINE_ID,
    PRICE_BASE_QUANTITY,
    QUANTITY_INVOICED,
)
from data.contracts.item_units import BASE_UNITS, UNIT
from data.contracts.items import BASE_UNIT, PACK_SIZE
from data.contracts.purchase_orders import ORDER_UNIT, PO_UNIT_PRICE
from data.decimals import decimal_of
from data.reference.units import (
    conversion_factor,
    is_usual_pack,
    same_unit,
    unit_code,
)
from features.builders.case_features import Flags, Texts, is_stated, round_six_decimals
from features.cases import Cases, Children, Ints, cached_with_cases, or_zero
from features.feature import Floats, ratio

ONE = Decimal(1)
PRICE_DIGITS = range(2, 7)  # decimals that a printed price may have
HALF_CENT = 0.005


def base_units_in(
    unit: str | None, base: str | None, pack_size: float | None, packs: Mapping[str, float]
) -> Decimal | None:
    """Return the base units in one unit; None where that cannot be known.

    pack_size: base units in the item's usual pack. packs: base units of other units of the item.
    A line or an item without a unit is in base units.
    """
    if unit is None or base is None or same_unit(unit, base):
        return ONE
    for pack, size in packs.items():
        if same_unit(pack, unit) and size > 0:
            return decimal_of(size)
    if (factor := conversion_factor(unit, base)) is not None:
        return factor
    code = unit_code(unit)
    is_pack = code is not None and is_usual_pack(code)
    return decimal_of(pack_size) if is_pack and pack_size and pack_size > 0 else None


def unit_differs(unit: Texts, base: Texts) -> Flags:
    """Return where both units are stated and are not the same, however they are written."""
    differs = unit != base
    for place in np.flatnonzero(is_stated(unit) & is_stated(base) & differs):
        differs[place] = not same_unit(unit[place], base[place])
    return np.asarray(is_stated(unit) & is_stated(base) & differs, dtype=np.bool_)


@cached_with_cases
def base_unit(cases: Cases) -> Texts:
    """Unit of the item, or else of the order."""
    unit, ordered = cases.text(BASE_UNIT), cases.text(ORDER_UNIT)
    return np.where(is_stated(unit), unit, ordered)


@cached_with_cases
def packs_of_items(cases: Cases) -> Mapping[int, Mapping[str, float]]:
    """Base units of the other units of each case's item, by the number of the case."""
    found: dict[int, dict[str, float]] = {}
    units = cases.children.get("item_units")
    if units is not None:
        for row, unit, size in zip(
            units.row.tolist(), units.columns[UNIT], units.columns[BASE_UNITS], strict=True
        ):
            if unit is not None:
                found.setdefault(row, {})[unit] = float(size)
    return found


def base_units_per_invoice_unit(cases: Cases, unit: Texts, rows: Ints) -> Floats:
    """Base units in one unit of each line; 1 where they are not known.

    rows: number of the case that each line belongs to.
    """
    base, pack = base_unit(cases)[rows], cases.number(PACK_SIZE)[rows]
    packs = packs_of_items(cases)
    factors = np.ones(len(unit), dtype=np.float64)
    cache: dict[tuple[str, str, float], float] = {}
    for place in np.flatnonzero(unit_differs(unit, base)):
        own = packs.get(int(rows[place]))
        key = (unit[place], base[place], float(pack[place]))
        if own is not None or key not in cache:
            size = None if np.isnan(key[2]) else key[2]
            factor = float(base_units_in(key[0], key[1], size, own or {}) or ONE)
            if own is not None:
                factors[place] = factor
                continue
            cache[key] = factor
        factors[place] = cache[key]
    return factors


@cached_with_cases
def units_each(cases: Cases) -> Floats:
    """Base units in one unit of the invoice."""
    return base_units_per_invoice_unit(cases, cases.text(INVOICE_UNIT), np.arange(len(cases)))


@cached_with_cases
def invoiced_quantity(cases: Cases) -> Floats:
    """Invoiced quantity in base units."""
    return cases.number(QUANTITY_INVOICED) * units_each(cases)


@cached_with_cases
def written_price(cases: Cases) -> Floats:
    """Price of one invoice unit as printed: that of the price base quantity, divided by it."""
    per = cases.number(PRICE_BASE_QUANTITY)
    return cases.number(INVOICE_UNIT_PRICE) / np.where(per > 0, per, 1.0)


@cached_with_cases
def invoiced_price(cases: Cases) -> Floats:
    """Invoiced price of a base unit: what the line amount comes to, as that is what is paid.

    The printed price counts where the amount agrees with it within its rounding and it is the
    nearer one to the order's.
    """
    each, quantity = units_each(cases), cases.number(QUANTITY_INVOICED)
    goods = cases.number(LINE_AMOUNT) - or_zero(cases.number(CHARGE_AMOUNT))
    written = written_price(cases)
    implied = ratio(goods * np.sign(quantity), np.abs(quantity))
    slack = HALF_CENT + np.abs(quantity) * _half_last_digit(cases)
    agrees = ~(np.abs(goods - quantity * written) > slack + 1e-9)
    agreed = cases.number(PO_UNIT_PRICE) * each
    nearer = ~(np.abs(written - agreed) > np.abs(implied - agreed))
    use_written = np.isnan(implied) | (agrees & nearer & ~np.isnan(written))
    price: Floats = np.where(use_written, written, implied) / each
    return price


def _half_last_digit(cases: Cases) -> Floats:
    """Half a unit of the last digit that the price is printed with, for one invoice unit."""
    price, per = cases.number(INVOICE_UNIT_PRICE), cases.number(PRICE_BASE_QUANTITY)
    half = np.full(len(price), 0.5 * 10.0 ** -PRICE_DIGITS[-1])
    for digits in reversed(PRICE_DIGITS):
        half = np.where(np.abs(np.round(price, digits) - price) < 1e-9, 0.5 * 10.0**-digits, half)
    half_digit: Floats = half / np.where(per > 0, per, 1.0)
    return half_digit


def price_ratio(cases: Cases) -> Floats:
    """Invoiced price over ordered price, both of a base unit."""
    return ratio(invoiced_price(cases), cases.number(PO_UNIT_PRICE))


@cached_with_cases
def earlier_on_order_line(cases: Cases) -> Children:
    """Earlier invoices on the same order line."""
    earlier = cases.children["earlier_invoices"]
    own = earlier.spread(cases.text(PO_LINE_ID))
    return earlier.where(is_stated(own) & (earlier.columns[PO_LINE_ID] == own))


@cached_with_cases
def cumulative_quantity(cases: Cases) -> Floats:
    """Quantity of this and all earlier invoices on the order line, in base units."""
    earlier = earlier_on_order_line(cases)
    each = base_units_per_invoice_unit(cases, earlier.columns[INVOICE_UNIT], earlier.row)
    return earlier.sum_of(earlier.columns[QUANTITY_INVOICED] * each) + invoiced_quantity(cases)


def pack_size_exponent(ratio_of: Floats, pack: Floats) -> Floats:
    """Return the logarithm of the ratio of two figures, to the base of the pack size."""
    scale = np.log(np.where(pack > 1, pack, np.nan))
    return round_six_decimals(np.log(np.where(ratio_of > 0, ratio_of, np.nan)) / scale)
