"""Days at a site are the same in the engine and in numpy, in any zone and at changes of the clock."""

from datetime import UTC, datetime, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.calendar_days import end_of_day, local_day, promise_day
from data.store import Store
from features.history import site_days

pytestmark = pytest.mark.slow(8)

# Half and quarter hours, both hemispheres, the date line; Havana and the Azores have midnight
# twice in autumn, Santiago and Beirut none in spring.
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/Chicago",
    "America/Havana",
    "America/Santiago",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
]
FIRST = datetime(2015, 1, 1, tzinfo=UTC)
CHANGES = [
    datetime(2025, 3, 9, 5, tzinfo=UTC),
    datetime(2025, 3, 30, tzinfo=UTC),
    datetime(2025, 9, 7, 4, tzinfo=UTC),
    datetime(2025, 10, 26, tzinfo=UTC),
    datetime(2025, 11, 2, 5, tzinfo=UTC),
]
moments = st.one_of(
    st.builds(
        lambda change, minutes: change + timedelta(minutes=minutes),
        st.sampled_from(CHANGES),
        st.integers(-2000, 2000),
    ),
    st.integers(0, 11 * 365 * 24 * 3600).map(lambda seconds: FIRST + timedelta(seconds=seconds)),
    st.integers(0, 11 * 365).map(lambda days: FIRST + timedelta(days=days)),
)


@pytest.fixture(scope="module")
def store():
    with Store.from_frames({}, threads=1) as empty:
        yield empty


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ZONES), moments), min_size=1, max_size=30))
@example([(zone, change) for zone in ZONES for change in CHANGES])
def test_the_engine_counts_days_as_numpy_does(store, rows) -> None:
    table = ibis.memtable(
        pd.DataFrame(
            {
                "zone": [zone for zone, _ in rows],
                "moment": pd.to_datetime(pd.Series([m for _, m in rows]), utc=True).astype(
                    "datetime64[us, UTC]"
                ),
            }
        )
    )
    day = site_days.local_day(table.moment, table.zone)
    answer = store.connection.execute(
        table.select(
            local=day,
            promised=site_days.promise_day(table.moment, table.zone),
            over=site_days.end_of_day(day, table.zone),
        )
    )
    days = [local_day(moment, zone) for zone, moment in rows]
    promised = [promise_day(moment, zone) for zone, moment in rows]
    assert answer["local"].tolist() == np.array(days, "datetime64[D]").astype(int).tolist()
    assert answer["promised"].tolist() == np.array(promised, "datetime64[D]").astype(int).tolist()
    assert [over.to_pydatetime() for over in answer["over"]] == [
        end_of_day(day, zone) for day, (zone, _) in zip(days, rows, strict=True)
    ]
