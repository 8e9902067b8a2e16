"""Signals in plain words, for the page, the JSON and the terminal."""

from __future__ import annotations

import math

from training.monitor.signal import Kind, Signal
from training.monitor.units import UnitChange

SAID = {
    Kind.SHIFT: "{subject} moved {where}: {moved}",
    Kind.SCORE: "the score moved {where}: {moved}",
    Kind.MISSING: "{subject} is missing in {found} of cases {where}, {expected} in training",
    Kind.UNSEEN: "{subject} has a value the model never saw in {found} of cases {where}",
    Kind.OUTSIDE: "{subject} lies outside all that training saw in {found} of cases {where}",
    Kind.LEVEL: (
        "{subject} was stated at {expected} on average {where}, "
        "and came in {found} of {rows} ended cases"
    ),
    Kind.SPREAD: "stated probabilities are off by {points} on average {where}",
    Kind.SKILL: (
        "log-loss {log_loss:.3f} is worse than that of the plain class shares, {of_shares:.3f}"
    ),
    Kind.CLASS_SET: (
        "the {subject} held the truth in {found} of {rows} ended cases {where}, stated {expected}"
    ),
    Kind.INTERVAL: (
        "the {subject} held the truth in {found} of {rows} ended cases {where}, stated {expected}"
    ),
    Kind.ABSTAINED: "the service abstained in {found} of cases {where}, {expected} before",
    Kind.OVERRIDDEN: "people overrode {found} of decided cases {where}, {expected} before",
    Kind.FOLLOWED: "people followed {found} of decided cases {where}, {expected} before",
}


def sentence(signal: Signal) -> str:
    """What was found, against what was expected, and where."""
    return SAID[signal.kind].format(
        subject=signal.subject,
        where="at all sites together" if signal.everywhere else f"at site {signal.place}",
        found=share(signal.found),
        expected=share(signal.expected),
        points=points(signal.found),
        rows=signal.rows,
        log_loss=signal.found,
        of_shares=signal.expected,
        moved=_moved(signal) if "psi" in signal.figures else "",
    )


ALSO_NAMED = 3


def unit_sentence(change: UnitChange) -> str:
    """What probably happened, and what to do about it first."""
    looks = f", as between {change.looks_like}" if change.looks_like else ""
    also = f"; {', '.join(change.also[:ALSO_NAMED])} moved with it" if change.also else ""
    return (
        f"unit of measure probably changed at site {change.site}, feature {change.feature}: "
        f"ratio of medians {number(change.factor)}{looks}{also}. "
        "Mend the data first, do not retrain"
    )


def share(value: float) -> str:
    """A share as a percentage."""
    if math.isnan(value):
        return "not known"
    percent = 100 * value
    return f"{percent:.0f}%" if percent == 0 or percent >= 9.95 else f"{percent:.1f}%"


def points(value: float) -> str:
    """A difference of shares."""
    return f"{100 * value:.1f} points"


def number(value: float) -> str:
    """A number with three or four figures, as people write it."""
    if math.isnan(value):
        return "not known"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def chance(p: float) -> str:
    """A p-value."""
    return "under 0.001" if p < 0.001 else f"{p:.3f}"


def _moved(signal: Signal) -> str:
    psi = f"PSI {signal.figures['psi']:.2f}, chance explains {signal.figures['psi_bound']:.2f}"
    if signal.value:
        return f"{signal.value} is {share(signal.found)}, was {share(signal.expected)} ({psi})"
    return f"median {number(signal.found)}, was {number(signal.expected)} ({psi})"
