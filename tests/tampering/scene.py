"""An audit log in an attacker's hands, and the operations an attacker has."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import ENVELOPE_FIELDS, GENESIS_HASH, Envelope, payload_commitment
from serving.audit.transparency.merkle import Frontier
from serving.audit.transparency.signing_key import SigningKey
from serving.audit.verify.verdict import Fault
from tests.tampering.log import ORIGIN, Log
from tests.tampering.rows import Row

COLUMNS = (*ENVELOPE_FIELDS, "hash")
Place = tuple[Fault, int | None]


@dataclass(frozen=True)
class Expected:
    """The places that verification may name first; any one of them is correct.

    Attributes:
        places: Faults, each with the sequence of its entry, or None for the log as a whole.
        trusted: True if the verifier needs the last caller's checkpoint: without it, nothing
            protects the entries after the mirror's last checkpoint.
    """

    places: frozenset[Place]
    trusted: bool = False

    @classmethod
    def at(cls, sequence: int | None, *faults: Fault, trusted: bool = False) -> Expected:
        """Expect one of the faults at an entry."""
        return cls(frozenset((fault, sequence) for fault in faults), trusted)

    def __or__(self, other: Expected) -> Expected:
        """Accept the places of either."""
        return Expected(self.places | other.places, self.trusted or other.trusted)


@dataclass
class Scene:
    """Database and checkpoint mirror of a log, opened by an attacker who has the files.

    Attributes:
        log: The log before the attack.
        db: Connection to the database, its triggers removed; rows are tuples.
        place: Folder of the checkpoint mirror.
        rng: Source of all random choices.
    """

    log: Log
    db: sqlite3.Connection
    place: Path
    rng: random.Random

    def __post_init__(self) -> None:
        self.db.isolation_level = None
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in self.db.execute(triggers).fetchall():
            self.db.execute(f'DROP TRIGGER "{name}"')

    @property
    def size(self) -> int:
        """Number of entries before the attack."""
        return self.log.size

    def pick(self, last: int | None = None, first: int = 1) -> int:
        """Pick a random entry between `first` and `last`."""
        return self.rng.randint(first, last or self.size)

    def pick_held(self, last: int | None = None, *, plain: bool = False) -> int:
        """Pick a random entry that has its payload; with `plain`, no checkpoint or erasure."""
        while True:
            sequence = self.pick(last)
            ordinary = self.kind(sequence) not in {"checkpoint", "erasure"}
            if sequence not in self.log.erased and (ordinary or not plain):
                return sequence

    def pick_two(self, last: int | None = None) -> tuple[int, int]:
        """Pick two plain entries that have their payloads, the earlier first."""
        while True:
            some = sorted(self.pick_held(last, plain=True) for _ in range(2))
            if some[0] < some[1]:
                return some[0], some[1]

    def kind(self, sequence: int) -> str:
        """Return the kind of an entry before the attack."""
        return str(self.log.tables["entries"][sequence - 1]["kind"])

    def of_kind(self, kind: str) -> list[int]:
        """Return the sequences of a kind before the attack."""
        return [i + 1 for i, row in enumerate(self.log.tables["entries"]) if row["kind"] == kind]

    def get(self, table: str, column: str, sequence: int) -> Any:
        """Return the current value of a column."""
        query = f'SELECT "{column}" FROM {table} WHERE sequence = ?'
        return self.db.execute(query, (sequence,)).fetchone()[0]

    def set(self, table: str, column: str, sequence: int, value: object) -> None:
        """Change a value; the new value must differ, or nothing was tampered with."""
        assert self.get(table, column, sequence) != value
        self.db.execute(f'UPDATE {table} SET "{column}" = ? WHERE sequence = ?', (value, sequence))

    def run(self, statement: str, *values: object) -> None:
        """Execute any other SQL statement."""
        self.db.execute(statement, values)

    def entries(self) -> list[Row]:
        """Return the current rows of `entries`."""
        names = ", ".join(f'"{name}"' for name in COLUMNS)
        rows = self.db.execute(f"SELECT {names} FROM entries ORDER BY sequence")
        return [dict(zip(COLUMNS, row, strict=True)) for row in rows]

    def unbound(self, table: str) -> None:
        """Replace a table by one without keys, which accepts duplicate rows."""
        self.db.execute(f"CREATE TABLE loose AS SELECT * FROM {table}")
        self.db.execute(f"DROP TABLE {table}")
        self.db.execute(f"ALTER TABLE loose RENAME TO {table}")

    def payload(self, sequence: int) -> Any:
        """Return the current payload of an entry."""
        return json.loads(self.get("payloads", "body", sequence))

    def forge(self, sequence: int, change: Callable[[Any], None]) -> None:
        """Change the payload of an entry and update its commitment."""
        held = self.payload(sequence)
        change(held)
        body = canonicalize(held)
        self.set("payloads", "body", sequence, body)
        salt = self.get("payloads", "salt", sequence)
        self.set("entries", "commitment", sequence, payload_commitment(salt, body))

    def rehash(self, first: int, last: int | None = None) -> None:
        """Recompute hashes and links from `first` to `last` or the end."""
        rows = self.entries()
        chosen = [row for row in rows if first <= int(str(row["sequence"])) <= (last or 10**9)]
        before = [row for row in rows if int(str(row["sequence"])) < first]
        previous = str(before[-1]["hash"]) if before else GENESIS_HASH
        for row in chosen:
            row["previous"] = previous
            row["hash"] = previous = envelope(row).leaf()
            self.db.execute(
                "UPDATE entries SET previous = ?, hash = ? WHERE sequence = ?",
                (row["previous"], row["hash"], row["sequence"]),
            )

    def regrow(self, *, head: bool = True, nodes: bool = True) -> Frontier:
        """Recompute the tree over the current hashes and store it."""
        hashes = [str(row["hash"]) for row in self.entries()]
        frontier, complete = Frontier().with_leaves(bytes.fromhex(text) for text in hashes)
        if nodes:
            self.db.execute("DELETE FROM nodes")
            rows = [(node.level, node.index, node.hash.hex()) for node in complete]
            self.db.executemany("INSERT INTO nodes VALUES (?, ?, ?)", rows)
        if head:
            end = (frontier.size, hashes[-1] if hashes else GENESIS_HASH, frontier.text())
            self.db.execute("UPDATE head SET size = ?, hash = ?, frontier = ?", end)
        return frontier

    def signed(self, size: int, key: SigningKey) -> str:
        """Sign a checkpoint of the first `size` current entries."""
        hashes = [bytes.fromhex(str(row["hash"])) for row in self.entries()[:size]]
        return key.note(ORIGIN, size, Frontier().with_leaves(hashes)[0].root())

    def peak(self, sequence: int) -> int:
        """Return the first entry of the perfect subtree that contains an entry."""
        first = 1
        while first <= self.size:
            width = 1 << ((self.size - first + 1).bit_length() - 1)
            if sequence < first + width:
                return first
            first += width
        raise ValueError(f"there is no entry {sequence}")

    def unexplained(self, first: int, last: int) -> Expected:
        """Return what verification may name instead: payloads whose ERASURE was removed."""
        gone = [
            span[0]
            for at in self.of_kind("erasure")
            if first <= at <= last
            for span in json.loads(self.log.body(at))["ranges"]
        ]
        return Expected(frozenset({(Fault.DELETED, min(gone))} if gone else ()))

    def notes(self) -> Iterator[Path]:
        """Yield the mirror's checkpoint files, smallest size first."""
        yield from sorted((self.place / "checkpoints").iterdir())


def envelope(row: Row) -> Envelope:
    """Build the envelope from a row of `entries`."""
    values: dict[str, Any] = {name: row[name] for name in ENVELOPE_FIELDS}
    return Envelope(**values | {"picked": bool(row["picked"])})
