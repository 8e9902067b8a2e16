"""Asks as the few things that differ: entities, and the moments at which they are asked of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from data.lazily import pd
from features.history.days import ENTITY
from features.history.windows import Ints, place_of

AS_OF = "as_of"


@dataclass(frozen=True)
class Points:
    """Distinct (entity, day) pairs of the asks.

    entities: one row an entity, its key columns and its number. places: of the distinct
    pairs, ascending. point_of: of each ask, -1 where it has no key or no day.
    """

    entities: pd.DataFrame
    places: Ints
    point_of: Ints

    @classmethod
    def of(cls, asks: pd.DataFrame, key: list[str], purpose: str) -> Self:
        """The points of asks with the key's columns and `as_of`.

        Raises:
            KeyError: naming the purpose, the columns that are absent and those there are.
        """
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
            place_of(entity[asked], day[asked].astype(np.int64)), return_inverse=True
        )
        point_of = np.full(len(asks), -1)
        point_of[asked] = point
        entities = named.assign(**{ENTITY: entity})[asked].drop_duplicates(ENTITY)
        return cls(entities, places, point_of)

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of the points for each ask; missing where it has none."""
        return np.append(values, np.nan)[self.point_of]
