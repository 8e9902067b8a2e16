"""Whether a model is better than another on the same asks, beyond what chance would do.

Both are measured on the same drawings of the groups, so what makes a drawing hard is the same
for both and cancels in the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np

from training.bootstrap import TAILS, Resampled

SMALLER_IS_BETTER = {"log_loss": True, "pr_auc": False}
"""The figures that are compared: how good the probabilities are, and the order."""
LEVEL = 0.05

Compared = dict[str, dict[str, dict[str, Any]]]
"""Other -> figure -> difference, low, high, p, holm, verdict."""


class Word(StrEnum):
    """What a comparison showed."""

    BETTER = "better"
    SAME = "no difference shown"
    WORSE = "worse"
    UNKNOWN = "cannot be compared"


def compared(
    model: Mapping[str, Resampled], others: Mapping[str, Mapping[str, Resampled]]
) -> Compared:
    """The model's figures less those of every other, with what they show.

    p: twice the smaller share of drawings on one side of no difference; a share, not the
        p-value of an exact test. holm: the same after Holm's correction for all comparisons
        made here, which the verdict goes by.
    """
    found = {
        other: {name: _difference(model[name], drawn[name]) for name in SMALLER_IS_BETTER}
        for other, drawn in others.items()
    }
    told = [figure for figures in found.values() for figure in figures.values()]
    for figure, share in zip(told, _holm([figure["p"] for figure in told]), strict=True):
        figure["holm"] = share
    for figures in found.values():
        for name, figure in figures.items():
            figure["verdict"] = str(_word(figure, smaller_is_better=SMALLER_IS_BETTER[name]))
    return found


def _difference(model: Resampled, other: Resampled) -> dict[str, Any]:
    away = model.again - other.again
    formed = away[np.isfinite(away)]
    value = model.value - other.value
    if not np.isfinite(value) or not len(formed):
        return {"difference": None, "low": None, "high": None, "p": None}
    low, high = np.percentile(formed, TAILS)
    beyond = min(int((formed <= 0).sum()), int((formed >= 0).sum()))
    p = min(1.0, 2 * (beyond + 1) / (len(formed) + 1))
    return {"difference": float(value), "low": float(low), "high": float(high), "p": p}


def _holm(shares: list[float | None]) -> list[float | None]:
    """Each share times the number of comparisons not yet decided, never falling."""
    known = sorted((share, place) for place, share in enumerate(shares) if share is not None)
    found: list[float | None] = [None] * len(shares)
    least = 0.0
    for rank, (share, place) in enumerate(known):
        least = max(least, min(1.0, share * (len(known) - rank)))
        found[place] = least
    return found


def _word(figure: Mapping[str, Any], *, smaller_is_better: bool) -> Word:
    if figure["holm"] is None:
        return Word.UNKNOWN
    if figure["holm"] >= LEVEL:
        return Word.SAME
    return Word.BETTER if (figure["difference"] < 0) is smaller_is_better else Word.WORSE
