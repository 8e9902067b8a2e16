"""The write-ahead log is moved beside the writers: none of them waits, and it does not grow."""

import itertools
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from types import SimpleNamespace

import pytest

from serving.audit.erasure.payload_deletion import purge_from_disk
from serving.audit.log.database import writer_lock
from serving.audit.log.store import AuditStore
from serving.runtime.settings import ServiceSettings
from serving.server.background_workers import WalCheckpoint, wal_checkpoint_worker
from tests.support.minimal_draft import minimal_draft

LONG = 256 * 2**10


@pytest.fixture
def store(tmp_path):
    with closing(AuditStore.open(tmp_path / "audit.db")) as opened:
        yield opened


def fill(store, wal, min_effect):
    """Append until the log is that long; how many entries it took."""
    count = 0
    while not wal.path.exists() or wal.path.stat().st_size < min_effect:
        store.append([minimal_draft(f"{store.head().frontier.size}-{i}") for i in range(50)])
        count += 50
    return count


def test_a_log_that_is_moved_again_and_again_does_not_grow(store):
    wal = WalCheckpoint(store.engine)
    count = fill(store, wal, LONG)
    assert wal.move()
    long = wal.path.stat().st_size
    for i in range(200):
        store.append([minimal_draft(f"after-{i}")])
        if i % 10 == 9:
            assert wal.move()
    assert wal.path.stat().st_size == long
    assert len(store.all()) == count + 200


def test_an_unchanged_database_is_not_checkpointed(store, monkeypatch):
    wal = WalCheckpoint(store.engine)
    store.append([minimal_draft("one")])
    assert wal.move()
    monkeypatch.setattr(
        WalCheckpoint, "_connect", lambda _: pytest.fail("there is nothing to move")
    )
    assert not wal.move()


def test_pages_that_a_reader_needs_stay_until_it_is_done(store):
    wal = WalCheckpoint(store.engine)
    fill(store, wal, LONG)
    with store.reading() as reader:
        seen = len(reader.exec_driver_sql("SELECT id FROM entries").all())
        store.append([minimal_draft("after the reader began")])
        assert not wal.move()
        assert len(reader.exec_driver_sql("SELECT id FROM entries").all()) == seen
    assert wal.move()


def test_nothing_is_lost_or_refused_while_it_is_moved_all_the_time(store):
    wal, ended, failed = WalCheckpoint(store.engine), threading.Event(), []

    def move():
        while not ended.is_set():
            try:
                wal.move()
            except (sqlite3.Error, OSError) as error:
                failed.append(error)

    def write(name):
        for i in range(40):
            store.append([minimal_draft(f"{name}-{i}")])

    movers = [threading.Thread(target=move) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in (*movers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    ended.set()
    for thread in movers:
        thread.join()
    assert not failed
    entries = store.all()
    assert len({entry.id for entry in entries}) == 160
    assert all(a.hash == b.previous for a, b in itertools.pairwise(entries))


HOLDS = """
import fcntl, os, sys
shm = os.open(sys.argv[1], os.O_RDWR)
fcntl.lockf(shm, fcntl.LOCK_EX, 1, 121)  # SQLite's own lock of whoever moves the log
print("held", flush=True)
sys.stdin.readline()
"""


def test_emptying_it_for_an_erasure_waits_for_whoever_moves_it(store, monkeypatch):
    """SQLite itself gives up at once where another process is moving the log."""
    wal = WalCheckpoint(store.engine)
    fill(store, wal, LONG)
    shared = f"{store.engine.url.database}-shm"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS, shared],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == "held\n"
    tries = []

    def counted(engine):
        tries.append(wal.path.stat().st_size)
        if len(tries) == 2:
            other.communicate("go\n")
        return writer_lock(engine)

    monkeypatch.setattr("serving.audit.erasure.payload_deletion.writer_lock", counted)
    assert purge_from_disk(store)
    assert tries == [tries[0]] * 2
    assert tries[0] > LONG
    assert wal.path.stat().st_size == 0


def test_on_postgresql_there_is_none(postgres_url):
    with closing(AuditStore.open(postgres_url)) as opened:
        assert wal_checkpoint_worker(ServiceSettings(), SimpleNamespace(audit=opened)) is None
