"""The engine against slow loops, on events that hypothesis invents."""

from datetime import UTC, date, datetime, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.contracts.items import ITEM_ID
from data.store import Store
from features.history.integer_measures import scaled_integer
from features.history.stream import Stream, Tables, history_measures
from tests.generative.features.oracle import Event, past

pytestmark = pytest.mark.slow(8)

SCALE = 1_000
WINDOWS = (1, 7, 28)
FIRST = date(2024, 1, 1)

# Few instants, so that events meet at the same one and at the edges of days and windows.
instants = st.builds(
    lambda days, seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=days, seconds=seconds),
    st.integers(-3, 40),
    st.sampled_from([0, 1, 43_200, 86_399]),
)
events = st.builds(
    Event,
    st.sampled_from(["bolt", "nut", "pin"]),
    instants,
    st.none() | st.integers(-9, 9).map(lambda n: n * SCALE) | st.integers(-(10**12), 10**12),
)
asks = st.tuples(
    st.sampled_from(["bolt", "nut", "cog"]),
    st.integers(-4, 75).map(lambda days: FIRST + timedelta(days=days)),
)


def moved(tables: Tables) -> ibis.Table:
    rows = tables["stock_movements"]
    return rows.select(ITEM_ID, "known_at", value=scaled_integer(rows.quantity_moved, SCALE))


STREAM = Stream("moved", (ITEM_ID,), moved, {"value": SCALE}, WINDOWS, ("value",))


def store_of(happened: list[Event]) -> Store:
    frame = pd.DataFrame(
        {
            "item_id": pd.Series([e.entity for e in happened], dtype="str"),
            "quantity_moved": [None if e.value is None else e.value / SCALE for e in happened],
            "known_at": pd.to_datetime(pd.Series([e.known_at for e in happened]), utc=True),
        }
    )
    return Store.from_frames({"stock_movements": frame}, threads=1)


@settings(max_examples=12, deadline=None)
@given(st.lists(events, max_size=30), st.lists(asks, min_size=1, max_size=30))
def test_every_measure_is_what_a_loop_over_the_events_gives(
    happened: list[Event], asked: list[tuple[str, date]]
) -> None:
    frame = pd.DataFrame(asked, columns=["item_id", "as_of"])
    with store_of(happened) as store:
        found = history_measures(store, [STREAM], frame)
    got = np.column_stack([found[name] for name in STREAM.names])
    want = np.array([past(happened, entity, day, WINDOWS, SCALE) for entity, day in asked])
    np.testing.assert_array_equal(got, want)


def test_sums_are_exact_beyond_what_a_float_can_hold() -> None:
    big = 2**60
    happened = [Event("bolt", datetime(2024, 1, day, tzinfo=UTC), day % 2) for day in (1, 2, 3, 4)]

    def large(tables: Tables) -> ibis.Table:
        rows = tables["stock_movements"]
        plus, minus = ibis.literal(big + 3, "int64"), ibis.literal(-big, "int64")
        return rows.select(ITEM_ID, "known_at", value=(rows.quantity_moved > 0).ifelse(plus, minus))

    stream = Stream("large", (ITEM_ID,), large, {"value": 2}, (28,))
    with store_of(happened) as store:
        asked = pd.DataFrame({"item_id": ["bolt"], "as_of": [date(2024, 2, 1)]})
        found = history_measures(store, [stream], asked)
    assert found["large_value_ever"][0] == 3.0


def test_a_column_that_a_stream_needs_and_the_asks_lack_is_named() -> None:
    with store_of([]) as store, pytest.raises(KeyError, match="'moved' needs item_id; the asks"):
        history_measures(store, [STREAM], pd.DataFrame({"site_id": ["north"], "as_of": [FIRST]}))
