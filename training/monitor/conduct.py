"""Conduct: how often the service abstains, and people follow or override, against before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.decisions import ACTION, RECOMMENDATION_ID, Action
from training.monitor.chance import interval, two_shares
from training.monitor.limits import Limits
from training.monitor.signal import EVERYWHERE, Kind, Signal

Flags = NDArray[np.bool_]
RATES = {Kind.OVERRIDDEN: Action.OVERRIDDEN, Kind.FOLLOWED: Action.FOLLOWED}


@dataclass(frozen=True)
class Rate:
    """A rate and its 95 % interval. before: the earlier period's, NaN where there is none."""

    kind: Kind
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


def decided(recommendations: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """The recommendations with the last ACTION reported on each; missing where none was."""
    last = decisions.drop_duplicates(RECOMMENDATION_ID, keep="last")
    actions = last.set_index(RECOMMENDATION_ID)[ACTION]
    return recommendations.assign(**{ACTION: recommendations["id"].map(actions)})


def rates(now: pd.DataFrame, past: pd.DataFrame, places: Sequence[str]) -> list[Rate]:
    """Rates of each place, now (as `decided` gives them) and before."""
    return [
        Rate(kind, place, hits, rows, *interval(hits, rows), before=earlier / of if of else np.nan)
        for kind, place, (hits, rows), (earlier, of) in _counts(now, past, places)
    ]


def conduct(
    now: pd.DataFrame, past: pd.DataFrame, places: Sequence[str], limits: Limits
) -> list[Signal]:
    """Signals of the rates that can be compared with the earlier period."""
    return [
        _signal(kind, place, here, before)
        for kind, place, here, before in _counts(now, past, places)
        if here[1] >= limits.fewest_rows and before[1] >= limits.fewest_past
    ]


def _signal(kind: Kind, place: str, here: tuple[int, int], before: tuple[int, int]) -> Signal:
    found, expected = here[0] / here[1], before[0] / before[1]
    chance = float(two_shares(here[0], here[1], before[0], before[1]))
    away = abs(found - expected)
    return Signal(kind, place, str(kind), here[1], found, expected, away, chance)


Counts = tuple[Kind, str, tuple[int, int], tuple[int, int]]


def _counts(now: pd.DataFrame, past: pd.DataFrame, places: Sequence[str]) -> Iterator[Counts]:
    for place in places:
        here, before = _at(now, place), _at(past, place)
        yield Kind.ABSTAINED, place, _abstained(here), _abstained(before)
        for kind, action in RATES.items():
            yield kind, place, _acted(here, action), _acted(before, action)


def _at(frame: pd.DataFrame, place: str) -> pd.DataFrame:
    return frame if place == EVERYWHERE else frame[frame["site_id"] == place]


def _abstained(frame: pd.DataFrame) -> tuple[int, int]:
    return int(frame["abstained"].sum()), len(frame)


def _acted(frame: pd.DataFrame, action: Action) -> tuple[int, int]:
    told = frame[ACTION].dropna()
    return int((told == action).sum()), len(told)
