"""Trailing windows over daily sums, as differences of running totals; asks as entity and day.

Running totals may leave the range of int64 and wrap around; their differences are exact all
the same, for int64 arithmetic is arithmetic modulo 2**64.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from data.lazy_imports import pd
from features.history.daily_sums import ENTITY

Ints = NDArray[np.int64]

# Entity and day (from 1970, negative before) become one number that sorts by both: days
# stay within half a million of 1970 from the year 600 to the year 3300.
KEYS_PER_ENTITY = np.int64(1_000_000)
DAY_OFFSET = np.int64(500_000)


def entity_day_key(entity: Ints, day: Ints) -> Ints:
    """One number for an entity and a day, ascending by both."""
    return entity * KEYS_PER_ENTITY + day + DAY_OFFSET


@dataclass(frozen=True)
class Lookback:
    """Points (an entity and a day) that look back on days with events.

    Attributes:
        days: keys of the day rows, ascending; see `entity_day_key`.
        points: keys of the points.
    """

    days: Ints
    points: Ints

    @cached_property
    def _first(self) -> Ints:
        """Index of the first day of each point's entity."""
        return np.searchsorted(self.days, self.points // KEYS_PER_ENTITY * KEYS_PER_ENTITY).astype(
            np.int64
        )

    @cached_property
    def _end(self) -> Ints:
        """Row after the last day before each point."""
        return np.searchsorted(self.days, self.points).astype(np.int64)

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """Flags of points whose entity had a day with events before the point."""
        return self._end > self._first

    def since(self, window: int | None) -> Ints:
        """Row of the first day in each point's window; of all days for None."""
        if window is None:
            return self._first
        start = np.searchsorted(self.days, self.points - window).astype(np.int64)
        return np.maximum(start, self._first)

    def total(self, running: Ints, since: Ints) -> Ints:
        """Sum of a measure from the row `since` up to each point; see `running`."""
        return np.asarray(running[self._end] - running[since], dtype=np.int64)

    def latest(self, has: NDArray[np.bool_]) -> Ints:
        """Row of the latest day before each point that has a value; -1 where there is none.

        has: of each day row, whether it has a value.
        """
        rows = np.where(has, np.arange(len(has)), -1)
        latest = np.append(np.maximum.accumulate(rows), -1)[self._end - 1]
        return np.where(self.seen & (latest >= self._first), latest, -1)

    def days_since(self) -> Ints:
        """Days from the last day with events to each point; 0 where there is none."""
        last = np.append(self.days, np.int64(0))[self._end - 1]
        return np.where(self.seen, self.points - last, 0)


def running_totals(sums: Ints) -> Ints:
    """Running totals of a measure, before each row and after the last."""
    return np.append(np.int64(0), np.cumsum(sums, dtype=np.int64))


AS_OF = "as_of"


@dataclass(frozen=True)
class AskPoints:
    """Distinct (entity, day) pairs of the asks.

    Attributes:
        entities: one row per entity, with its key columns and its number.
        places: keys of the distinct pairs, ascending; see `entity_day_key`.
        point_of: point of each ask, -1 where the ask has no key or no day.
    """

    entities: pd.DataFrame
    places: Ints
    point_of: Ints

    @classmethod
    def of(cls, asks: pd.DataFrame, key: list[str], purpose: str) -> Self:
        """Build the points of asks from the key's columns and `as_of`."""
        if absent := [name for name in (*key, AS_OF) if name not in asks]:
            raise KeyError(
                f"{purpose} needs {', '.join(absent)}; "
                f"the asks have {', '.join(map(str, asks.columns))}"
            )
        named = asks[key].reset_index(drop=True)
        numbered = named.groupby(key, sort=False).ngroup()  # missing where a key is
        entity = np.asarray(numbered.fillna(-1), dtype=np.int64)
        day = pd.to_datetime(asks[AS_OF]).to_numpy().astype("datetime64[D]")
        asked = (entity >= 0) & ~np.isnat(day)
        places, point = np.unique(
            entity_day_key(entity[asked], day[asked].astype(np.int64)), return_inverse=True
        )
        point_of = np.full(len(asks), -1)
        point_of[asked] = point
        entities = named.assign(**{ENTITY: entity})[asked].drop_duplicates(ENTITY)
        return cls(entities, places, point_of)

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Repeat the values of points for each ask; missing where an ask has no point."""
        return np.append(values, np.nan)[self.point_of]
