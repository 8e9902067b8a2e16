"""Money has the digits of its currency; a currency that is not known is shown as it is."""

from decimal import Decimal

import pytest

from data.reference.currencies import currency_code, format_money, minor_digits, round_money


@pytest.mark.parametrize(
    ("written", "code"),
    [("EUR", "EUR"), ("eur", "EUR"), (" Usd ", "USD"), ("BGN", "BGN"), ("XCG", "XCG")],
)
def test_a_currency_is_known_in_any_case(written, code):
    assert currency_code(written) == code


@pytest.mark.parametrize("written", [None, "", "EURO", "€", "XXX", "XAU", "DEM"])
def test_what_is_no_currency_in_use_is_not_known(written):
    assert currency_code(written) is None
    assert minor_digits(written) is None


@pytest.mark.parametrize(
    ("code", "digits"),
    [("EUR", 2), ("jpy", 0), ("KRW", 0), ("ISK", 0), ("KWD", 3), ("TND", 3), ("CLF", 4)],
)
def test_a_currency_has_its_minor_digits(code, digits):
    assert minor_digits(code) == digits


@pytest.mark.parametrize(
    ("amount", "code", "text"),
    [
        (17723.2, "USD", "17,723.20 USD"),
        (Decimal("0.005"), "EUR", "0.01 EUR"),
        (-1234.565, "gbp", "-1,234.57 GBP"),
        (1999.5, "JPY", "2,000 JPY"),
        (1.2345, "KWD", "1.235 KWD"),
        (-0.001, "EUR", "0.00 EUR"),
        (12.345, "ZZZ", "12.345 ZZZ"),
        (1000, None, "1,000"),
    ],
)
def test_money_is_written_with_its_currencys_digits(amount, code, text):
    assert format_money(amount, code) == text


def test_half_a_cent_is_rounded_away_from_zero():
    assert round_money(2.675, "USD") == Decimal("2.68")  # the binary float is below the half
    assert round_money(-2.675, "USD") == Decimal("-2.68")
    assert round_money(2.6749, "USD") == Decimal("2.67")
