"""Received events become part of the history from the next day on, exactly once."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from data.canonical_tables import MANIFEST, end_of_data, read_received_watermark
from data.ingest import ingest
from data.lake import Lake
from data.source_batch import batches_from_frames
from data.store import Store
from features.profiles import Profiles, build_profiles
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.log.store import AuditStore
from serving.auth.caller import LOCAL_CALLER, AccessScope, Caller
from serving.events import ingestion
from serving.events.inbox import record_events
from serving.events.ingestion import is_refresh_due
from serving.events.received_event import parse_events
from serving.runtime.context import service_context
from serving.tasks.catalogue import SERVED_TASKS
from tests.support.synthetic_lake import AS_OF, past_orders

pytestmark = pytest.mark.slow(14)

NOW = datetime.combine(AS_OF, datetime.min.time(), UTC) + timedelta(hours=9)
TODAY, TOMORROW = AS_OF, AS_OF + timedelta(days=1)
DELAY = SERVED_TASKS[SUPPLIER_DELAY.name].streams
STREAMS = [s for s in DELAY if list(map(str, s.key)) == ["supplier_id"]]


@pytest.fixture
def lake(tmp_path):
    made = Lake(tmp_path / "lake").make()
    ingested(made)
    with Store.from_folder(made.canonical) as store:
        build_profiles(store, STREAMS, AS_OF, made.profiles)
    return made


@pytest.fixture
def store(tmp_path):
    opened = AuditStore.open(tmp_path / "audit.db")
    yield opened
    opened.close()


def tables():
    """A little past, and an order of supplier_03 that is late and not yet received."""
    made = past_orders()
    orders = made["purchase_orders"]
    late = orders.iloc[[39]].assign(
        po_line_id="open",
        po_id="open",
        happened_at=NOW - timedelta(days=20),
        known_at=NOW - timedelta(days=20),
        promised_at=NOW - timedelta(days=10),
    )
    return made | {"purchase_orders": pd.concat([orders, late], ignore_index=True)}


def ingested(lake):
    ingest(batches_from_frames(tables(), "test"), lake.canonical, lake.quarantine)


def receipt(number=1, line="open", **changes):
    return {
        "specversion": "1.0", "id": f"e{number}", "source": "/wms", "type": "goods.receipt",
        "time": (NOW - timedelta(days=2)).isoformat(),
        "data": {"receipt_id": f"new-{number}", "po_line_id": line, "quantity_received": 7.0,
                 "final": True, "quantity_damaged": 1.0},
    } | changes  # fmt: skip


def take(store, *events, caller=LOCAL_CALLER, now=NOW):
    record_events(
        store,
        list(parse_events(events, now, batch=True).accepted.values()),
        caller,
        service_context("test"),
        now,
    )


def refresh(lake, store, today):
    return ingestion.refresh_profiles(lake, store, today, STREAMS)


def receipts(lake):
    with Store.from_folder(lake.canonical) as store:
        frame = store.frame("receipts")
    return frame[frame["receipt_id"].str.startswith("new-")]


def past(lake):
    """Every measure of supplier_03, of whom the received line was ordered."""
    profiles = Profiles.open(lake.profiles)
    key = {"supplier_id": np.array(["supplier_03"], dtype=object)}
    found = profiles.lookup(STREAMS, key, 1)
    return profiles.as_of, {name: repr(float(value[0])) for name, value in found.items()}


def test_an_event_is_a_row_that_is_known_since_it_came(lake, store):
    take(store, receipt())
    assert is_refresh_due(lake, store, TODAY)
    assert refresh(lake, store, TODAY)
    (row,) = receipts(lake).to_dict("records")
    assert row["known_at"] == NOW
    assert row["happened_at"] == NOW - timedelta(days=2)
    assert not is_refresh_due(lake, store, TODAY)
    assert not refresh(lake, store, TODAY)


def test_it_counts_from_tomorrows_snapshot_on_and_not_before(lake, store):
    before = past(lake)
    take(store, receipt())
    refresh(lake, store, TODAY)
    assert past(lake) == before  # nothing of today in a past that is as of this midnight
    assert refresh(lake, store, TOMORROW)
    as_of, measures = past(lake)
    assert as_of == TOMORROW
    without = rebuilt_without(lake)
    assert measures.keys() == without.keys()
    assert measures != without
    assert not is_refresh_due(lake, store, TOMORROW)


def rebuilt_without(lake):
    """Return tomorrow's profile values without the received events."""
    path = lake.home / "without.db"
    with Store.from_frames(tables()) as store:
        build_profiles(store, STREAMS, TOMORROW, path)
    profiles = Profiles.open(path)
    key = {"supplier_id": np.array(["supplier_03"], dtype=object)}
    return {n: repr(float(v[0])) for n, v in profiles.lookup(STREAMS, key, 1).items()}


def test_events_after_midnight_are_not_in_the_snapshot_of_that_midnight(lake, store):
    take(store, receipt())
    refresh(lake, store, TOMORROW)
    once = past(lake)
    take(store, receipt(2, "old-35"), now=NOW + timedelta(days=1))
    refresh(lake, store, TOMORROW)
    assert len(receipts(lake)) == 2
    assert past(lake) == once


def test_an_ingest_does_not_lose_what_was_received(lake, store):
    take(store, receipt(), receipt(2, "old-35"))
    refresh(lake, store, TODAY)
    through = read_received_watermark(lake.canonical).through
    ingested(lake)
    assert len(receipts(lake)) == 2
    assert read_received_watermark(lake.canonical).through == through > 0


def test_a_row_in_both_event_and_extract_is_there_once(lake, store):
    take(store, receipt(1, data={"receipt_id": "r-0", "po_line_id": "old-0",
                                 "quantity_received": 99.0}))  # fmt: skip
    refresh(lake, store, TODAY)
    with Store.from_folder(lake.canonical) as ingested_tables:
        frame = ingested_tables.frame("receipts")
    assert list(frame[frame["receipt_id"] == "r-0"]["quantity_received"]) == [10.0]


def test_how_far_the_ingested_history_reaches_stays(lake, store):
    before = end_of_data(lake.canonical)
    take(store, receipt(), {
        "specversion": "1.0", "id": "m", "source": "/wms", "type": "stock.movement",
        "time": NOW.isoformat(), "data": {"movement_id": "m", "site_id": "site_03",
        "item_id": "item_0042", "movement_kind": "issue", "quantity_moved": -1.0}})  # fmt: skip
    refresh(lake, store, TODAY)
    assert end_of_data(lake.canonical) == before
    with Store.from_folder(lake.canonical) as ingested_tables:
        assert list(ingested_tables.frame("stock_movements")["movement_id"]) == ["m"]


def test_a_sender_speaks_for_its_own_sites_only(lake, store):
    scopes = frozenset({AccessScope.SEND_EVENTS})
    take(store, receipt(1), caller=Caller("a", scopes, frozenset({"site_99"})))
    take(store, receipt(2), caller=Caller("b", scopes, frozenset({"site_03"})))
    take(store, receipt(3, "unknown"), caller=Caller("b", scopes, frozenset({"site_03"})))
    refresh(lake, store, TODAY)
    assert list(receipts(lake)["receipt_id"]) == ["new-2"]


def test_before_anything_was_ingested_events_wait_on_record(tmp_path, store):
    lake = Lake(tmp_path / "empty").make()
    take(store, receipt())
    assert not is_refresh_due(lake, store, date(2030, 1, 1))
    assert not (lake.canonical / MANIFEST).exists()
