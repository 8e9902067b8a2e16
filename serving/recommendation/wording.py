"""Phrases that the sentences of all tasks share: counts, days, quantities, probabilities."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from data.decimals import decimal_of
from serving.recommendation.score import Score

EVEN = 0.5  # probability from which an event is called expected
QUANTITY_DECIMALS = 3
PRICE_DECIMALS = 6
LEAST_PRICE_DECIMALS = 2
SHARE_DECIMALS = 1
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def plural(count: float, noun: str, nouns: str | None = None) -> str:
    """Write a count with its noun: "1 invoice", "1,200 invoices".

    nouns: plural where it is not the noun with an s.
    """
    many = f"{noun}s" if nouns is None else nouns
    return f"{format_quantity(count)} {noun if count == 1 else many}"


def short_date(day: date, asked_day: date) -> str:
    """Write a day as "30 Sep"; with its year where that is not the year of the question."""
    text = f"{day.day} {MONTHS[day.month - 1]}"
    return text if day.year == asked_day.year else f"{text} {day.year}"


def days_apart(days: int) -> str:
    """Write how far a day lies from another: "24 days before", "same day", "1 day after"."""
    if days == 0:
        return "same day"
    return f"{plural(abs(days), 'day')} {'after' if days > 0 else 'before'}"


def format_quantity(value: Decimal | float) -> str:
    """Write a quantity with the digits it has, three decimals at most: "1,234.5"."""
    return _digits(value, 0, QUANTITY_DECIMALS)


def format_price(value: Decimal | float) -> str:
    """Write a price with the digits it has, two to six decimals: "24.88", "0.0374"."""
    return _digits(value, LEAST_PRICE_DECIMALS, PRICE_DECIMALS)


def format_share(share: Decimal | float) -> str:
    """Write a share that was computed, such as a variance, in percent: "7%", "2.5%"."""
    return f"{_digits(decimal_of(share) * 100, 0, SHARE_DECIMALS)}%"


def percent(probability: float) -> str:
    """Write a probability in whole percent, never as a certainty the model does not claim."""
    if 0 < probability < 0.01:
        return "under 1%"
    if 0.99 < probability < 1:
        return "over 99%"
    return f"{probability:.0%}"


def delay_phrase(value: float) -> str:
    """Write a delay in days; negative is early."""
    days = round(abs(value))
    if days == 0:
        return "on time"
    return f"{plural(days, 'day')} {'late' if value > 0 else 'early'}"


def certainty_phrase(score: Score) -> str:
    """Write the probability, and in what share of similar past cases it ended so."""
    likely = f"{percent(score.probability)} likely"
    if score.similar == 0:
        return f"{likely}, no similar past cases"
    return f"{likely}, {percent(score.low)} to {percent(score.high)} in similar past cases"


def _digits(value: Decimal | float, least: int, most: int) -> str:
    """Write a number with between `least` and `most` decimals, without further zeros."""
    exact = decimal_of(value)
    rounded = exact.quantize(Decimal(1).scaleb(-most), ROUND_HALF_UP) if _fits(exact) else exact
    whole, _, decimals = f"{rounded + 0:,f}".partition(".")
    kept = decimals[:most].rstrip("0").ljust(least, "0")
    sign_of_zero = whole == "-0" and not kept.strip("0")
    whole = "0" if sign_of_zero else whole
    return f"{whole}.{kept}" if kept else whole


def _fits(value: Decimal) -> bool:
    """Return true if a number can be rounded at the precision of decimal arithmetic."""
    return value.adjusted() + PRICE_DECIMALS + 1 < 28
