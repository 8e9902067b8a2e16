"""The record: in order, complete, and nobody can change it without being seen."""

import itertools
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from models.task import TaskName
from serving.audit.entry import GENESIS, Draft, EntryKind
from serving.audit.store import AuditStore, AuditUnavailableError, TakenError
from tests.synthetic_score import draft


def made(name, **changes):
    fields = {
        "id": name,
        "kind": EntryKind.RECOMMENDATION,
        "about": name,
        "task": "stock_risk",
        "site": "site_01",
        "reference": name,
        "priority": 1.0,
        "recorded_at": "2026-03-10T08:00:00+00:00",
        "payload": {"value": 0.1, "nothing": None},
    }
    return Draft(**(fields | changes))


@pytest.fixture
def store(tmp_path):
    opened = AuditStore.open(tmp_path / "audit.db")
    yield opened
    opened.close()


def test_entries_are_numbered_without_gaps_and_chained(store):
    store.append([made("a"), made("b")])
    store.append([made("c")])
    entries = store.all()
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    previous = GENESIS
    for entry in entries:
        assert entry.previous == previous
        assert entry.hash == entry.envelope.leaf()
        previous = entry.hash


def test_what_was_recorded_is_read_back_to_the_last_bit(store):
    payload = {"x": 0.1 + 0.2, "tiny": 5e-324, "whole": 3.0, "none": None, "text": "<é>"}
    store.append([made("a", payload=payload)])
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
    ],
)
def test_an_entry_can_be_neither_changed_nor_removed_nor_put_elsewhere(store, tmp_path, change):
    store.append([made("a"), made("b")])
    other = sqlite3.connect(tmp_path / "audit.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(change)
    other.close()
    assert [entry.id for entry in store.all()] == ["a", "b"]


def test_a_batch_is_recorded_whole_or_not_at_all(store):
    store.append([made("a")])
    with pytest.raises(TakenError, match="nothing was recorded"):
        store.append([made("b"), made("a")])
    assert [entry.id for entry in store.all()] == ["a"]


def test_a_number_that_json_cannot_hold_stops_the_whole_batch(store):
    with pytest.raises(ValueError, match="nan is not representable"):
        store.append([made("a"), made("b", payload={"x": float("nan")})])
    assert store.all() == []


def test_every_commit_is_on_the_disk_before_it_is_answered(store):
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_many_threads_and_two_stores_make_one_sequence(store, tmp_path):
    second = AuditStore.open(tmp_path / "audit.db")
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit((store, second)[i % 2].append, [made(f"{i}-0"), made(f"{i}-1")])
            for i in range(24)
        ]
        for job in jobs:
            job.result()
    entries = store.all()
    assert [entry.sequence for entry in entries] == list(range(1, 49))
    assert all(a.hash == b.previous for a, b in itertools.pairwise(entries))
    second.close()


def test_the_desk_shows_the_latest_of_each_case_without_a_decision_by_priority(store):
    store.append([made("old", reference="x", priority=9.0), made("new", reference="x")])
    store.append([made("big", priority=5.0), made("done", priority=8.0)])
    store.append([made("d", kind=EntryKind.DECISION, about="done", reference="")])
    assert [entry.id for entry in store.undecided()] == ["big", "new"]
    assert store.undecided(task="supplier_delay") == []
    assert store.undecided(site="site_02") == []


def test_a_store_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditUnavailableError, match="cannot be opened"):
        AuditStore.open(tmp_path / "file" / "audit.db")


def test_a_recommendation_holds_input_features_score_and_versions(store):
    store.append([draft(TaskName.SUPPLIER_DELAY)])
    payload = store.read("rec-1").payload
    assert set(payload) == {"kind", "input", "features", "score", "recommendation"}
    assert payload["recommendation"]["model"]["digest"] == "ab" * 32
    assert payload["input"]["po_line_id"] == "po-5521-2"
