"""Erased is erased, says so on record, and leaves order, hashes and proofs as they were."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from serving.audit.erasure import execution
from serving.audit.erasure.execution import (
    ErasureGround,
    NotErasableError,
    erase_payloads,
    find_erasure,
    plan_erasure,
    resolve_sequence,
    sequences_naming_person,
    sequences_recorded_before,
)
from serving.audit.erasure.payload_deletion import PayloadsChangedError, delete_payloads
from serving.audit.log.entry import PayloadErasedError
from serving.audit.log.entry_kind import PERMANENT_KINDS, EntryKind
from serving.audit.log.sequence_ranges import format_ranges, ranges_of_sequences
from serving.audit.log.store import AuditStore
from serving.audit.transparency.merkle import root_of
from tests.support.audit_drafts import (
    CONTEXT,
    NOW,
    PSEUDONYMS,
    decision_draft,
    draft_of_kind,
    recommendation_recorded_at,
)

BY = PSEUDONYMS.of("carol")
SECRET = "the clerk has been ill since Tuesday"


@pytest.fixture
def audit(audit_url):
    store = AuditStore.open(audit_url)
    store.append(
        [
            recommendation_recorded_at(1),
            recommendation_recorded_at(2, item_id="other"),
            decision_draft(1, "ada", reason=SECRET),
        ]
    )
    store.append(
        [
            decision_draft(2, "bo"),
            recommendation_recorded_at(3),
            draft_of_kind(EntryKind.SERVICE_STARTED),
        ]
    )
    yield store
    store.close()


def gone(store):
    return [entry.sequence for entry in store.all() if entry.body is None]


def erased(store, *sequences, ground=ErasureGround.REQUEST, **changes):
    return erase_payloads(
        store, ground, sequences, "asked to", BY, CONTEXT.recorded(), now=NOW, **changes
    )


def test_an_erasure_removes_payloads_and_records_who_why_and_what(audit):
    before = audit.all()
    entry = erased(audit, 1, 2, 3, 5)
    assert gone(audit) == [1, 2, 3, 5]
    assert entry.payload == {
        "schema": 2,
        "kind": "erasure",
        "context": CONTEXT.recorded(),
        "ground": "request",
        "reason": "asked to",
        "by": BY,
        "ranges": [[1, 3], [5, 5]],
        "count": 4,
    }
    after = audit.all()
    assert [e.hash for e in after[:-1]] == [e.hash for e in before]
    assert [e.envelope for e in after[:-1]] == [e.envelope for e in before]
    assert audit.head().frontier.root() == root_of(bytes.fromhex(e.hash) for e in after)
    assert all(e.salt is None for e in after if e.body is None)
    with pytest.raises(PayloadErasedError, match=r"entry 1 \(rec-1\) held has been erased"):
        _ = after[0].payload


def test_done_again_it_finds_nothing_left_and_records_nothing(audit):
    first = erased(audit, 1, 3)
    assert erased(audit, 1, 3) == first
    assert erased(audit, 3) == first
    assert audit.head().frontier.size == 7
    second = erased(audit, 1, 2)  # only 2 is left of it
    assert second.payload["ranges"] == [[2, 2]]
    assert find_erasure(audit, 1) == first
    assert plan_erasure(audit, [1, 2, 5]).gone == 2


@pytest.mark.parametrize("kind", sorted(PERMANENT_KINDS))
def test_entries_that_replay_and_verification_need_are_never_erased(tmp_path, kind):
    store = AuditStore.open(tmp_path / "audit.db")
    store.append([recommendation_recorded_at(1), draft_of_kind(kind)])
    with pytest.raises(NotErasableError, match=f"entry 2 is a {kind} and is kept"):
        erased(store, 1, 2)
    assert gone(store) == []
    store.close()


def test_an_entry_that_is_not_there_no_entry_and_no_reason_are_refused(audit):
    with pytest.raises(LookupError, match="entry 99 is not on record"):
        erased(audit, 1, 99)
    with pytest.raises(ValueError, match="nothing is named"):
        erased(audit)
    with pytest.raises(ValueError, match="needs a reason"):
        erase_payloads(audit, ErasureGround.REQUEST, [1], " ", BY, CONTEXT.recorded())
    assert gone(audit) == []


def test_deleting_and_saying_so_are_one_step(audit, monkeypatch):
    def fails(connection, **given):
        delete_payloads(connection, **given)
        raise RuntimeError("the disk is away")

    monkeypatch.setattr(execution, "delete_payloads", fails)
    with pytest.raises(RuntimeError, match="the disk is away"):
        erased(audit, 1)
    assert gone(audit) == []
    assert audit.head().frontier.size == 6
    monkeypatch.undo()
    erased(audit, 1)
    assert gone(audit) == [1]


def test_concurrent_erasures_name_every_entry_once(audit_url, audit, monkeypatch):
    other, looked = AuditStore.open(audit_url), Barrier(2)

    def plan_together(store, wanted):
        found = plan_erasure(store, wanted)
        if not looked.broken and len(found.left) == 2:
            looked.wait(timeout=30)
        return found

    monkeypatch.setattr(execution, "plan_erasure", plan_together)
    with ThreadPoolExecutor(2) as pool:
        made = [
            run.result(timeout=60)
            for run in (pool.submit(erased, audit, 1, 2), pool.submit(erased, other, 2, 3))
        ]
    other.close()
    assert gone(audit) == [1, 2, 3]
    named = [s for e in made for a, b in e.payload["ranges"] for s in range(a, b + 1)]
    assert sorted(named) == [1, 2, 3]
    assert sum(e.payload["count"] for e in made) == 3


def test_a_count_that_is_not_what_was_there_deletes_nothing(audit):
    with pytest.raises(PayloadsChangedError), audit.engine.begin() as connection:
        delete_payloads(connection, ranges=[(1, 2)], count=3)
    assert gone(audit) == []


def test_a_persons_decisions_are_found_by_pseudonym_and_nobody_elses(audit):
    pretends = f'"person":"{PSEUDONYMS.of("ada")}"'
    audit.append(
        [
            decision_draft(3, "bo", reason=pretends),
            decision_draft(9, "ada"),
            decision_draft(8, None),
        ]
    )
    read = draft_of_kind(EntryKind.REPORT_READ, person=PSEUDONYMS.of("ada"), page_digest="ab")
    audit.append([read])
    mine = sequences_naming_person(audit, PSEUDONYMS.of("ada"))
    assert mine == [3, 8, 10]
    erased(audit, *mine, ground=ErasureGround.PERSON)
    assert sequences_naming_person(audit, PSEUDONYMS.of("ada")) == []
    assert gone(audit) == mine


def test_an_entry_is_named_by_its_id_or_the_start_of_a_recommendations(audit):
    assert resolve_sequence(audit, "rec-2") == 2
    assert resolve_sequence(audit, audit.all()[3].id) == 4
    with pytest.raises(LookupError, match="several recommendations start with 'rec'"):
        resolve_sequence(audit, "rec")
    with pytest.raises(LookupError, match="no entry 'nobody'"):
        resolve_sequence(audit, "nobody")


def test_before_a_day_is_what_was_recorded_before_it_and_can_be_erased(audit_url):
    store = AuditStore.open(audit_url)
    days = ("2026-02-28T23:59:59.999999", "2026-03-01T00:00:00", "2026-01-31T08:00:00")
    at = [NOW.fromisoformat(f"{day}+00:00") for day in days]
    store.append([recommendation_recorded_at(i, moment) for i, moment in enumerate(at)])
    store.append([draft_of_kind(EntryKind.POLICY_CHANGED, at[2]), decision_draft(1, at=at[2])])
    assert sequences_recorded_before(store, "2026-03-01") == [1, 3, 5]
    assert sequences_recorded_before(store, "2026-02-01") == [3, 5]
    assert sequences_recorded_before(store, "2026-03-02") == [1, 2, 3, 5]
    store.close()


def test_no_byte_of_what_was_erased_is_left_in_the_files(tmp_path):
    path = tmp_path / "audit.db"
    store = AuditStore.open(path)
    long = SECRET + " and more" * 3000  # several pages of its own
    store.append([decision_draft(n, reason=long if n % 2 else SECRET) for n in range(20)])

    def left():
        files = [p for p in tmp_path.iterdir() if p.name.startswith("audit.db")]
        return sum(SECRET.encode() in p.read_bytes() for p in files)

    assert left()
    erase_payloads(
        store, ErasureGround.REQUEST, range(1, 21), "asked to", BY, CONTEXT.recorded(), now=NOW
    )
    assert left() == 0
    store.close()
    assert left() == 0


def test_dead_rows_of_what_was_erased_are_vacuumed_in_postgres(postgres_url):
    store = AuditStore.open(postgres_url)
    store.append([decision_draft(n, at=NOW.replace(month=2), reason=SECRET) for n in range(20)])
    # How many pages are left hangs on who else reads the database; that it was done does not.
    counted = (
        "SELECT vacuum_count FROM pg_stat_user_tables WHERE relid = 'payloads_2026_02'::regclass"
    )

    def vacuums():
        with store.reading() as connection:
            return connection.exec_driver_sql(counted).scalar()

    assert vacuums() == 0
    erase_payloads(
        store, ErasureGround.REQUEST, range(1, 21), "asked to", BY, CONTEXT.recorded(), now=NOW
    )
    assert vacuums() == 1
    store.close()


def test_runs_hold_every_sequence_once_and_no_other():
    given = [9, 3, 4, 5, 5, 1, 7]
    ranges = ranges_of_sequences(given)
    assert ranges == [(1, 1), (3, 5), (7, 7), (9, 9)]
    assert [s for a, b in ranges for s in range(a, b + 1)] == sorted(set(given))
    assert format_ranges(ranges, most=2) == "1, 3 to 5 and 2 more runs"


def test_the_reason_stands_as_it_was_given(audit):
    assert json.loads(erased(audit, 1).body)["reason"] == "asked to"
