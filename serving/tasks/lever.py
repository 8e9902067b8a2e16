"""Levers of a counterfactual: one thing of a case that people could establish or bring about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

Record = Mapping[str, Any]

# What is established now becomes known a moment before the question, as all that a case
# holds; in the very moment of asking it would look like a document posted together with it.
KNOWN_BEFORE_ASK = timedelta(seconds=1)


class LeverName(StrEnum):
    """What could be brought about."""

    EARLIER_RECEIPT = "EARLIER_RECEIPT"
    UNITS_RECEIPTED = "UNITS_RECEIPTED"
    UNITS_TRANSFERRED_IN = "UNITS_TRANSFERRED_IN"
    LARGER_RECEIPT = "LARGER_RECEIPT"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    SHIP_NOTICE = "SHIP_NOTICE"
    DATE_CONFIRMED = "DATE_CONFIRMED"
    RECEIVED_IN_PART = "RECEIVED_IN_PART"
    RECEIPT_POSTED = "RECEIPT_POSTED"
    ORDER_AMENDED = "ORDER_AMENDED"
    PRICE_CREDITED = "PRICE_CREDITED"
    QUANTITY_CREDITED = "QUANTITY_CREDITED"
    TAX_SETTLED = "TAX_SETTLED"
    FREIGHT_CREDITED = "FREIGHT_CREDITED"


# Two answers to one question, or two changes of one line: never put together.
EXCLUSIVE_LEVERS = (
    {LeverName.ORDER_AMENDED, LeverName.PRICE_CREDITED},
    {LeverName.RECEIPT_POSTED, LeverName.QUANTITY_CREDITED},
    {LeverName.LARGER_RECEIPT, LeverName.EARLIER_RECEIPT},
    {LeverName.LARGER_RECEIPT, LeverName.UNITS_RECEIPTED},
    {LeverName.EARLIER_RECEIPT, LeverName.UNITS_RECEIPTED},
)


@dataclass(frozen=True)
class Lever:
    """One thing that could be otherwise.

    fields: those of the case that it changes, and no others.
    most: largest amount, at least 1; a lever that is pulled or not has 1. unit: of amounts.
    change: the case with that amount (1 to `most`); a new record, the given one stays.
    words: the same, to finish "would drop ... if ...": a fact to establish, never a document
        to falsify.
    title: what was tried, in words.
    """

    name: LeverName
    title: str
    fields: frozenset[str]
    most: int
    unit: str
    change: Callable[[Record, int], Record]
    words: Callable[[int], str]


def next_midnight(asked_at: datetime) -> datetime:
    """Midnight UTC after the moment asked about: the first day that can still be agreed."""
    day = asked_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


def format_units(count: float) -> str:
    """A quantity with its noun."""
    text = f"{count:,.2f}".rstrip("0").rstrip(".")
    return f"{text} unit" if count == 1 else f"{text} units"


def format_day(moment: datetime) -> str:
    """A day as people write it."""
    return f"{moment:%d %b %Y}"
