"""Rates at which the service abstains and people follow or override, against an earlier period."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.decisions import ACTION, RECOMMENDATION_ID, Action
from training.evaluation.statistics import fisher_exact_p_values, wilson_interval_95
from training.monitor.signals import ALL_SITES, MonitorThresholds, Signal, SignalKind

Flags = NDArray[np.bool_]
ACTION_OF_KIND = {SignalKind.OVERRIDDEN: Action.OVERRIDDEN, SignalKind.FOLLOWED: Action.FOLLOWED}


@dataclass(frozen=True)
class DecisionRate:
    """A rate and its 95 % interval.

    Attributes:
        before: rate of the earlier period, NaN where there is none.
    """

    kind: SignalKind
    place: str
    hits: int
    rows: int
    low: float
    high: float
    before: float

    @property
    def share(self) -> float:
        """The rate; NaN without rows."""
        return self.hits / self.rows if self.rows else float("nan")

    def as_json(self) -> dict[str, Any]:
        """Plain values; a rate that is not known is null."""
        plain = asdict(self) | {"kind": str(self.kind), "share": self.share}
        return {k: None if v != v else v for k, v in plain.items()}  # noqa: PLR0124 (NaN)


def join_last_actions(recommendations: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """The recommendations with the last ACTION reported on each; missing where none was."""
    last = decisions.drop_duplicates(RECOMMENDATION_ID, keep="last")
    actions = last.set_index(RECOMMENDATION_ID)[ACTION]
    return recommendations.assign(**{ACTION: recommendations["id"].map(actions)})


def measure_decision_rates(
    now: pd.DataFrame, past: pd.DataFrame, places: Sequence[str]
) -> list[DecisionRate]:
    """Rates of each place, now (as `join_last_actions` gives them) and before."""
    return [
        DecisionRate(
            kind,
            place,
            hits,
            rows,
            *wilson_interval_95(hits, rows),
            before=earlier / of if of else np.nan,
        )
        for kind, place, (hits, rows), (earlier, of) in _rate_counts(now, past, places)
    ]


def decision_rate_signals(
    now: pd.DataFrame, past: pd.DataFrame, places: Sequence[str], limits: MonitorThresholds
) -> list[Signal]:
    """Signals of the rates that can be compared with the earlier period."""
    return [
        _rate_signal(kind, place, here, before)
        for kind, place, here, before in _rate_counts(now, past, places)
        if here[1] >= limits.min_rows and before[1] >= limits.min_past_rows
    ]


def _rate_signal(
    kind: SignalKind, place: str, here: tuple[int, int], before: tuple[int, int]
) -> Signal:
    found, expected = here[0] / here[1], before[0] / before[1]
    chance = float(fisher_exact_p_values(here[0], here[1], before[0], before[1]))
    difference = abs(found - expected)
    return Signal(kind, place, str(kind), here[1], found, expected, difference, chance)


RateCounts = tuple[SignalKind, str, tuple[int, int], tuple[int, int]]


def _rate_counts(
    now: pd.DataFrame, past: pd.DataFrame, places: Sequence[str]
) -> Iterator[RateCounts]:
    for place in places:
        here, before = _rows_of_site(now, place), _rows_of_site(past, place)
        yield SignalKind.ABSTAINED, place, _count_abstained(here), _count_abstained(before)
        for kind, action in ACTION_OF_KIND.items():
            yield kind, place, _count_action(here, action), _count_action(before, action)


def _rows_of_site(frame: pd.DataFrame, place: str) -> pd.DataFrame:
    return frame if place == ALL_SITES else frame[frame["site_id"] == place]


def _count_abstained(frame: pd.DataFrame) -> tuple[int, int]:
    return int(frame["abstained"].sum()), len(frame)


def _count_action(frame: pd.DataFrame, action: Action) -> tuple[int, int]:
    actions = frame[ACTION].dropna()
    return int((actions == action).sum()), len(actions)
