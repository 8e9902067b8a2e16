"""Currencies: ISO 4217 codes with the digits of their minor unit, rounding and writing of money.

The list is that of ISO 4217 as of January 2026, without codes that have no minor unit (metals,
special drawing rights, tests). Babel and the like carry the same list inside much else, so it is
data of our own. Currencies that were withdrawn since 2022 stay: papers and history still have them.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from data.decimals import decimal_of

_CODES_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
        CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
        GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK
        LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
        NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
        SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST
        XAD XCD XCG YER ZAR ZMW ZWG
        ANG BGN HRK SLL ZWL""",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
MINOR_DIGITS = {
    code: digits for digits, codes in _CODES_BY_DIGITS.items() for code in codes.split()
}


def currency_code(text: str | None) -> str | None:
    """Return the ISO 4217 code that is written, in any case; None where it is not a currency's."""
    if text is None:
        return None
    code = text.strip().upper()
    return code if code in MINOR_DIGITS else None


def minor_digits(code: str | None) -> int | None:
    """Return the decimals that amounts of a currency have; None where it is not known."""
    known = currency_code(code)
    return None if known is None else MINOR_DIGITS[known]


def round_money(amount: float | Decimal, code: str | None) -> Decimal:
    """Round to the currency's minor unit, halves away from zero; unchanged if it is not known."""
    digits = minor_digits(code)
    value = decimal_of(amount)
    if digits is None:
        return value
    rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return abs(rounded) if rounded.is_zero() else rounded  # no -0.00


def format_money(amount: float | Decimal, code: str | None) -> str:
    """Write an amount with its currency, as "17,723.20 USD".

    A currency that is not known is shown as it is written, its amount with the digits it has.
    """
    shown = currency_code(code) or (code or "").strip()
    return f"{round_money(amount, code):,f} {shown}".strip()
