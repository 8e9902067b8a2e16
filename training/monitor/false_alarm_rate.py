"""Measure how often the monitor raises an alarm in weeks in which nothing changed.

    python -m training.monitor.false_alarm_rate

Draw weeks from a stationary world, run the whole monitor on each and print the share of weeks
whose advice was not "no need". The world has five sites with their own scales; its features are
numbers and categories of several kinds, some often missing; cases end exactly as often as the
stated probabilities say; people follow and override at steady rates. Every alarm is false.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.decisions import Action
from features.feature import FeatureKind, Theme
from models.encoding.feature_spec import FeatureSpec
from models.reference.by_site import AskedRows, category_distribution, number_distribution
from training.evaluation.statistics import wilson_interval_95
from training.monitor.reference import ChampionReference, read_site_references
from training.monitor.report import MonitoringInputs, monitor_champion
from training.monitor.retraining_advice import Advice
from training.monitor.signals import ALL_SITES, MonitorThresholds
from training.monitor.wording import format_share

SITES = ("S01", "S02", "S03", "S04", "S05")
CLASSES = ("ON_TIME", "LATE")
REGIONS = ("north", "east", "south", "west")
START = datetime(2026, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
NUMERIC_FEATURES = 24
CATEGORICAL_FEATURES = 4
TRAINING_CASES = 6000
TASK = "supplier_delay"
DIGEST = "0" * 64
COVERAGE = 0.9
LEVELS = (0.1, 0.5, 0.9)
FLAGGED = 0.3
TEN_PERCENT_BOUND = 1.2815515655446004  # of a standard normal
DECISIONS = (Action.FOLLOWED, Action.OVERRIDDEN, Action.IGNORED)
DECISION_SHARES = (0.6, 0.25, 0.15)

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class StationaryCases:
    """n simulated cases.

    Attributes:
        columns: feature values.
        event: stated probability of LATE.
    """

    site: NDArray[Any]
    columns: Columns
    event: NDArray[np.float64]


def feature_specs(trained: StationaryCases) -> tuple[FeatureSpec, ...]:
    """The features, with what training saw of them."""
    return tuple(_feature_spec(name, column) for name, column in trained.columns.items())


def draw_cases(random: np.random.Generator, rows: int) -> StationaryCases:
    """Independent cases, the same law for training and for every week."""
    number = random.integers(0, len(SITES), rows)
    columns = {f"number_{i:02d}": _draw_number(random, i, number) for i in range(NUMERIC_FEATURES)}
    columns |= {
        f"category_{i}": _draw_category(random, i, number) for i in range(CATEGORICAL_FEATURES)
    }
    columns["quantity"] = np.ceil(random.lognormal(3.0 + 0.4 * number, 0.7))
    event = random.beta(1.2 + 0.2 * number, 5.0)
    return StationaryCases(np.array(SITES, dtype=object)[number], columns, event)


def stationary_reference(seed: int) -> ChampionReference:
    """A model's reference of TRAINED_ON cases; each feature holds an equal share of gain."""
    random = np.random.default_rng(seed)
    trained, scored = draw_cases(random, TRAINING_CASES), draw_cases(random, TRAINING_CASES // 5)
    features = feature_specs(trained)
    site_references = {
        "all": _site_reference_fields(trained, scored, ALL_SITES),
        "sites": {site: _site_reference_fields(trained, scored, site) for site in SITES},
    }
    return ChampionReference(
        task=TASK,
        digest=DIGEST,
        classes=CLASSES,
        specs=features,
        gain={spec.name: 1.0 / len(features) for spec in features},
        coverage=COVERAGE,
        levels=LEVELS,
        places=read_site_references(features, site_references),
    )


def draw_week(random: np.random.Generator, rows: int, earlier: int) -> MonitoringInputs:
    """A week of `rows` cases from START + WEEK on, and `earlier` cases of the week before."""
    cases = draw_cases(random, rows + earlier)
    since = np.where(np.arange(rows + earlier) < earlier, 0, 7 * 24 * 60)
    minutes = since + random.integers(0, 7 * 24 * 60, rows + earlier)
    at = pd.Timestamp(START) + pd.to_timedelta(minutes, unit="m")
    named = [f"r{i}" for i in range(rows + earlier)]
    return MonitoringInputs(
        _draw_recommendations(random, cases, named, at),
        _draw_decisions(random, named, at),
        _draw_outcomes(random, cases, named, at),
    )


def _draw_recommendations(
    random: np.random.Generator, cases: StationaryCases, named: list[str], at: pd.DatetimeIndex
) -> pd.DataFrame:
    inputs = {name: _json_column(column) for name, column in cases.columns.items()}
    rows = len(named)
    sets = random.random(rows)
    # A set of one class holds the truth where it should; else both classes are kept.
    return pd.DataFrame(
        {
            "id": named,
            "task": TASK,
            "site_id": cases.site,
            "case_id": [f"c{name}" for name in named],
            "asked_at": at,
            "model_digest": DIGEST,
            "explained_class": CLASSES[1],
            "probability": cases.event,
            "exception_probability": cases.event,
            "probabilities": [{CLASSES[0]: 1 - p, CLASSES[1]: p} for p in cases.event.tolist()],
            "class_set": [list(CLASSES) if u < COVERAGE else [] for u in sets.tolist()],
            "delay_days": [{"0.1": -TEN_PERCENT_BOUND, "0.5": 0.0, "0.9": TEN_PERCENT_BOUND}]
            * rows,
            "flagged": cases.event > FLAGGED,
            "abstained": random.random(rows) < 0.08,
            "audit_sample": random.random(rows) < 0.05,
            "unseen": [[]] * rows,
            "features": [{n: v[i] for n, v in inputs.items()} for i in range(rows)],
        }
    )


def _draw_decisions(
    random: np.random.Generator, named: list[str], at: pd.DatetimeIndex
) -> pd.DataFrame:
    decided = np.flatnonzero(random.random(len(named)) < 0.5)
    actions = random.choice(len(DECISIONS), len(decided), p=DECISION_SHARES)
    return pd.DataFrame(
        {
            "decision_id": [f"d{i}" for i in decided],
            "recommendation_id": [named[i] for i in decided],
            "action": [str(DECISIONS[a]) for a in actions],
            "resolved_as": None,
            "role": "buyer",
            "happened_at": at[decided],
            "known_at": at[decided],
        }
    )


def _draw_outcomes(
    random: np.random.Generator, cases: StationaryCases, named: list[str], at: pd.DatetimeIndex
) -> pd.DataFrame:
    """A case ends within the moment it is asked, so that a week has its outcomes."""
    return pd.DataFrame(
        {
            "recommendation_id": named,
            "case_id": [f"c{name}" for name in named],
            "task": TASK,
            "label": (random.random(len(named)) < cases.event).astype(np.int64),
            "target": random.normal(size=len(named)),
            "matured_at": at,
        }
    )


def _draw_number(
    random: np.random.Generator, kind: int, site: NDArray[np.int64]
) -> NDArray[np.float64]:
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
            values = random.gamma(2.0, 1.0 + site)
            return np.where(random.random(rows) < 0.3, np.nan, values)


def _draw_category(random: np.random.Generator, kind: int, site: NDArray[np.int64]) -> NDArray[Any]:
    """Unequal shares that turn from site to site; one in fifty is missing."""
    weight = random.random(len(site)) ** (1.5 + kind)
    region = (np.floor(weight * len(REGIONS)).astype(np.int64) + site) % len(REGIONS)
    named: NDArray[Any] = np.array(REGIONS, dtype=object)[region]
    named[random.random(len(site)) < 0.02] = None
    return named


def _feature_spec(name: str, column: NDArray[Any]) -> FeatureSpec:
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


def _site_reference_fields(
    trained: StationaryCases, scored: StationaryCases, place: str
) -> dict[str, Any]:
    here = np.ones(len(trained.site), bool) if place == ALL_SITES else trained.site == place
    later = np.ones(len(scored.site), bool) if place == ALL_SITES else scored.site == place
    before, after = _asked_over_a_year(trained.site[here]), _asked_over_a_year(scored.site[later])
    return {
        "rows": int(here.sum()),
        "inputs": {
            name: (number_distribution if column.dtype.kind == "f" else category_distribution)(
                column[here], before
            )
            for name, column in trained.columns.items()
        },
        "score_rows": int(later.sum()),
        "score": number_distribution(scored.event[later], after),
    }


def _asked_over_a_year(site: NDArray[Any]) -> AskedRows:
    """Spread evenly over the year before START."""
    days = (np.arange(len(site)) * 364 // max(len(site), 1)).astype("timedelta64[D]")
    return AskedRows(site, np.datetime64("2025-01-01", "us") + days)


def _json_column(column: NDArray[Any]) -> list[Any]:
    return [None if v is None or v != v else v for v in column.tolist()]  # noqa: PLR0124 (NaN)


WEEKS = 300
CASES_PER_WEEK = 250
EARLIER_CASES = 500
WEEKS_PER_MODEL = 20


def count_false_alarms(weeks: int = WEEKS, seed: int = 17) -> int:
    """Alarms in that many quiet weeks of CASES cases; a new model every WEEKS_PER_MODEL."""
    limits = MonitorThresholds()
    since = START + WEEK
    raised = 0
    for week in range(weeks):
        if week % WEEKS_PER_MODEL == 0:
            baseline = stationary_reference(seed + week)
        random = np.random.default_rng([seed, week])
        frames = draw_week(random, CASES_PER_WEEK, EARLIER_CASES)
        report = monitor_champion(baseline, frames, since, since + WEEK, limits)
        raised += report.verdict.advice is not Advice.NO_NEED
    return raised


def main() -> None:
    """Print the measured rate beside the stated one."""
    weeks = int(sys.argv[1]) if len(sys.argv) > 1 else WEEKS
    raised = count_false_alarms(weeks)
    low, high = wilson_interval_95(raised, weeks)
    print(  # noqa: T201 (a command)
        f"{raised} of {weeks} quiet weeks raised an alarm: {format_share(raised / weeks)} "
        f"(95% interval {format_share(low)} to {format_share(high)}); at most "
        f"{format_share(MonitorThresholds().false_alarms)} is stated"
    )


if __name__ == "__main__":
    main()
