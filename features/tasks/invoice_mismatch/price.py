"""Price, amount, freight and tax of an invoice line against its order."""

import numpy as np

from data.contracts.invoices import (
    CHARGE_AMOUNT,
    FREIGHT_AMOUNT,
    INVOICE_UNIT,
    INVOICE_UNIT_PRICE,
    LINE_AMOUNT,
    QUANTITY_INVOICED,
    TAX_AMOUNT,
    TAX_RATE_EXPECTED,
)
from data.contracts.items import CURRENCY, PACK_SIZE
from data.contracts.purchase_orders import LINE_VALUE, PO_UNIT_PRICE
from features.builders.case_features import (
    Texts,
    flag_or_missing,
    is_stated,
    number_feature,
    round_six_decimals,
)
from features.cases import Cases, or_zero
from features.feature import Feature, Floats, Theme, ratio
from features.tasks.invoice_mismatch.base_units import (
    base_unit,
    earlier_on_order_line,
    invoiced_price,
    invoiced_quantity,
    pack_size_exponent,
    price_ratio,
    unit_differs,
    written_price,
)
from features.tasks.invoice_mismatch.shape import PO_CURRENCY

NO_PRICE = "no price on the invoice or on the order"
ROUND_STEPS_CENTS = (10, 100, 1_000, 10_000, 100_000)


def price_gap_amount(cases: Cases) -> Floats:
    """Price difference times quantity."""
    return round_six_decimals(
        (invoiced_price(cases) - cases.number(PO_UNIT_PRICE)) * invoiced_quantity(cases)
    )


def price_against_last(cases: Cases) -> Floats:
    """Price over the last one the supplier invoiced for the item, less 1."""
    return round_six_decimals(
        ratio(invoiced_price(cases), cases.past("supplier_item_invoices_price_last")) - 1.0
    )


def arithmetic_gap(cases: Cases) -> Floats:
    """Line amount without charges over quantity times price as written, less 1."""
    product = cases.number(QUANTITY_INVOICED) * written_price(cases)
    goods = cases.number(LINE_AMOUNT) - or_zero(cases.number(CHARGE_AMOUNT))
    return round_six_decimals(ratio(goods, product) - 1.0)


def cumulative_amount(cases: Cases) -> Floats:
    """Amount of this and earlier invoices on the order line."""
    return earlier_on_order_line(cases).total(LINE_AMOUNT) + cases.number(LINE_AMOUNT)


def amount_against_usual(cases: Cases) -> Floats:
    """Line amount over the mean of the supplier's invoice lines."""
    usual = ratio(
        cases.past("supplier_invoices_amount_364d"), cases.past("supplier_invoices_events_364d")
    )
    return ratio(cases.number(LINE_AMOUNT), usual)


def freight_share_gap(cases: Cases) -> Floats:
    """Freight as a share of the amount less the supplier's usual share."""
    usual = ratio(
        cases.past("supplier_invoices_freight_364d"), cases.past("supplier_invoices_amount_364d")
    )
    return ratio(cases.number(FREIGHT_AMOUNT), cases.number(LINE_AMOUNT)) - usual


def tax_rate_gap(cases: Cases) -> Floats:
    """Tax rate charged less the rate expected; freight is taxed with the goods."""
    freight = or_zero(cases.number(FREIGHT_AMOUNT))
    charged = ratio(cases.number(TAX_AMOUNT), cases.number(LINE_AMOUNT) + freight)
    return round_six_decimals(charged - cases.number(TAX_RATE_EXPECTED))


def count_round_steps(cases: Cases) -> Floats:
    """Count how many of the steps 0.10, 1, 10, 100 and 1,000 divide the amount."""
    amount = cases.number(LINE_AMOUNT)
    cents = np.round(or_zero(amount) * 100.0)
    steps = sum((np.mod(cents, step) == 0).astype(np.float64) for step in ROUND_STEPS_CENTS)
    return np.where(np.isnan(amount), np.nan, steps)


def upper_case(texts: Texts) -> Texts:
    """Write texts in upper case, as currencies are codes in any case."""
    return np.array([None if text is None else text.upper() for text in texts], dtype=object)


def currency_differs(cases: Cases) -> Floats:
    """Return 1 where invoice and order are in different currencies."""
    own, ordered = (upper_case(cases.text(column)) for column in (CURRENCY, PO_CURRENCY))
    return flag_or_missing(own != ordered, is_stated(own) & is_stated(ordered))


