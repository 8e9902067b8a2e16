"""How many of a site's events lie among the asks that are looked at first.

People look at a share of all asks, the most pressing first. A model that puts one site's
events further down the list than another's gives that site less of their attention.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.model import Predictions
from models.training_set import TrainingSet
from training.bootstrap import Interval, intervals

REACHED = "reached"
LOOKED_AT = 0.2


def reached(
    measured: TrainingSet,
    answers: Predictions,
    looked_at: float = LOOKED_AT,
    seed: int = 17,
    resamples: int = 200,
) -> dict[str, Interval]:
    """Share of events among the most probable asks, by view: "all", "site:S01", ...

    looked_at: share of all asks, over all sites. Events are what is not the first class.
    None where a site has no event. Intervals are 95 %, by drawing whole groups again.
    """
    event, said = measured.label > 0, 1.0 - answers.probability[:, 0]
    first = _most_probable(said, looked_at)
    sites = measured.site.astype(str)
    views = {"all": np.ones(len(measured), dtype=bool)}
    views |= {f"site:{site}": sites == site for site in np.unique(sites).tolist()}
    return {
        name: _share(event[rows], first[rows], measured.group[rows], seed, resamples)
        for name, rows in views.items()
    }


def _most_probable(said: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """(n,) whether an ask is among that share of all; of equals, the earlier one."""
    most = np.argsort(-said, kind="stable")[: round(share * len(said))]
    return np.isin(np.arange(len(said)), most)


def _share(
    event: NDArray[np.bool_],
    first: NDArray[np.bool_],
    group: NDArray[np.generic],
    seed: int,
    resamples: int,
) -> Interval:
    events, both = event.astype(np.float64), (event & first).astype(np.float64)
    if not event.any():
        return {"value": None, "low": None, "high": None}

    def measure(weights: NDArray[np.float64]) -> float:
        mass = float(weights @ events)
        return float(weights @ both) / mass if mass > 0 else float("nan")

    return intervals({REACHED: measure}, group, seed, resamples)[REACHED]
