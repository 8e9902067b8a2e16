"""A bare process that writes to the record and prints each acknowledgement as a line.

Where the record is, the environment says, as for the service. A line on standard output is
written only after `commit` has returned; whoever has read a whole line holds an answer.
"""

import argparse
import hashlib
import itertools
import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial

import sqlalchemy as sa

from data.lake import Lake
from serving.audit.factory import open_audit
from serving.audit.log import queries
from serving.audit.log.entry import Draft, Entry
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError, IdempotencyKeyUsedError
from serving.audit.log.group_commit import IdempotencyKey
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES

CALLER = "writer"
PAUSE_SECONDS = 0.05
"""Pause between two attempts while the record is unavailable."""


class Plant(StrEnum):
    """Faults planted in the writer, which the harness must find."""

    NONE = "none"
    ACKNOWLEDGE_FIRST = "acknowledge_first"
    DROP = "drop"
    IGNORE_KEYS = "ignore_keys"


class DroppedError(Exception):
    """Roll back an entry that was acknowledged; a planted fault."""


def main(arguments: list[str], lifeline: int) -> int:
    """Write until SIGTERM, or until the lifeline ends because the parent process is gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, help="start of every id, unlike any other run's")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--twice", action="store_true", help="send everything twice at once")
    parser.add_argument("--plant", type=Plant, choices=list(Plant), default=Plant.NONE)
    options = parser.parse_args(arguments)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    store = _opened(stop)
    if store is None:
        return 0
    writer = Writer(store, options.name, options.plant, stop)
    work = [
        threading.Thread(
            target=writer.work, args=(number, options.seed), kwargs={"twice": options.twice}
        )
        for number in range(options.threads)
    ]
    threading.Thread(target=_orphaned, args=(lifeline, stop), daemon=True).start()
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    store.close()
    return 0


def _opened(stop: threading.Event) -> AuditStore | None:
    """Open the record, retrying while it is unavailable, as a starting service does."""
    while not stop.is_set():
        sent = time.monotonic()
        try:
            return open_audit(Lake.from_environment())
        except AuditUnavailableError as error:
            say({"refused": str(error), "sent": sent})
            stop.wait(PAUSE_SECONDS)
    return None


def _orphaned(lifeline: int, stop: threading.Event) -> None:
    while os.read(lifeline, 1):
        pass
    stop.set()


class Writer:
    """Threads that record and acknowledge."""

    def __init__(self, store: AuditStore, name: str, plant: Plant, stop: threading.Event) -> None:
        self.store, self.name, self.plant, self.stop = store, name, plant, stop

    def work(self, thread: int, seed: int, *, twice: bool) -> None:
        """Commit until the stop event is set; repeat refused commits with the same key."""
        rng = random.Random(f"{seed}-{thread}")
        for number in itertools.count():
            if self.stop.is_set():
                return
            ask = f"{self.name}-{thread}-{number}"
            size, count = rng.randrange(20, 4000), rng.choice([1, 1, 1, 2, 3])
            key = (
                IdempotencyKey(CALLER, ask, "write", digest(ask))
                if twice or rng.random() < 0.5
                else None
            )
            if not twice:
                self._until_recorded(ask, key, size, count)
                continue
            both = [
                threading.Thread(target=self._until_recorded, args=(ask, key, size, count))
                for _ in range(2)
            ]
            for one in both:
                one.start()
            for one in both:
                one.join()
            self._until_recorded(ask, key, size, count)  # and again, later

    def _until_recorded(self, ask: str, key: IdempotencyKey | None, size: int, count: int) -> None:
        for attempt in itertools.count():
            again = f"{ask}-{attempt}-{threading.get_ident()}" if key else ask
            if self._commit(list(drafts(again, key, size, count)), key) or self.stop.is_set():
                return
            self.stop.wait(PAUSE_SECONDS)

    def _commit(self, wanted: list[Draft], key: IdempotencyKey | None) -> bool:
        """Return whether an answer was options; False while the record was unavailable."""
        sent = time.monotonic()
        used = None if self.plant is Plant.IGNORE_KEYS else key
        also = partial(self._too_early, wanted, key, sent) if self.early else None
        try:
            result = self.store.commit(wanted, used, also)
        except AuditUnavailableError as error:
            say({"refused": str(error), "sent": sent})
            return False
        except IdempotencyKeyUsedError as error:
            say({"again": [error.row["first"], error.row["count"]], "key": key.key, "sent": sent})
            return True
        except DroppedError:
            return True
        if not self.early:
            _acknowledge(result.entries, result.checkpoint, key, sent)
        return True

    @property
    def early(self) -> bool:
        """Return whether the planted fault acknowledges inside the transaction."""
        return self.plant in {Plant.ACKNOWLEDGE_FIRST, Plant.DROP}

    def _too_early(
        self,
        wanted: list[Draft],
        key: IdempotencyKey | None,
        sent: float,
        connection: sa.Connection,
    ) -> None:
        mine = queries.entries().where(ENTRIES.c.id.in_([draft.id for draft in wanted]))
        written = [queries.entry_from_row(row) for row in connection.execute(mine).mappings()]
        _acknowledge(written, "", key, sent)
        if self.plant is Plant.DROP and written[-1].sequence % 7 == 0:
            raise DroppedError


def drafts(ask: str, key: IdempotencyKey | None, size: int, count: int) -> Iterator[Draft]:
    """Return so many drafts of recommendations, of about that many bytes each."""
    for number in range(count):
        identifier = f"{ask}-{number}"
        context = {"idempotency_key": key.key if key else None, "monotonic_ns": time.monotonic_ns()}
        yield Draft(
            id=identifier,
            kind=EntryKind.RECOMMENDATION,
            about=identifier,
            task="stock_risk",
            site="site_03",
            reference=identifier,
            priority=size / 7,
            recorded_at=datetime.now(UTC).isoformat(),
            payload={
                "schema": 2,
                "kind": "recommendation",
                "context": context,
                "input": {"text": "x" * size},
                "recommendation": {"id": identifier, "size": size},
            },
        )


def _acknowledge(entries: list[Entry], note: str, key: IdempotencyKey | None, sent: float) -> None:
    acknowledged = [[one.id, one.sequence, one.hash, digest(one.body)] for one in entries]
    say({"told": acknowledged, "note": note, "key": key.key if key else "", "sent": sent})


def digest(text: str) -> str:
    """Return the SHA-256 digest of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def say(line: dict) -> None:
    """Write a line to standard output in one call, so that lines of threads do not mix."""
    os.write(1, (json.dumps(line | {"got": time.monotonic()}) + "\n").encode())