PRICE_FEATURES = (
    Feature(
        "price_variance",
        Theme.PRICE,
        "share",
        NO_PRICE,
        "the price is {value:share above|below|the same as} the order's",
        lambda cases: round_six_decimals(price_ratio(cases) - 1.0),
    ),
    Feature(
        "price_variance_amount",
        Theme.PRICE,
        "currency",
        NO_PRICE,
        "the difference in price comes to {value:+,.2f}",
        price_gap_amount,
    ),
    Feature(
        "price_as_written_ratio",
        Theme.PRICE,
        "ratio",
        NO_PRICE,
        "the price as written is {value:.2f} times the order's price of a base unit",
        lambda cases: ratio(cases.number(INVOICE_UNIT_PRICE), cases.number(PO_UNIT_PRICE)),
    ),
    Feature(
        "price_packs_apart",
        Theme.PRICE,
        "packs",
        "no pack size above 1, or no price",
        "the prices are {value:+.2f} pack sizes apart (1 is exactly one pack too high)",
        lambda cases: pack_size_exponent(price_ratio(cases), cases.number(PACK_SIZE)),
    ),
    Feature(
        "price_vs_last_invoice",
        Theme.PRICE,
        "share",
        "this supplier has not invoiced this item before",
        "the price is {value:share above|below|the same as} the last one invoiced for this item",
        price_against_last,
    ),
    number_feature(
        PO_UNIT_PRICE, Theme.PRICE, "currency", "the order's price is {value:,.4f} a base unit"
    ),
)
AMOUNT_FEATURES = (
    number_feature(LINE_AMOUNT, Theme.ORDER, "currency", "the line is for {value:,.2f}"),
    number_feature(LINE_VALUE, Theme.ORDER, "currency", "the order line is worth {value:,.2f}"),
    Feature(
        "amount_vs_order",
        Theme.PRICE,
        "ratio",
        "no value on the order line",
        "the amount is {value:.2f} times the order line's value",
        lambda cases: ratio(cases.number(LINE_AMOUNT), cases.number(LINE_VALUE)),
    ),
    Feature(
        "amount_so_far_vs_order",
        Theme.PRICE,
        "ratio",
        "no value on the order line",
        "with earlier invoices {value:.2f} times the order line's value is invoiced",
        lambda cases: ratio(cumulative_amount(cases), cases.number(LINE_VALUE)),
    ),
    Feature(
        "amount_arithmetic_gap",
        Theme.PRICE,
        "share",
        "quantity or price not written on the invoice",
        "the amount is {value:share above|below|the same as} quantity times price",
        arithmetic_gap,
    ),
    Feature(
        "amount_vs_usual",
        Theme.PRICE,
        "ratio",
        "no invoice of this supplier known (last 364 days)",
        "the amount is {value:.1f} times that of a usual line of this supplier",
        amount_against_usual,
    ),
    Feature(
        "amount_roundness",
        Theme.PRICE,
        "count",
        "no amount",
        "the amount is round to {value:count place|places} of 5",
        count_round_steps,
    ),
)
CHARGE_FEATURES = (
    Feature(
        "freight_share",
        Theme.PRICE,
        "share",
        "freight not stated",
        "freight is {value:.1%} of the amount",
        lambda cases: ratio(cases.number(FREIGHT_AMOUNT), cases.number(LINE_AMOUNT)),
    ),
    Feature(
        "freight_vs_usual",
        Theme.PRICE,
        "share",
        "freight not stated, or no invoice of this supplier known (last 364 days)",
        "the share of freight is {value:share above|below|just} this supplier's usual",
        freight_share_gap,
    ),
    Feature(
        "tax_rate",
        Theme.PRICE,
        "share",
        "tax not stated",
        "tax is {value:.1%} of the amount",
        lambda cases: ratio(cases.number(TAX_AMOUNT), cases.number(LINE_AMOUNT)),
    ),
    Feature(
        "tax_rate_gap",
        Theme.PRICE,
        "share",
        "tax or expected rate not stated",
        "the tax rate is {value:share above|below|the same as} the expected one",
        tax_rate_gap,
    ),
    Feature(
        "currency_differs",
        Theme.PRICE,
        "yes/no",
        "currency of invoice or order not stated",
        "{value:either another currency than the order's|the order's currency}",
        currency_differs,
    ),
    Feature(
        "unit_differs",
        Theme.QUANTITY,
        "yes/no",
        "unit of invoice or item not stated",
        "{value:either another unit than the item's base unit|the item's base unit}",
        lambda cases: flag_or_missing(
            unit_differs(cases.text(INVOICE_UNIT), base_unit(cases)),
            is_stated(cases.text(INVOICE_UNIT)) & is_stated(base_unit(cases)),
        ),
    ),
)
FEATURES = (*PRICE_FEATURES, *AMOUNT_FEATURES, *CHARGE_FEATURES)
