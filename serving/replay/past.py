"""The past as it was recorded with an answer, looked up in place of the profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.cases import Floats
from features.history.stream import Stream
from serving.replay.reason import NotReplayableError, Reason

Measures = Mapping[str, float | None]


@dataclass(frozen=True)
class RecordedPast:
    """What the profiles gave for each of n cases; for one case, however often it is asked.

    as_of, snapshot_id: of the profiles that gave it.
    """

    as_of: date
    snapshot_id: str
    rows: Sequence[Measures]

    def lookup(
        self,
        streams: Sequence[Stream],
        columns: Mapping[str, NDArray[Any]],  # noqa: ARG002 - whose past it is was settled then
        n: int,
    ) -> dict[str, Floats]:
        """Every measure of every stream for n cases, NaN where it was missing.

        Raises:
            NotReplayableError: a measure was not recorded.
        """
        rows = [self.rows[0]] * n if len(self.rows) == 1 else self.rows
        wanted = [name for stream in streams for name in stream.names]
        if absent := sorted({name for row in self.rows for name in wanted if name not in row}):
            raise NotReplayableError(
                Reason.OTHER_MEASURES,
                f"the past that was recorded has no {_named(absent)}",
            )
        if len(rows) != n:
            raise ValueError(f"the past of {len(rows)} cases was recorded, {n} are asked about")
        return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in wanted}


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
