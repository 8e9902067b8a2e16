"""Group bootstrap: 95 % intervals of figures and paired comparison of two models.

Both are measured on the same drawings of the groups, so what makes a drawing hard is the same
for both and cancels in the difference.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from training.evaluation.metrics import WeightedMetric

Floats = NDArray[np.float64]
Interval = dict[str, float | None]
Name = TypeVar("Name", bound=Hashable)

RESAMPLES = 500
TAILS = (2.5, 97.5)


@dataclass(frozen=True)
class BootstrapSettings:
    """Seed and number of resamples of a bootstrap."""

    seed: int = 17
    times: int = 1000


@dataclass(frozen=True)
class BootstrapFigure:
    """A figure on the asks as they are, and on each resample of their groups.

    Figures of the same asks and seed use the same resamples, so the differences between them
    are paired.

    Attributes:
        value: NaN where the figure cannot be formed.
        again: (resamples,) values, NaN alike.
    """

    value: float
    again: Floats

    @property
    def interval(self) -> Interval:
        """Value, low and high; None where they cannot be formed."""
        formed = self.again[np.isfinite(self.again)]
        if not np.isfinite(self.value) or not len(formed):
            return {"value": None, "low": None, "high": None}
        low, high = np.percentile(formed, TAILS)
        return {"value": float(self.value), "low": float(low), "high": float(high)}


def bootstrap_intervals(
    metrics: Mapping[str, WeightedMetric],
    group: NDArray[Any],
    seed: int,
    resamples: int = RESAMPLES,
) -> dict[str, Interval]:
    """Value, low and high of every figure; None where a figure cannot be formed.

    group: (n,) rows with the same value share an outcome and are drawn together, so that the
        interval is as wide as the number of independent outcomes makes it.
    """
    results = bootstrap_figures(metrics, group, seed, resamples)
    return {name: figure.interval for name, figure in results.items()}


def bootstrap_figures(
    metrics: Mapping[Name, WeightedMetric],
    group: NDArray[Any],
    seed: int,
    resamples: int = RESAMPLES,
) -> dict[Name, BootstrapFigure]:
    """Compute every metric on the rows and on `resamples` resamples of their groups."""
    members = np.unique(group.astype(str), return_inverse=True)[1]
    once = np.ones(len(members))
    values = {name: measure(once) for name, measure in metrics.items()}
    again: dict[Name, list[float]] = {name: [] for name in metrics}
    for weights in _draw(members, seed, resamples):
        for name, measure in metrics.items():
            again[name].append(measure(weights))
    return {name: BootstrapFigure(values[name], np.array(again[name])) for name in metrics}


def _draw(members: NDArray[np.int64], seed: int, resamples: int) -> Iterator[Floats]:
    """Yield the row weights (n,) of each resample: how often the row's group was drawn."""
    if len(members) == 0:
        return
    random = np.random.default_rng(seed)
    groups = int(members.max()) + 1
    for _ in range(resamples):
        times = np.bincount(random.integers(0, groups, groups), minlength=groups)
        yield times[members].astype(np.float64)


SMALLER_IS_BETTER = {"log_loss": True, "pr_auc": False}
"""The figures that are compared: how good the probabilities are, and the order."""
LEVEL = 0.05

PairedComparisons = dict[str, dict[str, dict[str, Any]]]
"""Other -> figure -> difference, low, high, p, holm, verdict."""


class ComparisonVerdict(StrEnum):
    """Result of a comparison."""

    BETTER = "better"
    SAME = "no difference shown"
    WORSE = "worse"
    UNKNOWN = "cannot be compared"


def compare_paired(
    model: Mapping[str, BootstrapFigure], others: Mapping[str, Mapping[str, BootstrapFigure]]
) -> PairedComparisons:
    """The model's figures less those of every other, with what they show.

    p: twice the smaller share of drawings on one side of no difference; a share, not the
        p-value of an exact test. holm: the same after Holm's correction for all comparisons
        made here, which the verdict goes by.
    """
    comparisons = {
        other: {
            name: _paired_difference(model[name], figures_of_other[name])
            for name in SMALLER_IS_BETTER
        }
        for other, figures_of_other in others.items()
    }
    compared = [figure for figures in comparisons.values() for figure in figures.values()]
    for figure, share in zip(
        compared, _holm_optional([figure["p"] for figure in compared]), strict=True
    ):
        figure["holm"] = share
    for figures in comparisons.values():
        for name, figure in figures.items():
            figure["verdict"] = str(_verdict(figure, smaller_is_better=SMALLER_IS_BETTER[name]))
    return comparisons


def _paired_difference(model: BootstrapFigure, other: BootstrapFigure) -> dict[str, Any]:
    differences = model.again - other.again
    formed = differences[np.isfinite(differences)]
    value = model.value - other.value
    if not np.isfinite(value) or not len(formed):
        return {"difference": None, "low": None, "high": None, "p": None}
    low, high = np.percentile(formed, TAILS)
    beyond = min(int((formed <= 0).sum()), int((formed >= 0).sum()))
    p = min(1.0, 2 * (beyond + 1) / (len(formed) + 1))
    return {"difference": float(value), "low": float(low), "high": float(high), "p": p}


def _holm_optional(shares: list[float | None]) -> list[float | None]:
    """Adjust the p-values that exist by Holm, keeping None in its place."""
    known = sorted((share, place) for place, share in enumerate(shares) if share is not None)
    adjusted: list[float | None] = [None] * len(shares)
    least = 0.0
    for rank, (share, place) in enumerate(known):
        least = max(least, min(1.0, share * (len(known) - rank)))
        adjusted[place] = least
    return adjusted


def _verdict(figure: Mapping[str, Any], *, smaller_is_better: bool) -> ComparisonVerdict:
    if figure["holm"] is None:
        return ComparisonVerdict.UNKNOWN
    if figure["holm"] >= LEVEL:
        return ComparisonVerdict.SAME
    return (
        ComparisonVerdict.BETTER
        if (figure["difference"] < 0) is smaller_is_better
        else ComparisonVerdict.WORSE
    )
