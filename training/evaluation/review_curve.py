"""Review curve: which share of the cases is flagged, and which share of the exceptions that finds.

A case is flagged where the model's probability of an exception reaches a threshold or a rule that
may flag found something, as the service flags it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from models.rule_precision import RulePrecisions, is_worth_flagging

Floats = NDArray[np.float64]
SHARES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.75)


@dataclass(frozen=True)
class ReviewPoint:
    """One way to flag cases. flagged, recall: shares of all cases and of the exceptions."""

    name: str
    flagged: float
    recall: float


def review_curve(
    probability: Floats,
    exception: NDArray[np.bool_],
    by_rule: NDArray[np.bool_],
    by_any_rule: NDArray[np.bool_],
    watch: float,
) -> list[ReviewPoint]:
    """Return the recall at each share of SHARES, of the rules alone, and of what is served.

    Args:
        probability: (n,) of any exception.
        exception: (n,) whether the case ended as one.
        by_rule: (n,) whether a rule that flags found something.
        by_any_rule: (n,) whether any rule did, those that only inform included.
        watch: probability from which the service flags a case.
    """
    points = [
        _point("every rule", by_any_rule, exception),
        _point("rules that flag", by_rule, exception),
        _point("as served", by_rule | (probability >= watch), exception),
    ]
    order = np.lexsort((-probability, ~by_rule))  # what a rule flags is flagged at any threshold
    ranked = np.empty(len(order), dtype=np.int64)
    ranked[order] = np.arange(len(order))
    by_model = np.argsort(np.argsort(-probability, kind="stable"), kind="stable")
    for share in SHARES:
        most = round(share * len(probability))
        points.append(_point(f"model, {share:.0%}", by_model < most, exception))
        if most >= by_rule.sum():
            points.append(_point(f"rules and model, {share:.0%}", ranked < most, exception))
    return points


def flagged_by_rule(
    findings: Sequence[Collection[str]],
    site: Sequence[str | None],
    measured: RulePrecisions,
    floor: float,
    always: Collection[str],
) -> NDArray[np.bool_]:
    """Return, for each case, whether a rule flags it, see `is_worth_flagging`."""
    worth = cache(partial(is_worth_flagging, measured=measured, floor=floor, always=always))
    return np.array(
        [
            any(worth(code, place) for code in found)
            for found, place in zip(findings, site, strict=True)
        ],
        dtype=bool,
    )


def _point(name: str, flagged: NDArray[np.bool_], exception: NDArray[np.bool_]) -> ReviewPoint:
    events = int(exception.sum())
    recall = float((flagged & exception).sum() / events) if events else float("nan")
    return ReviewPoint(name, float(flagged.mean()) if len(flagged) else 0.0, recall)
