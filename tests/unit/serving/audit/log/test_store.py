"""The record: in order, complete, and nobody can change it without being seen."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.log.entry import GENESIS_HASH, PayloadErasedError
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import (
    AuditUnavailableError,
    DuplicateEntryError,
    IdempotencyKeyUsedError,
)
from serving.audit.log.group_commit import IdempotencyKey
from serving.audit.log.payload_partitions import drop_partition, list_partitions
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import NODES, PAYLOADS
from serving.audit.transparency.merkle import root_of
from tests.support.minimal_draft import minimal_draft
from tests.support.synthetic_recommendations import recommendation_draft


@pytest.fixture
def store(audit_url):
    opened = AuditStore.open(audit_url)
    yield opened
    opened.close()


def test_entries_are_numbered_without_gaps_and_chained(store):
    store.append([minimal_draft("a"), minimal_draft("b")])
    store.append([minimal_draft("c")])
    entries = store.all()
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    previous = GENESIS_HASH
    for entry in entries:
        assert entry.previous == previous
        assert entry.hash == entry.envelope.leaf()
        previous = entry.hash


def test_entries_are_read_back_to_the_last_bit(store):
    payload = {"x": 0.1 + 0.2, "tiny": 5e-324, "whole": 3.0, "none": None, "text": "<é>"}
    store.append([minimal_draft("a", payload=payload)])
    assert store.read("a").payload == payload


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET site = 'x' WHERE sequence = 1",
        "DELETE FROM entries WHERE sequence = 2",
        (
            "INSERT INTO entries SELECT 9,'z',kind,about,task,site,reference,priority,picked,tenant,"
            "schema,recorded_at,commitment,'p','h' FROM entries WHERE sequence = 1"
        ),
        (
            "INSERT INTO entries SELECT 2+sequence*sequence,id||'z',kind,about,task,site,reference,"
            "priority,picked,tenant,schema,recorded_at,commitment,'p','h' FROM entries"
        ),
        "UPDATE nodes SET hash = 'x'",
        "DELETE FROM nodes",
        "UPDATE payloads SET body = '{}' WHERE sequence = 1",
        "UPDATE head SET size = size - 1",
        "UPDATE head SET origin = 'another'",
        "DELETE FROM head",
        "INSERT INTO head SELECT 2,origin,size,hash,frontier,checkpoint_size,checkpoint_at FROM head",
    ],
)
def test_the_record_can_be_neither_changed_nor_shortened_nor_turned_back(store, change):
    store.append([minimal_draft("a"), minimal_draft("b")])
    with store.engine.begin() as connection:
        connection.execute(sa.insert(NODES).values(level=8, index=0, hash="00"))
    with (
        pytest.raises(sa.exc.IntegrityError, match=r"append-only|head_is_one_row"),
        store.engine.begin() as connection,
    ):
        connection.exec_driver_sql(change)
    assert [entry.id for entry in store.all()] == ["a", "b"]


@pytest.mark.parametrize("table", ["entries", "nodes", "head", "payloads"])
def test_no_table_of_the_record_can_be_emptied_at_once(postgres_url, table):
    store = AuditStore.open(postgres_url)
    with (
        pytest.raises(sa.exc.IntegrityError, match="append-only"),
        store.engine.begin() as connection,
    ):
        connection.exec_driver_sql(f"TRUNCATE {table} CASCADE")
    store.close()


def test_a_payload_can_be_erased_and_its_entry_stays(store):
    store.append([minimal_draft("a"), minimal_draft("b")])
    with store.engine.begin() as connection:
        connection.execute(sa.delete(PAYLOADS).where(PAYLOADS.c.sequence == 1))
    assert [entry.body is None for entry in store.all()] == [True, False]
    with pytest.raises(PayloadErasedError, match="has been erased"):
        _ = store.read("a").payload


def test_a_batch_is_recorded_whole_or_not_at_all(store):
    store.append([minimal_draft("a")])
    with pytest.raises(DuplicateEntryError, match="nothing was recorded"):
        store.append([minimal_draft("b"), minimal_draft("a")])
    assert [entry.id for entry in store.all()] == ["a"]


def test_a_number_that_json_cannot_hold_stops_the_whole_batch(store):
    with pytest.raises(ValueError, match="nan is not representable"):
        store.append([minimal_draft("a"), minimal_draft("b", payload={"x": float("nan")})])
    assert store.all() == []


def test_every_commit_is_on_the_disk_before_it_is_answered(store):
    with store.engine.connect() as connection:
        if store.engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
        else:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
            level = connection.exec_driver_sql("SHOW transaction_isolation").scalar()
            assert level == "read committed"


def test_many_threads_and_two_stores_make_one_sequence(store, audit_url):
    second = AuditStore.open(audit_url)
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(
                (store, second)[i % 2].append, [minimal_draft(f"{i}-0"), minimal_draft(f"{i}-1")]
            )
            for i in range(24)
        ]
        for job in jobs:
            job.result()
    entries = store.all()
    assert [entry.sequence for entry in entries] == list(range(1, 49))
    assert all(a.hash == b.previous for a, b in itertools.pairwise(entries))
    leaves = [bytes.fromhex(entry.hash) for entry in entries]
    assert store.head().frontier.root() == root_of(leaves)
    second.close()


def test_the_desk_shows_the_latest_of_each_case_without_a_decision_by_priority(store):
    store.append(
        [minimal_draft("old", reference="x", priority=9.0), minimal_draft("new", reference="x")]
    )
    store.append([minimal_draft("big", priority=5.0), minimal_draft("done", priority=8.0)])
    store.append([minimal_draft("d", kind=EntryKind.DECISION, about="done", reference="")])
    assert [entry.id for entry in store.undecided()] == ["big", "new"]
    assert store.undecided(task="supplier_delay") == []
    assert store.undecided(site="site_02") == []


def test_a_store_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditUnavailableError, match="cannot be opened"):
        AuditStore.open(tmp_path / "file" / "audit.db")


def test_a_recommendation_holds_input_features_score_and_versions(store):
    store.append([recommendation_draft(SUPPLIER_DELAY.name)])
    payload = store.read("rec-1").payload
    assert set(payload) == {"kind", "input", "features", "score", "recommendation"}
    assert payload["recommendation"]["model"]["digest"] == "ab" * 32
    assert payload["input"]["po_line_id"] == "po-5521-2"


def test_a_record_is_walked_a_few_at_a_time(store, monkeypatch):
    store.append([minimal_draft(str(n)) for n in range(7)])
    asked = []
    select = AuditStore.select
    monkeypatch.setattr(AuditStore, "select", lambda self, q: asked.append(1) or select(self, q))
    assert [entry.sequence for entry in store.walk(first=2, batch=3)] == [2, 3, 4, 5, 6, 7]
    assert len(asked) == 3


def test_an_idempotency_key_is_found_with_what_it_was_used_for(store):
    key = IdempotencyKey("caller", "key", "POST /v1/stock_risk", "ab" * 32)
    store.commit([minimal_draft("a"), minimal_draft("b")], key=key)
    assert store.request("caller", "other") is None
    row = store.request("caller", "key")
    assert (row["first"], row["count"], row["body_digest"]) == (1, 2, "ab" * 32)
    with pytest.raises(IdempotencyKeyUsedError) as raised:
        store.commit([minimal_draft("c")], key=key)
    assert raised.value.row == row
    store.commit([minimal_draft("c")], key=IdempotencyKey("another caller", "key", "", ""))


def test_months_are_counted_and_one_is_dropped_as_a_whole(store):
    store.append(
        [
            minimal_draft("a"),
            minimal_draft("b"),
            minimal_draft("c", recorded_at="2026-04-01T00:00:00+00:00"),
        ]
    )
    with store.engine.begin() as connection:
        assert list_partitions(connection) == [("2026-03", 1, 2, 2), ("2026-04", 3, 3, 1)]
        drop_partition(connection, "2026-03")
        assert list_partitions(connection) == [("2026-04", 3, 3, 1)]
    store.append(
        [minimal_draft("late")]
    )  # by a clock that stepped back, into the month that was dropped
    assert [entry.body is None for entry in store.all()] == [True, True, False, False]
    with pytest.raises(ValueError, match="not a month"), store.engine.begin() as connection:
        drop_partition(connection, "2026-13; DROP TABLE entries")


def test_an_entry_without_a_month_is_refused(store):
    with pytest.raises(ValueError, match="recorded_at is 'yesterday'"):
        store.append([minimal_draft("a", recorded_at="yesterday")])
    assert store.all() == []


def test_texts_that_a_database_cannot_hold_are_refused_alike(store):
    with pytest.raises(ValueError):
        store.append([minimal_draft("a", reference="nul\x00")])
    with pytest.raises(ValueError):
        store.append([minimal_draft("a", reference="half \ud800")])
    assert store.all() == []
