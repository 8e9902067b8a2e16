"""Stream: events of one kind of entity, and its history measures as of a moment.

One function serves both paths: training asks for the past of each ask at its own day,
serving asks once for every entity as of today (`features.profiles`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from data.contracts.table import Column
from data.lazy_imports import ibis, pa, pd
from data.store import Store
from features.history.daily_sums import DAY, ENTITY, EVENTS, last_value_column, sum_by_day
from features.history.shared_events import HistoryTables
from features.history.windows import AskPoints, Lookback, entity_day_key, running_totals

Floats = NDArray[np.float64]
Tables: TypeAlias = "Mapping[str, ibis.Table]"
DAYS_SINCE = "days_since"


@dataclass(frozen=True)
class Stream:
    """Events of one kind of entity, summed by day over trailing windows.

    Measures are named `{stream}_{measure}_{window}d`, `_ever` and `_last`;
    `{stream}_events_{window}d` counts, `{stream}_days_since` looks back to the last event.

    Attributes:
        name: prefix of the measures, e.g. `supplier_receipts`.
        key: columns that name the entity; a case has the same columns.
        events: from all versions of the canonical rows to a table with the key, `known_at`, and
            an integer column per measure (see `scaled_integer`). Missing values count as nothing.
            Corrections are events (see `features.history.row_versions`).
        measures: measure -> scale; the stored integer / scale is the value in its unit.
        windows: trailing days, half-open `[as_of - w, as_of)` on the UTC day of `known_at`.
        last: measures whose latest value is kept (of equally late ones the greatest).
    """

    name: str
    key: tuple[Column, ...]
    events: Callable[[Tables], ibis.Table]
    measures: Mapping[str, int]
    windows: tuple[int, ...]
    last: tuple[str, ...] = ()

    @cached_property
    def scales(self) -> dict[str, int]:
        """Scale of each summed measure; the count of events comes first."""
        return {EVENTS: 1, **self.measures}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Full names of the measures in order, e.g. `supplier_receipts_late_28d`."""
        spans = [f"{w}d" for w in self.windows] + ["ever"]
        sums = [f"{measure}_{span}" for span in spans for measure in self.scales]
        measures = (*sums, *map(last_value_column, self.last), DAYS_SINCE)
        return tuple(f"{self.name}_{measure}" for measure in measures)


def history_measures(
    store: Store,
    streams: Sequence[Stream],
    asks: pd.DataFrame,
    tables: HistoryTables | None = None,
) -> dict[str, Floats]:
    """Compute every measure of every stream for each ask at its own moment, in row order.

    tables: of the store, with what was computed from them before.
    """
    tables = tables or HistoryTables(store)
    result: dict[str, Floats] = {}
    for stream in streams:
        points = AskPoints.of(asks, list(map(str, stream.key)), f"history of {stream.name!r}")
        days = sum_by_day(
            stream.events(tables),
            ibis.memtable(points.entities),
            key=tuple(map(str, stream.key)),
            measures=tuple(stream.measures),
            kept=stream.last,
        )
        past = _measures_at_points(stream, store.connection.to_pyarrow(days), points)
        result.update(zip(stream.names, map(points.spread, past), strict=True))
    return result


def _measures_at_points(stream: Stream, days: pa.Table, points: AskPoints) -> Iterator[Floats]:
    """Each measure in its unit, one value a point; the only place that divides."""
    looking = Lookback(entity_day_key(days[ENTITY].to_numpy(), days[DAY].to_numpy()), points.places)
    totals = [
        (running_totals(days[name].to_numpy()), scale) for name, scale in stream.scales.items()
    ]
    for window in (*stream.windows, None):
        since = looking.since(window)
        for total, scale in totals:
            yield np.where(looking.seen, looking.total(total, since) / scale, np.nan)
    for name in stream.last:
        column = days[last_value_column(name)]
        row = looking.latest(column.is_valid().to_numpy())
        value = np.append(column.fill_null(0).to_numpy(), 0)[row] / stream.measures[name]
        yield np.where(row >= 0, value, np.nan)
    yield np.where(looking.seen, looking.days_since(), np.nan)
