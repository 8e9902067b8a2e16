"""Invoiced quantity and price in the item's base units, which orders and receipts are kept in.

An invoice in another unit than the item's is taken to be in packs. Where the units are not
stated, or the pack size is not known, the figures are compared as they are written.
"""

import numpy as np

from data.contracts.invoices import (
    INVOICE_UNIT,
    INVOICE_UNIT_PRICE,
    LINE_AMOUNT,
    PO_LINE_ID,
    QUANTITY_INVOICED,
)
from data.contracts.items import BASE_UNIT, PACK_SIZE
from data.contracts.purchase_orders import ORDER_UNIT, PO_UNIT_PRICE
from features.builders.case_features import Flags, Texts, is_stated, round_six_decimals
from features.cases import Cases, Children, cached_with_cases
from features.feature import Floats, ratio


def unit_differs(unit: Texts, base: Texts) -> Flags:
    """Return where both units are stated and differ."""
    return np.asarray(is_stated(unit) & is_stated(base) & (unit != base), dtype=np.bool_)


@cached_with_cases
def base_unit(cases: Cases) -> Texts:
    """Unit of the item, or else of the order."""
    unit, ordered = cases.text(BASE_UNIT), cases.text(ORDER_UNIT)
    return np.where(is_stated(unit), unit, ordered)


def base_units_per_invoice_unit(unit: Texts, base: Texts, pack: Floats) -> Floats:
    """Base units in one unit of the invoice."""
    return np.where(unit_differs(unit, base) & (pack > 0), pack, 1.0)


@cached_with_cases
def invoiced_quantity(cases: Cases) -> Floats:
    """Invoiced quantity in base units."""
    each = base_units_per_invoice_unit(
        cases.text(INVOICE_UNIT), base_unit(cases), cases.number(PACK_SIZE)
    )
    return cases.number(QUANTITY_INVOICED) * each


@cached_with_cases
def invoiced_price(cases: Cases) -> Floats:
    """Invoiced price of a base unit; from amount and quantity where it is not written."""
    each = base_units_per_invoice_unit(
        cases.text(INVOICE_UNIT), base_unit(cases), cases.number(PACK_SIZE)
    )
    written = cases.number(INVOICE_UNIT_PRICE) / each
    implied = ratio(cases.number(LINE_AMOUNT), invoiced_quantity(cases))
    return np.where(np.isnan(written), implied, written)


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
    each = base_units_per_invoice_unit(
        earlier.columns[INVOICE_UNIT],
        earlier.spread(base_unit(cases)),
        earlier.spread(cases.number(PACK_SIZE)),
    )
    return earlier.sum_of(earlier.columns[QUANTITY_INVOICED] * each) + invoiced_quantity(cases)


def pack_size_exponent(ratio_of: Floats, pack: Floats) -> Floats:
    """Return the logarithm of the ratio of two figures, to the base of the pack size."""
    scale = np.log(np.where(pack > 1, pack, np.nan))
    return round_six_decimals(np.log(np.where(ratio_of > 0, ratio_of, np.nan)) / scale)
