"""Sentences and number formats for signals on the page, in JSON and in the terminal."""

from __future__ import annotations

import math

from training.monitor.signals import Signal, SignalKind
from training.monitor.unit_changes import UnitChange

SIGNAL_SENTENCES = {
    SignalKind.SHIFT: "{subject} moved {where}: {moved}",
    SignalKind.SCORE: "the score moved {where}: {moved}",
    SignalKind.MISSING: "{subject} is missing in {found} of cases {where}, {expected} in training",
    SignalKind.UNSEEN: "{subject} has a value the model never saw in {found} of cases {where}",
    SignalKind.OUTSIDE: "{subject} lies outside all that training saw in {found} of cases {where}",
    SignalKind.LEVEL: (
        "{subject} was stated at {expected} on average {where}, "
        "and came in {found} of {rows} ended cases"
    ),
    SignalKind.SPREAD: "stated probabilities are off by {points} on average {where}",
    SignalKind.SKILL: (
        "log-loss {log_loss:.3f} is worse than that of the plain class shares, {of_shares:.3f}"
    ),
    SignalKind.CLASS_SET: (
        "the {subject} held the truth in {found} of {rows} ended cases {where}, stated {expected}"
    ),
    SignalKind.INTERVAL: (
        "the {subject} held the truth in {found} of {rows} ended cases {where}, stated {expected}"
    ),
    SignalKind.ABSTAINED: "the service abstained in {found} of cases {where}, {expected} before",
    SignalKind.OVERRIDDEN: "people overrode {found} of decided cases {where}, {expected} before",
    SignalKind.FOLLOWED: "people followed {found} of decided cases {where}, {expected} before",
}


def signal_sentence(signal: Signal) -> str:
    """Return a sentence on what a signal found, against what was expected, and where."""
    return SIGNAL_SENTENCES[signal.kind].format(
        subject=signal.subject,
        where="at all sites together" if signal.everywhere else f"at site {signal.place}",
        found=format_share(signal.found),
        expected=format_share(signal.expected),
        points=format_points(signal.found),
        rows=signal.rows,
        log_loss=signal.found,
        of_shares=signal.expected,
        moved=_shift_phrase(signal) if "psi" in signal.figures else "",
    )


MAX_ALSO_NAMED = 3


def unit_change_sentence(change: UnitChange) -> str:
    """Return a sentence on the probable unit change and what to do first."""
    looks = f", as between {change.looks_like}" if change.looks_like else ""
    also = f"; {', '.join(change.also[:MAX_ALSO_NAMED])} moved with it" if change.also else ""
    return (
        f"unit of measure probably changed at site {change.site}, feature {change.feature}: "
        f"ratio of medians {format_number(change.factor)}{looks}{also}. "
        "Mend the data first, do not retrain"
    )


def format_share(value: float) -> str:
    """A share as a percentage."""
    if math.isnan(value):
        return "not known"
    percent = 100 * value
    return f"{percent:.0f}%" if percent == 0 or percent >= 9.95 else f"{percent:.1f}%"


def format_points(value: float) -> str:
    """A difference of shares."""
    return f"{100 * value:.1f} points"


def format_number(value: float) -> str:
    """A number with three or four figures, as people write it."""
    if math.isnan(value):
        return "not known"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def format_p_value(p: float) -> str:
    """A p-value."""
    return "under 0.001" if p < 0.001 else f"{p:.3f}"


def _shift_phrase(signal: Signal) -> str:
    psi = f"PSI {signal.figures['psi']:.2f}, chance explains {signal.figures['psi_bound']:.2f}"
    if signal.value:
        return (
            f"{signal.value} is {format_share(signal.found)}, was "
            f"{format_share(signal.expected)} ({psi})"
        )
    return f"median {format_number(signal.found)}, was {format_number(signal.expected)} ({psi})"
