"""Callers written together: none pays for another's mistake, none is left waiting."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from serving.audit.log import transaction
from serving.audit.log.errors import (
    AuditUnavailableError,
    DuplicateEntryError,
    IdempotencyKeyUsedError,
)
from serving.audit.log.group_commit import CommitResult, GroupCommit, IdempotencyKey, PendingCommit
from serving.audit.log.store import AuditStore, canonical_body
from serving.runtime.circuit_breaker import CircuitBreaker, CircuitState
from tests.support.minimal_draft import minimal_draft
from tests.support.polling import poll_until


@pytest.fixture
def store(audit_url):
    opened = AuditStore.open(audit_url)
    yield opened
    opened.close()


def ticket(*names, **given):
    drafts = [minimal_draft(name) for name in names]
    return PendingCommit(drafts, [canonical_body(draft) for draft in drafts], **given)


def transactions(store):
    """Counts commits."""
    count = []
    sa.event.listen(store.engine, "commit", lambda _: count.append(1))
    return count


def test_a_group_is_one_transaction(store):
    count = transactions(store)
    tickets = [ticket(f"{i}-0", f"{i}-1") for i in range(20)]
    store.group.write(tickets)
    assert len(count) == 1
    assert [t.committed.entries[0].sequence for t in tickets] == list(range(1, 41, 2))
    assert len({t.committed.checkpoint for t in tickets}) == 1


def test_callers_that_arrive_during_a_write_are_written_together_next():
    written, started, go = [], threading.Event(), threading.Event()

    def write(tickets):
        started.set()
        go.wait()
        written.append(len(tickets))
        for one in tickets:
            one.committed = CommitResult([], "")

    group = GroupCommit(write)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(group.commit, [ticket("first")])
        started.wait()
        others = [pool.submit(group.commit, [ticket(str(i))]) for i in range(8)]
        poll_until(lambda: len(group.waiting) == 8)
        go.set()
        for job in [first, *others]:
            job.result()
    assert written == [1, 8]
    assert not group.has_leader


def test_one_leader_at_a_time_writes_every_caller_once():
    inside, most, written = [], [], []

    def write(tickets):
        inside.append(1)
        most.append(len(inside))
        threading.Event().wait(0.0005)  # long enough for another to come in, were it let
        for one in tickets:
            written.append(one.drafts[0].id)
            one.committed = CommitResult([], "")
        inside.pop()

    group = GroupCommit(write)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda i: group.commit([ticket(str(i))]), range(400)))
    assert set(most) == {1}
    assert sorted(written) == sorted(map(str, range(400)))


def test_a_refused_caller_does_not_fail_its_neighbours(store):
    store.commit([minimal_draft("on record")], key=IdempotencyKey("c", "used", "", ""))
    good, taken, twice = ticket("a"), ticket("b", "on record"), ticket("c", "c")
    used = ticket("d", key=IdempotencyKey("c", "used", "", ""))
    same, again = (
        ticket("e", key=IdempotencyKey("c", "k", "", "")),
        ticket("f", key=IdempotencyKey("c", "k", "", "")),
    )
    last = ticket("a2")
    store.group.write([good, taken, twice, used, same, again, last])
    assert [type(t.error) for t in (taken, twice)] == [DuplicateEntryError] * 2
    assert [type(t.error) for t in (used, again)] == [IdempotencyKeyUsedError] * 2
    assert [entry.id for entry in store.all()] == ["on record", "a", "e", "a2"]


def test_a_caller_whose_own_step_fails_does_not_fail_its_neighbours(store):
    def fails(connection):
        connection.exec_driver_sql("DELETE FROM payloads")
        raise LookupError("of its own")

    count = transactions(store)
    tickets = [ticket("a"), ticket("b", also=fails), ticket("c")]
    store.group.write(tickets)
    assert isinstance(tickets[1].error, LookupError)
    assert [entry.id for entry in store.all()] == ["a", "c"]
    assert all(entry.body for entry in store.all())
    assert len(count) == 1  # the two were written together again


def test_a_statement_that_fails_in_a_callers_own_step_does_not_either(store):
    tickets = [ticket("a"), ticket("b", also=lambda c: c.exec_driver_sql("SELEKT"))]
    store.group.write(tickets)
    assert isinstance(tickets[1].error, sa.exc.DBAPIError)
    assert [entry.id for entry in store.all()] == ["a"]


def test_an_integrity_error_that_nobody_foresaw_is_brought_home_to_its_caller(store):
    with store.engine.begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX one_a_place ON entries (site)")
    tickets = [ticket("a"), ticket("b")]
    store.group.write(tickets)
    assert [entry.id for entry in store.all()] == ["a"]
    assert isinstance(tickets[1].error, AuditUnavailableError)
    assert "nothing was recorded" in str(tickets[1].error)


@pytest.fixture
def commit_breaks(store, monkeypatch):
    """The connection breaks at the commit: before or after the database has done it."""

    def breaks(when):
        commit = store.engine.dialect.do_commit
        left = [1]

        def broken(connection):
            if not left:
                return commit(connection)
            left.pop()
            if when == "after":
                commit(connection)
            raise sa.exc.OperationalError("COMMIT", None, OSError("the connection is lost"))

        monkeypatch.setattr(store.engine.dialect, "do_commit", broken)

    return breaks


def test_a_commit_that_went_through_unseen_is_told_as_written(store, commit_breaks):
    commit_breaks("after")
    assert [entry.id for entry in store.append([minimal_draft("a"), minimal_draft("b")])] == [
        "a",
        "b",
    ]
    assert [entry.id for entry in store.all()] == ["a", "b"]


def test_a_commit_that_did_not_go_through_is_told_as_nothing(store, commit_breaks):
    commit_breaks("before")
    with pytest.raises(AuditUnavailableError, match=r"nothing was recorded: .*connection is lost"):
        store.append([minimal_draft("a")])
    assert store.all() == []
    store.append([minimal_draft("a")])
    assert [entry.id for entry in store.all()] == ["a"]


def test_a_commit_of_which_nobody_can_tell_says_so(store, commit_breaks, monkeypatch):
    commit_breaks("after")

    real = transaction.settle_uncertain_commits

    def away(connection, tickets):
        if any(ticket.tried for ticket in tickets):
            raise OSError("the server is away")
        real(connection, tickets)

    monkeypatch.setattr(transaction, "settle_uncertain_commits", away)
    with pytest.raises(AuditUnavailableError, match=r"cannot be told.*the server is away"):
        store.append([minimal_draft("a")])


def test_a_leader_that_is_stopped_leaves_nobody_waiting(store, monkeypatch):
    """Ctrl-C comes after the commit and before anybody was told: nothing is written twice."""
    real = store.group.write
    started, go = threading.Event(), threading.Event()

    def stopped(tickets):
        store.group.write = real
        started.set()
        go.wait()
        real(tickets)
        for one in tickets:
            one.committed = None  # as if the interruption came just before
        raise KeyboardInterrupt

    store.group.write = stopped
    with ThreadPoolExecutor(4) as pool:
        leader = pool.submit(store.append, [minimal_draft("leader")])
        started.wait()
        others = [pool.submit(store.append, [minimal_draft(str(i))]) for i in range(3)]
        poll_until(lambda: len(store.group.waiting) == 3)
        go.set()
        with pytest.raises(KeyboardInterrupt):
            leader.result()
        for job in others:
            assert job.result()[0].id in {"0", "1", "2"}
    assert sorted(entry.id for entry in store.all()) == ["0", "1", "2", "leader"]
    store.append([minimal_draft("afterwards")])


def test_callers_written_by_an_interrupted_leader_get_their_entries(store):
    first, second = ticket("a"), ticket("b")
    store.group.write([first, second])
    for one in (first, second):
        one.committed = None  # as the interruption leaves them: tried, and not told
    store.group.write([first, second])
    assert [t.committed.entries[0].sequence for t in (first, second)] == [1, 2]
    assert len(store.all()) == 2


def test_callers_written_together_get_each_what_is_their_own(store):
    """Of five: one writes, one takes a taken id, one cannot be recorded, two want the same key."""
    store.append([minimal_draft("taken")])
    key = IdempotencyKey("erp", "k-1", "score stock_risk", "ab" * 32)
    strange = replace(minimal_draft("strange"), payload={"number": float("nan")})
    count = transactions(store)
    wanted = [
        ([minimal_draft("good-0"), minimal_draft("good-1")], None),
        ([minimal_draft("taken")], None),
        ([strange], None),
        ([minimal_draft("first")], key),
        ([minimal_draft("second")], key),
    ]
    good, taken, refused, first, second = store.commit_together(wanted)
    assert len(count) == 1
    assert [entry.id for entry in good.entries] == ["good-0", "good-1"]
    assert isinstance(taken, DuplicateEntryError)
    assert isinstance(refused, ValueError)
    assert [entry.id for entry in first.entries] == ["first"]
    assert isinstance(second, IdempotencyKeyUsedError)
    assert good.checkpoint == first.checkpoint
    assert store.head().frontier.size == 4
    rows = store.requests([("erp", "k-1"), ("erp", "k-2"), ("other", "k-1")])
    assert {name: row["first"] for name, row in rows.items()} == {("erp", "k-1"): 4}


def test_an_unavailable_store_fails_every_caller_and_opens_the_breaker(store, monkeypatch):
    guarded = replace(store, breaker=CircuitBreaker("the record", failures=2))

    def gone(*_, **__):
        raise sa.exc.OperationalError("insert", {}, OSError("the disk is full"))

    monkeypatch.setattr(transaction, "write_group", gone)
    for _ in range(2):
        first, second = guarded.commit_together(
            [([minimal_draft("a")], None), ([minimal_draft("b")], None)]
        )
        assert isinstance(first, AuditUnavailableError)
        assert isinstance(second, AuditUnavailableError)
    assert guarded.breaker.state is CircuitState.OPEN
    (refused,) = guarded.commit_together([([minimal_draft("c")], None)])
    assert "nothing was tried" in str(refused)
