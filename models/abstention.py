"""Abstention: when no advice is given on a score, and the reason as a sentence.

A case is abstained on where the model has no ground to stand on, not where it is merely
undecided: a probability near the threshold that rests on many past cases is a good answer.
The score itself is kept; only the advice is withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.model import Predictions
from models.task import AbstentionLimits

MOST_NAMED_FEATURES = 3  # features a sentence names before it only counts them


class AbstentionReason(StrEnum):
    """Reasons not to give advice on a case."""

    UNSEEN_KEY = "unseen key"
    OUT_OF_RANGE = "out of range"
    STALE_HISTORY = "stale history"
    WIDE_INTERVAL = "wide interval"
    STRADDLES_THRESHOLD = "straddles threshold"


class ActionThreshold(Protocol):
    """States the probability from which an action is suggested."""

    @property
    def act(self) -> float:
        """Least probability of the class explained at which to act."""


@dataclass(frozen=True)
class FixedThreshold:
    """Action threshold that is the same for all cases; training evaluates with it."""

    act: float = 0.5


def find_abstention_reasons(
    predictions: Predictions,
    row: int,
    limits: AbstentionLimits,
    thresholds: ActionThreshold,
    history_days: float | None = None,
) -> tuple[tuple[AbstentionReason, str], ...]:
    """Find the reasons not to give advice on a row, each with its sentence.

    The span of a probability is the 90 % interval of similar past cases together with the
    probability itself, which may lie outside. STRADDLES_THRESHOLD applies to two classes only,
    and holds where the span has `thresholds.act` inside it (low < act < high) and rests on fewer
    than `limits.few` past cases.

    history_days: age of the history at the moment asked about; None where it is not known.
    """
    found = (
        _unseen_key(predictions.unseen[row], limits.key_features),
        _out_of_range(predictions.outside[row], limits.most_outside),
        _stale_history(history_days, limits.oldest_days),
        _wide_interval(predictions, row, limits.widest),
        _straddles_threshold(predictions, row, limits.few, thresholds.act),
    )
    return tuple(reason for reason in found if reason is not None)


def abstention_mask(
    predictions: Predictions, limits: AbstentionLimits, thresholds: ActionThreshold
) -> NDArray[np.bool_]:
    """Return (n,) flags of rows with a reason not to advise; the age of history is left aside."""
    rows = range(len(predictions))
    return np.array(
        [bool(find_abstention_reasons(predictions, row, limits, thresholds)) for row in rows],
        dtype=bool,
    )


ReasonAndSentence = tuple[AbstentionReason, str] | None


def _unseen_key(unseen: Sequence[str], key_features: Sequence[str]) -> ReasonAndSentence:
    names = [name for name in key_features if name in unseen]
    if not names:
        return None
    return AbstentionReason.UNSEEN_KEY, (
        f"No advice: the model has never seen this {_listed(names)}, "
        "so past cases say little about this one."
    )


def _out_of_range(outside: Sequence[str], most: int) -> ReasonAndSentence:
    if len(outside) <= most:
        return None
    return AbstentionReason.OUT_OF_RANGE, (
        f"No advice: {len(outside)} numbers lie outside what the model has seen "
        f"({_listed(outside)}; {most} are allowed); check the units."
    )


def _stale_history(history_days: float | None, oldest: int) -> ReasonAndSentence:
    if history_days is None or history_days <= oldest:
        return None
    return AbstentionReason.STALE_HISTORY, (
        f"No advice: the history behind this score is {history_days:.0f} days old, "
        f"and at most {oldest} are allowed."
    )


def _wide_interval(predictions: Predictions, row: int, widest: float) -> ReasonAndSentence:
    low, high = _span(predictions, row)
    if high - low <= widest:
        return None
    return AbstentionReason.WIDE_INTERVAL, (
        f"No advice: the probability lies anywhere from {low:.0%} to {high:.0%}; "
        f"only {_cases(int(predictions.similar[row]))} had one like it."
    )


def _straddles_threshold(
    predictions: Predictions, row: int, few: int, act: float
) -> ReasonAndSentence:
    low, high = _span(predictions, row)
    similar = int(predictions.similar[row])
    if predictions.probability.shape[1] != 2 or not low < act < high or similar >= few:
        return None
    return AbstentionReason.STRADDLES_THRESHOLD, (
        f"No advice: with only {_cases(similar)} like it the probability, {low:.0%} to "
        f"{high:.0%}, may be on either side of the {act:.0%} from which to act."
    )


def _span(predictions: Predictions, row: int) -> tuple[float, float]:
    """Return the interval of similar past cases, widened to hold the probability."""
    score = float(predictions.probability[row, predictions.explained[row]])
    return min(float(predictions.low[row]), score), max(float(predictions.high[row]), score)


def _cases(count: int) -> str:
    return f"{count} past case" if count == 1 else f"{count} past cases"


def _listed(names: Sequence[str]) -> str:
    plain = [name.removesuffix("_id").replace("_", " ") for name in names]
    if len(plain) > MOST_NAMED_FEATURES:
        return (
            f"{', '.join(plain[:MOST_NAMED_FEATURES])} and {len(plain) - MOST_NAMED_FEATURES} more"
        )
    return " and ".join([", ".join(plain[:-1]), plain[-1]] if len(plain) > 1 else plain)
