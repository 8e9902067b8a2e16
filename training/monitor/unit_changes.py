"""Detection of a changed unit.

One site multiplies a quantity by a constant that others do not share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.monitor.distributions import NumericDistribution
from training.monitor.reference import ChampionReference
from training.monitor.signals import ALL_SITES, MonitorThresholds, Signal, SignalKind
from training.monitor.window import RecommendationWindow

Floats = NDArray[np.float64]

MIDDLE_QUANTILES = np.array([0.2, 0.35, 0.5, 0.65, 0.8])
MIN_VALUES = 10
FACTOR_TOLERANCE = 0.15
USUAL_FACTORS = {
    6.0: "packs of six",
    10.0: "tens",
    12.0: "dozens",
    20.0: "scores",
    24.0: "cases of 24",
    48.0: "cases of 48",
    100.0: "hundreds, or cents",
    144.0: "gross",
    1000.0: "thousands, or grams and kilograms",
    2.2046: "pounds and kilograms",
    25.4: "inches and millimetres",
    3.2808: "feet and metres",
}


@dataclass(frozen=True)
class UnitChange:
    """A quantity that is `factor` times what it was at one site, in the same shape.

    Attributes:
        factor: ratio of the middle of the values, without the shift of the other sites.
        now, before: medians.
        looks_like: units with about that ratio, "" if none is usual.
        effect: gap of the cumulative shares.
        also: features that moved with it there.
    """

    site: str
    feature: str
    factor: float
    now: float
    before: float
    looks_like: str
    rows: int
    effect: float
    also: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"also": list(self.also)}


def detect_unit_changes(
    baseline: ChampionReference,
    window: RecommendationWindow,
    signals: Sequence[Signal],
    limits: MonitorThresholds,
) -> list[UnitChange]:
    """Return one change per site: the feature with the clearest constant factor."""
    by_site: dict[str, list[UnitChange]] = {}
    for signal in signals:
        if signal.raised and signal.kind is SignalKind.SHIFT and not signal.everywhere:
            for change in _unit_change_of_signal(baseline, window, signal, limits):
                by_site.setdefault(change.site, []).append(change)
    return [_combine_changes(change) for _, change in sorted(by_site.items())]


def quantile_ratios(
    baseline: ChampionReference, part: RecommendationWindow, place: str, feature: str
) -> Floats | None:
    """(5,) ratios of the middle quantiles, now to the place's; None where they have no ratio."""
    if place not in baseline.places:
        return None
    shape, column = baseline.places[place].inputs[feature], part.columns[feature]
    if not isinstance(shape, NumericDistribution) or not len(shape.at):
        return None
    values = column[np.isfinite(column)]
    if len(values) < MIN_VALUES:
        return None
    now, before = (
        np.quantile(values, MIDDLE_QUANTILES, method="inverted_cdf"),
        shape.quantile(MIDDLE_QUANTILES),
    )
    there = (now > 0) & (before > 0)
    # Where the middle is zero, a factor cannot be seen.
    return np.asarray(now[there] / before[there]) if there[2] and there.sum() >= 3 else None


def _unit_change_of_signal(
    baseline: ChampionReference,
    window: RecommendationWindow,
    signal: Signal,
    limits: MonitorThresholds,
) -> Iterator[UnitChange]:
    ratios = quantile_ratios(baseline, window.at(signal.place), signal.place, signal.subject)
    if ratios is None:
        return
    median_factor = float(np.exp(np.median(np.log(ratios))))
    elsewhere = _factor_at_other_sites(baseline, window, signal)
    factor = median_factor / elsewhere
    # Where all moved, a site that moved a little more than others is no news.
    if abs(np.log(factor)) < max(np.log(limits.factor), abs(np.log(elsewhere))):
        return
    shape = baseline.places[signal.place].inputs[signal.subject]
    column = window.at(signal.place).columns[signal.subject]
    values = column[np.isfinite(column)]
    assert isinstance(shape, NumericDistribution)
    left = shape.gap(values / median_factor, len(values)).gap
    if left <= limits.same_shape + shape.usual_gap and left <= signal.figures["ks"] / 2:
        yield UnitChange(
            signal.place,
            signal.subject,
            factor,
            signal.found,
            signal.expected,
            _usual_units_near(factor),
            signal.rows,
            signal.figures["ks"],
        )


def _factor_at_other_sites(
    baseline: ChampionReference, window: RecommendationWindow, signal: Signal
) -> float:
    """Return the factor by which the other sites moved; 1 where there are none.

    Sites with too few values of their own are taken together, against all sites' reference.
    """
    name = signal.subject
    sites = [site for site in window.sites if site != signal.place]
    others = [quantile_ratios(baseline, window.at(site), site, name) for site in sites]
    if all(ratios is None for ratios in others):
        rest = window.take(np.asarray(window.site != signal.place))
        others = [quantile_ratios(baseline, rest, ALL_SITES, name)]
    middles = [float(np.median(np.log(ratios))) for ratios in others if ratios is not None]
    return float(np.exp(np.median(middles))) if middles else 1.0


def _combine_changes(changes: Sequence[UnitChange]) -> UnitChange:
    """The clearest of a site's changes, with the names of the others."""
    first, *rest = sorted(changes, key=lambda c: (not c.looks_like, -round(c.effect, 1), c.feature))
    fields = asdict(first) | {"also": tuple(c.feature for c in rest)}
    return UnitChange(**fields)


def _usual_units_near(factor: float) -> str:
    """Units with about that ratio, the nearest first; two where few cases leave it open."""
    ratio = max(factor, 1 / factor)
    nearest = sorted(
        (abs(float(np.log(ratio / usual))), name) for usual, name in USUAL_FACTORS.items()
    )
    return " or ".join(name for far, name in nearest[:2] if far <= np.log1p(FACTOR_TOLERANCE))
