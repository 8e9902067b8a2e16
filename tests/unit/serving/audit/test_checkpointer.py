"""Checkpoints written in the background: when they are due, what they cost nobody, and the last."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from serving.audit.checkpointer import Checkpointer
from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.group_commit import IdempotencyKey
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import HEAD, REQUESTS
from serving.audit.transparency.checkpoint import open_checkpoint
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror, DivergentHistoryError
from serving.audit.transparency.merkle import root_of
from serving.audit.transparency.mirror_storage import CheckpointMirrorError, FolderStorage
from serving.audit.transparency.signing_key import SigningKey
from tests.tampering.rows import unguarded

pytestmark = pytest.mark.slow(4)

START = datetime(2026, 3, 10, 8, tzinfo=UTC)
LONG = 30.0  # seconds a test waits for what happens at once


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def forward(self, **passed):
        self.now += timedelta(**passed)


class Fragile:
    """A folder that is away when told so."""

    def __init__(self, path):
        self.folder, self.away, self.tries = (
            FolderStorage(path),
            threading.Event(),
            threading.Semaphore(0),
        )
        self.told = "the fragile place"
        self.written = threading.Event()

    def _here(self):
        if self.away.is_set():
            self.tries.release()
            raise CheckpointMirrorError("the fragile place cannot be used: away")

    def read(self, name):
        self._here()
        return self.folder.read(name)

    def names(self, folder):
        self._here()
        return self.folder.names(folder)

    def write(self, name, content):
        self._here()
        self.folder.write(name, content)
        if name == "checkpoint":
            self.written.set()


@pytest.fixture
def key(tmp_path):
    return SigningKey.load_or_make(tmp_path / "audit.key")


@pytest.fixture
def store(audit_url, key):
    opened_store = AuditStore.open(audit_url, signer=key)
    yield opened_store
    opened_store.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fragile(tmp_path):
    return Fragile(tmp_path / "checkpoints")


@pytest.fixture
def checkpointer(store, fragile, clock):
    made = Checkpointer(store, CheckpointMirror(fragile), 10, 60.0, clock)
    yield made
    made.stop()


def write(store, count, name="e", at=START):
    drafts = [
        Draft(f"{name}{n}", EntryKind.DECISION, "", "", "", "", 0.0, at.isoformat(), {})
        for n in range(count)
    ]
    return store.commit(drafts)


def standing(store):
    with store.reading() as connection:
        return connection.execute(sa.select(HEAD.c.checkpoint_size, HEAD.c.checkpoint_at)).one()


def test_the_checkpoint_is_in_the_second_place_and_then_on_record(store, checkpointer):
    write(store, 3)
    note = checkpointer.write_now()
    keys = checkpointer.place.keys()
    root = root_of(bytes.fromhex(entry.hash) for entry in store.between(1, 3))
    assert open_checkpoint(note, keys) == open_checkpoint(checkpointer.place.latest(), keys)
    assert (open_checkpoint(note, keys).size, open_checkpoint(note, keys).root) == (3, root)
    entry = store.all()[-1]
    assert (entry.sequence, entry.kind, entry.envelope.about) == (
        4,
        EntryKind.CHECKPOINT,
        "checkpoint/3",
    )
    assert entry.payload["note"] == note
    assert entry.payload["place"] == "the fragile place"
    assert set(entry.payload) == {"schema", "kind", "context", "note", "place"}
    assert standing(store) == (3, START.isoformat())


def test_an_empty_log_and_one_that_only_says_so_have_no_checkpoint_due(store, checkpointer, clock):
    assert not checkpointer.due()
    assert checkpointer.write_now() is None
    write(store, 1)
    assert checkpointer.due()
    assert checkpointer.write_now()
    clock.forward(days=1)
    assert not checkpointer.due()
    assert checkpointer.write_now() is None
    assert [entry.kind for entry in store.all()] == [EntryKind.DECISION, EntryKind.CHECKPOINT]


@pytest.mark.parametrize(
    ("passed", "entries", "due"),
    [
        ({"seconds": 59}, 1, False),
        ({"seconds": 60}, 1, True),
        ({"seconds": 0}, 8, False),  # with the entry of the checkpoint itself: 9 of 10
        ({"seconds": 0}, 9, True),
        ({"days": -1}, 1, True),  # a clock that was set back
    ],
)
def test_a_checkpoint_is_due_after_so_many_entries_or_seconds(
    store, checkpointer, clock, passed, entries, due
):
    write(store, 1)
    checkpointer.write_now()
    clock.forward(**passed)
    write(store, entries, "more")
    assert checkpointer.due() is due


def test_a_second_place_that_is_away_leaves_the_record_as_it_was(store, checkpointer, fragile):
    write(store, 2)
    fragile.away.set()
    with pytest.raises(CheckpointMirrorError, match="away"):
        checkpointer.write_now()
    assert len(store.all()) == 2
    assert standing(store) == (0, "")
    fragile.away.clear()
    assert checkpointer.write_now()


def test_a_record_that_was_changed_is_not_taken_to_the_second_place(store, checkpointer):
    write(store, 5)
    with store.engine.begin() as connection:
        unguarded(connection)
        third = "SELECT hash FROM entries WHERE sequence = 3"
        connection.exec_driver_sql(f"UPDATE entries SET hash = ({third}) WHERE sequence = 2")
    with pytest.raises(DivergentHistoryError, match="with 5 entries"):
        checkpointer.write_now()
    assert checkpointer.place.latest() is None


def test_a_place_that_was_written_just_before_a_crash_is_said_so_on_record(store, checkpointer):
    write(store, 5)
    commit, gone = store.commit, RuntimeError("the process died")
    object.__setattr__(store, "commit", lambda *_, **__: (_ for _ in ()).throw(gone))
    with pytest.raises(RuntimeError, match="died"):
        checkpointer.write_now()
    object.__setattr__(store, "commit", commit)
    assert checkpointer.place.sizes() == [5]
    assert checkpointer.write_now()
    assert checkpointer.place.sizes() == [5]
    assert standing(store).checkpoint_size == 5


def test_processes_that_write_at_once_do_no_harm(audit_url, store, key, fragile, clock):
    others = [AuditStore.open(audit_url, signer=key) for _ in range(4)]
    pointers = [Checkpointer(one, CheckpointMirror(fragile), 1, 1.0, clock) for one in others]

    def busy(n):
        for turn in range(5):
            write(others[n], 3, f"{n}-{turn}-")
            pointers[n].write_now()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(busy, range(4)))
    Checkpointer(store, CheckpointMirror(fragile), 1, 1.0, clock).write_now()
    place, entries = CheckpointMirror(fragile), store.all()
    hashes = [bytes.fromhex(entry.hash) for entry in entries]
    for size, note in place.checkpoints():
        assert open_checkpoint(note, place.keys()).root == root_of(hashes[:size])
    on_record = [e.envelope.about for e in entries if e.kind == EntryKind.CHECKPOINT]
    assert on_record == [f"checkpoint/{size}" for size in place.sizes()]
    assert list(place.leaves()) == hashes[: place.sizes()[-1]]
    for one in others:
        one.close()


def test_in_the_background_it_is_written_at_once_when_told_of_enough_entries(store, fragile, clock):
    checkpointer = Checkpointer(store, CheckpointMirror(fragile), 10, 3600.0, clock)
    write(store, 1)
    checkpointer.start()
    assert fragile.written.wait(LONG)
    fragile.written.clear()
    entries = write(store, 10, "more").entries
    checkpointer.nudge(len(entries))
    assert fragile.written.wait(LONG)
    assert checkpointer.stop()
    assert checkpointer.place.sizes() == [1, 12]


def test_the_last_checkpoint_covers_what_was_written_last(store, fragile, clock):
    checkpointer = Checkpointer(store, CheckpointMirror(fragile), 1000, 3600.0, clock)
    checkpointer.start()
    write(store, 7)
    assert checkpointer.stop(LONG)
    assert open_checkpoint(checkpointer.place.latest(), checkpointer.place.keys()).size >= 7
    assert checkpointer.stop()  # again, and it is done already


def test_it_cannot_be_started_twice(checkpointer):
    checkpointer.start()
    with pytest.raises(RuntimeError, match="runs already"):
        checkpointer.start()


def test_an_outage_is_logged_once_and_tried_again_until_it_is_over(store, fragile, clock, caplog):
    checkpointer = Checkpointer(store, CheckpointMirror(fragile), 1, 0.01, clock)
    write(store, 1)
    fragile.away.set()
    with caplog.at_level(logging.WARNING, "serving.audit.checkpointer"):
        checkpointer.start()
        for _ in range(3):
            assert fragile.tries.acquire(timeout=LONG)
        assert "away" in checkpointer.failing
        fragile.away.clear()
        assert fragile.written.wait(LONG)
        assert checkpointer.stop(LONG)
    assert checkpointer.failing == ""
    assert [record.getMessage() for record in caplog.records] == [
        "no checkpoint can be written: the fragile place cannot be used: away",
        "checkpoints are written again to the fragile place",
    ]
    assert caplog.records[0].exc_info is None


def test_a_last_checkpoint_that_cannot_be_written_does_not_keep_the_service(
    store, fragile, clock, caplog
):
    checkpointer = Checkpointer(store, CheckpointMirror(fragile), 1, 3600.0, clock)
    write(store, 1)
    fragile.away.set()
    checkpointer.start()
    assert checkpointer.stop(LONG)
    assert standing(store) == (0, "")


def test_machines_with_different_keys_are_told_to_share_one(
    store, checkpointer, audit_url, clock, tmp_path
):
    write(store, 1)
    checkpointer.write_now()
    theirs = AuditStore.open(audit_url, signer=SigningKey.load_or_make(tmp_path / "their.key"))
    write(theirs, 1, "theirs")
    their_place = CheckpointMirror.open(tmp_path / "theirs")
    with pytest.raises(DivergentHistoryError, match="entry 2 holds a checkpoint of another key"):
        Checkpointer(theirs, their_place, 1, 1.0, clock).write_now()
    assert their_place.latest() is None
    theirs.close()


def test_a_key_that_was_changed_on_purpose_signs_on(
    store, checkpointer, audit_url, clock, tmp_path
):
    write(store, 1)
    checkpointer.write_now()
    new = SigningKey.load_or_make(tmp_path / "new.key")
    lines = [*checkpointer.place.keys(), new.verifier(store.head().origin)]
    checkpointer.place.storage.write("key", "\n".join(map(str, lines)).encode())
    successor = AuditStore.open(audit_url, signer=new)
    for n in range(2):
        write(successor, 1, f"later{n}")
        assert Checkpointer(successor, checkpointer.place, 1, 1.0, clock).write_now()
    successor.close()


def test_a_store_that_nobody_signs_for_says_so(audit_url, fragile, clock):
    store = AuditStore.open(audit_url)
    write(store, 1)
    with pytest.raises(ValueError, match="without a key that signs"):
        Checkpointer(store, CheckpointMirror(fragile), 1, 1.0, clock).write_now()
    store.close()


def test_old_idempotency_keys_are_forgotten_and_their_entries_stay(store, fragile, clock):
    checkpointer = Checkpointer(
        store, CheckpointMirror(fragile), 1, 3600.0, clock, keys_kept_hours=24
    )
    for name, hours in (("old", 25), ("young", 23)):
        at = START - timedelta(hours=hours)
        draft = Draft(name, EntryKind.DECISION, "", "", "", "", 0.0, at.isoformat(), {})
        store.commit([draft], IdempotencyKey("me", name, "POST /v1", "00"))
    checkpointer.start()
    assert fragile.written.wait(LONG)
    assert checkpointer.stop(LONG)
    with store.reading() as connection:
        assert connection.scalars(sa.select(REQUESTS.c.key)).all() == ["young"]
    assert store.read("old") is not None
