"""A made-up world in which nothing changes, to measure how often the monitor cries wolf.

Cases come from five sites with scales of their own; features are numbers and categories of
several kinds, some often missing; they end exactly as often as stated; people follow and
override at steady rates. Whatever the monitor raises here is a false alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.decisions import Action
from features.feature import FeatureKind, Theme
from models.feature_spec import FeatureSpec
from models.reference_places import Asked, numbers, values
from training.monitor.baseline import Baseline, places_of
from training.monitor.monitor import Frames
from training.monitor.signal import EVERYWHERE

SITES = ("S01", "S02", "S03", "S04", "S05")
CLASSES = ("ON_TIME", "LATE")
REGIONS = ("north", "east", "south", "west")
START = datetime(2026, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
NUMBERS = 24
CATEGORIES = 4
TRAINED_ON = 6000
TASK = "supplier_delay"
DIGEST = "0" * 64
COVERAGE = 0.9
LEVELS = (0.1, 0.5, 0.9)
FLAGGED = 0.3
TEN_PERCENT_BOUND = 1.2815515655446004  # of a standard normal
DECISIONS = (Action.FOLLOWED, Action.OVERRIDDEN, Action.IGNORED)
DECIDED = (0.6, 0.25, 0.15)

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Cases:
    """n cases. columns: feature values. event: stated probability of LATE."""

    site: NDArray[Any]
    columns: Columns
    event: NDArray[np.float64]


def specs(trained: Cases) -> tuple[FeatureSpec, ...]:
    """The features, with what training saw of them."""
    return tuple(_spec(name, column) for name, column in trained.columns.items())


def cases(random: np.random.Generator, rows: int) -> Cases:
    """Independent cases, the same law for training and for every week."""
    number = random.integers(0, len(SITES), rows)
    columns = {f"number_{i:02d}": _number(random, i, number) for i in range(NUMBERS)}
    columns |= {f"category_{i}": _category(random, i, number) for i in range(CATEGORIES)}
    columns["quantity"] = np.ceil(random.lognormal(3.0 + 0.4 * number, 0.7))
    event = random.beta(1.2 + 0.2 * number, 5.0)
    return Cases(np.array(SITES, dtype=object)[number], columns, event)


def baseline(seed: int) -> Baseline:
    """A model's reference of TRAINED_ON cases; each feature holds an equal share of gain."""
    random = np.random.default_rng(seed)
    trained, scored = cases(random, TRAINED_ON), cases(random, TRAINED_ON // 5)
    features = specs(trained)
    kept = {
        "all": _place(trained, scored, EVERYWHERE),
        "sites": {site: _place(trained, scored, site) for site in SITES},
    }
    return Baseline(
        task=TASK,
        digest=DIGEST,
        classes=CLASSES,
        specs=features,
        gain={spec.name: 1.0 / len(features) for spec in features},
        coverage=COVERAGE,
        levels=LEVELS,
        places=places_of(features, kept),
    )


def frames(random: np.random.Generator, rows: int, earlier: int) -> Frames:
    """A week of `rows` cases from START + WEEK on, and `earlier` cases of the week before."""
    asked = cases(random, rows + earlier)
    since = np.where(np.arange(rows + earlier) < earlier, 0, 7 * 24 * 60)
    minutes = since + random.integers(0, 7 * 24 * 60, rows + earlier)
    at = pd.Timestamp(START) + pd.to_timedelta(minutes, unit="m")
    named = [f"r{i}" for i in range(rows + earlier)]
    return Frames(
        _recommendations(random, asked, named, at),
        _decisions(random, named, at),
        _outcomes(random, asked, named, at),
    )


def _recommendations(
    random: np.random.Generator, asked: Cases, named: list[str], at: pd.DatetimeIndex
) -> pd.DataFrame:
    given = {name: _plain(column) for name, column in asked.columns.items()}
    rows = len(named)
    sets = random.random(rows)
    # A set of one class holds the truth where it should; else both classes are kept.
    return pd.DataFrame(
        {
            "id": named,
            "task": TASK,
            "site_id": asked.site,
            "case_id": [f"c{name}" for name in named],
            "asked_at": at,
            "model_digest": DIGEST,
            "explained_class": CLASSES[1],
            "probability": asked.event,
            "exception_probability": asked.event,
            "probabilities": [{CLASSES[0]: 1 - p, CLASSES[1]: p} for p in asked.event.tolist()],
            "class_set": [list(CLASSES) if u < COVERAGE else [] for u in sets.tolist()],
            "delay_days": [{"0.1": -TEN_PERCENT_BOUND, "0.5": 0.0, "0.9": TEN_PERCENT_BOUND}]
            * rows,
            "flagged": asked.event > FLAGGED,
            "abstained": random.random(rows) < 0.08,
            "audit_sample": random.random(rows) < 0.05,
            "unseen": [[]] * rows,
            "features": [{n: v[i] for n, v in given.items()} for i in range(rows)],
        }
    )


def _decisions(random: np.random.Generator, named: list[str], at: pd.DatetimeIndex) -> pd.DataFrame:
    told = np.flatnonzero(random.random(len(named)) < 0.5)
    actions = random.choice(len(DECISIONS), len(told), p=DECIDED)
    return pd.DataFrame(
        {
            "decision_id": [f"d{i}" for i in told],
            "recommendation_id": [named[i] for i in told],
            "action": [str(DECISIONS[a]) for a in actions],
            "resolved_as": None,
            "role": "buyer",
            "happened_at": at[told],
            "known_at": at[told],
        }
    )


def _outcomes(
    random: np.random.Generator, asked: Cases, named: list[str], at: pd.DatetimeIndex
) -> pd.DataFrame:
    """A case ends within the moment it is asked, so that a week has its outcomes."""
    return pd.DataFrame(
        {
            "recommendation_id": named,
            "case_id": [f"c{name}" for name in named],
            "task": TASK,
            "label": (random.random(len(named)) < asked.event).astype(np.int64),
            "target": random.normal(size=len(named)),
            "matured_at": at,
        }
    )


def _number(random: np.random.Generator, kind: int, site: NDArray[np.int64]) -> NDArray[np.float64]:
    """Five kinds in turn: steady, skewed, counts with many zeros, flags, often missing."""
    rows = len(site)
    match kind % 5:
        case 0:
            return random.normal(site, 1.0)
        case 1:
            return random.lognormal(0.3 * site, 1.0)
        case 2:
            return random.poisson(0.4 + 0.2 * site).astype(np.float64)
        case 3:
            return (random.random(rows) < 0.03 * (1 + kind)).astype(np.float64)
        case _:
            drawn = random.gamma(2.0, 1.0 + site)
            return np.where(random.random(rows) < 0.3, np.nan, drawn)


def _category(random: np.random.Generator, kind: int, site: NDArray[np.int64]) -> NDArray[Any]:
    """Unequal shares that turn from site to site; one in fifty is missing."""
    weight = random.random(len(site)) ** (1.5 + kind)
    drawn = (np.floor(weight * len(REGIONS)).astype(np.int64) + site) % len(REGIONS)
    named = np.array(REGIONS, dtype=object)[drawn]
    named[random.random(len(site)) < 0.02] = None
    return named


def _spec(name: str, column: NDArray[Any]) -> FeatureSpec:
    number = column.dtype.kind == "f"
    return FeatureSpec(
        name=name,
        kind=FeatureKind.NUMBER if number else FeatureKind.CATEGORY,
        theme=Theme.ORDER,
        unit="pieces" if name == "quantity" else "",
        missing="not told",
        sentence=f"{name} is {{value}}",
        categories=() if number else REGIONS,
        low=float(np.nanmin(column)) if number else None,
        high=float(np.nanmax(column)) if number else None,
    )


def _place(trained: Cases, scored: Cases, place: str) -> dict[str, Any]:
    here = np.ones(len(trained.site), bool) if place == EVERYWHERE else trained.site == place
    later = np.ones(len(scored.site), bool) if place == EVERYWHERE else scored.site == place
    asked, after = _asked(trained.site[here]), _asked(scored.site[later])
    return {
        "rows": int(here.sum()),
        "inputs": {
            name: (numbers if column.dtype.kind == "f" else values)(column[here], asked)
            for name, column in trained.columns.items()
        },
        "score_rows": int(later.sum()),
        "score": numbers(scored.event[later], after),
    }


def _asked(site: NDArray[Any]) -> Asked:
    """Spread evenly over the year before START."""
    days = (np.arange(len(site)) * 364 // max(len(site), 1)).astype("timedelta64[D]")
    return Asked(site, np.datetime64("2025-01-01", "us") + days)


def _plain(column: NDArray[Any]) -> list[Any]:
    return [None if v is None or v != v else v for v in column.tolist()]  # noqa: PLR0124 (NaN)
