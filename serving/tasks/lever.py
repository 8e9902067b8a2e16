"""Levers of a counterfactual: changes of a case that people could establish or bring about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from data.calendar_days import local_day

Record = Mapping[str, Any]

# A fact that a lever establishes becomes known a moment before the question, like everything a
# case holds; known at that very moment it would look like a document posted with the question.
KNOWN_BEFORE_ASK = timedelta(seconds=1)


@dataclass(frozen=True)
class Lever:
    """A change of a case that people could establish or bring about.

    name: part of the answer of /counterfactuals.
    title: the change in words, for the list of what was tried.
    fields: all fields of the case that it changes.
    most: largest amount, at least 1; 1 where the lever is either pulled or not.
    unit: of amounts.
    change: returns a new record with that amount (1 to `most`); leaves the given one as it is.
    words: completes "would drop ... if ..." for an amount: a fact to establish, never a
        document to falsify.
    excludes: names of levers never combined with it, as both answer one question or change
        one line. Stating one direction is enough.
    """

    name: str
    title: str
    fields: frozenset[str]
    most: int
    unit: str
    change: Callable[[Record, int], Record]
    words: Callable[[int], str]
    excludes: frozenset[str] = frozenset()

    def combines_with(self, other: Lever) -> bool:
        """Whether both may be pulled together."""
        return other.name not in self.excludes and self.name not in other.excludes


FindLevers = Callable[[Record, datetime], Sequence[Lever]]
"""Levers of a case at the moment asked about."""


def tomorrow(asked_at: datetime, zone: str | None) -> date:
    """Return the day at the site after that of the question: the first that can be agreed on."""
    return local_day(asked_at, zone) + timedelta(days=1)


def stated_day(day: date) -> datetime:
    """Return midnight UTC of a day, the moment that stands for the day at the site."""
    return datetime.combine(day, time(), UTC)


def format_units(count: float) -> str:
    """Write a quantity with its noun: "1 unit", "2.5 units"."""
    text = f"{count:,.2f}".rstrip("0").rstrip(".")
    return f"{text} unit" if count == 1 else f"{text} units"


def format_day(day: date) -> str:
    """Write a day as "10 Mar 2026"."""
    return f"{day:%d %b %Y}"
