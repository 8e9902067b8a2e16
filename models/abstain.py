"""When a score should not be advised on, and why, in a sentence for the reviewer.

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
from models.task import TaskName

NAMED = 3  # features a sentence names before it only counts them


class Abstain(StrEnum):
    """Why a case is not advised on."""

    UNSEEN_KEY = "unseen key"
    OUT_OF_RANGE = "out of range"
    STALE_HISTORY = "stale history"
    WIDE_INTERVAL = "wide interval"
    STRADDLES_THRESHOLD = "straddles threshold"


class Acting(Protocol):
    """Whatever says from which probability on something is suggested."""

    @property
    def act(self) -> float:
        """Least probability of the class explained at which to act."""


@dataclass(frozen=True)
class Threshold:
    """The plainest `Acting`; what training counts with."""

    act: float = 0.5


@dataclass(frozen=True)
class Limits:
    """How far a case may be from what the model knows before it is abstained on.

    key_features: categories that must have been seen in training.
    most_outside: numbers that may lie outside what training saw.
    widest: width that the interval of the probability may have, 0 to 1.
    oldest_days: days that the history may be behind the moment asked about.
    few: past cases with a similar probability below which an interval that holds the
        threshold is too thin to tell the two sides apart.
    """

    key_features: tuple[str, ...] = ()
    most_outside: int = 3
    widest: float = 0.4
    oldest_days: int = 14
    few: int = 150


LIMITS: dict[TaskName, Limits] = {
    TaskName.STOCK_RISK: Limits(key_features=("category", "region", "site_type")),
    TaskName.INVOICE_MISMATCH: Limits(key_features=("supplier_id", "site_id", "category")),
    TaskName.SUPPLIER_DELAY: Limits(key_features=("supplier_id", "site_id", "category")),
}
"""What training counts with. The service's policy states limits of its own."""


def abstentions(
    predictions: Predictions,
    row: int,
    limits: Limits,
    thresholds: Acting,
    history_days: float | None = None,
) -> tuple[tuple[Abstain, str], ...]:
    """Reasons not to advise on that row, each with its sentence; empty where there is none.

    STRADDLES_THRESHOLD applies to two classes only, and holds where the probability's 90 %
    interval has `thresholds.act` inside it (low < act < high) and rests on fewer than
    `limits.few` past cases.

    history_days: age of the history at the moment asked about; None where it is not known.
    """
    found = (
        _unseen(predictions.unseen[row], limits.key_features),
        _outside(predictions.outside[row], limits.most_outside),
        _stale(history_days, limits.oldest_days),
        _wide(predictions, row, limits.widest),
        _straddling(predictions, row, limits.few, thresholds.act),
    )
    return tuple(reason for reason in found if reason is not None)


def abstained(predictions: Predictions, limits: Limits, thresholds: Acting) -> NDArray[np.bool_]:
    """(n,) whether there is any reason not to advise on the row, its history's age aside."""
    rows = range(len(predictions))
    return np.array(
        [bool(abstentions(predictions, row, limits, thresholds)) for row in rows], dtype=bool
    )


Reason = tuple[Abstain, str] | None


def _unseen(unseen: Sequence[str], key_features: Sequence[str]) -> Reason:
    names = [name for name in key_features if name in unseen]
    if not names:
        return None
    return Abstain.UNSEEN_KEY, (
        f"No advice: the model has never seen this {_listed(names)}, "
        "so past cases say little about this one."
    )


def _outside(outside: Sequence[str], most: int) -> Reason:
    if len(outside) <= most:
        return None
    return Abstain.OUT_OF_RANGE, (
        f"No advice: {len(outside)} of the case's numbers lie outside everything the model "
        f"has seen ({_listed(outside)}), more than the {most} allowed; check the units."
    )


def _stale(history_days: float | None, oldest: int) -> Reason:
    if history_days is None or history_days <= oldest:
        return None
    return Abstain.STALE_HISTORY, (
        f"No advice: the history behind this score is {history_days:.0f} days old, "
        f"and at most {oldest} are allowed."
    )


def _wide(predictions: Predictions, row: int, widest: float) -> Reason:
    low, high = float(predictions.low[row]), float(predictions.high[row])
    if high - low <= widest:
        return None
    return Abstain.WIDE_INTERVAL, (
        f"No advice: the probability lies anywhere from {low:.0%} to {high:.0%}; "
        f"only {_cases(int(predictions.similar[row]))} had one like it."
    )


def _straddling(predictions: Predictions, row: int, few: int, act: float) -> Reason:
    low, high = float(predictions.low[row]), float(predictions.high[row])
    similar = int(predictions.similar[row])
    if predictions.probability.shape[1] != 2 or not low < act < high or similar >= few:
        return None
    return Abstain.STRADDLES_THRESHOLD, (
        f"No advice: with only {_cases(similar)} like it the probability, {low:.0%} to "
        f"{high:.0%}, may be on either side of the {act:.0%} from which to act."
    )


def _cases(count: int) -> str:
    return f"{count} past case" if count == 1 else f"{count} past cases"


def _listed(names: Sequence[str]) -> str:
    plain = [name.removesuffix("_id").replace("_", " ") for name in names]
    if len(plain) > NAMED:
        return f"{', '.join(plain[:NAMED])} and {len(plain) - NAMED} more"
    return " and ".join([", ".join(plain[:-1]), plain[-1]] if len(plain) > 1 else plain)
