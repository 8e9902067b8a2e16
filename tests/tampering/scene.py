"""A record in the hands of an attacker, and what an attacker can do there."""

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
    """What verification must say of the first entry that it names: one of these faults.

    trusted: the verifier holds the checkpoint that the last caller was given; without it,
    what came after the last checkpoint in the second place is anybody's who has the database.
    """

    places: frozenset[Place]
    trusted: bool = False

    @classmethod
    def at(cls, sequence: int | None, *faults: Fault, trusted: bool = False) -> Expected:
        """One of the faults, at that entry."""
        return cls(frozenset((fault, sequence) for fault in faults), trusted)

    def __or__(self, other: Expected) -> Expected:
        """Either."""
        return Expected(self.places | other.places, self.trusted or other.trusted)


@dataclass
class Scene:
    """Database and second place of a log, opened by an attacker who has the file.

    log: as it was. db: rows as tuples, no triggers any more. place: folder.
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
        """Entries there were."""
        return self.log.size

    def pick(self, last: int | None = None, first: int = 1) -> int:
        """Some entry."""
        return self.rng.randint(first, last or self.size)

    def pick_held(self, last: int | None = None, *, plain: bool = False) -> int:
        """Some entry whose payload is there; plain: no checkpoint or erasure."""
        while True:
            found = self.pick(last)
            ordinary = self.kind(found) not in {"checkpoint", "erasure"}
            if found not in self.log.erased and (ordinary or not plain):
                return found

    def pick_two(self, last: int | None = None) -> tuple[int, int]:
        """Two entries, both held, the earlier first; neither a checkpoint or an erasure."""
        while True:
            some = sorted(self.pick_held(last, plain=True) for _ in range(2))
            if some[0] < some[1]:
                return some[0], some[1]

    def kind(self, sequence: int) -> str:
        """Kind of an entry, as it was."""
        return str(self.log.tables["entries"][sequence - 1]["kind"])

    def of_kind(self, kind: str) -> list[int]:
        """Entries of a kind, as it was."""
        return [i + 1 for i, row in enumerate(self.log.tables["entries"]) if row["kind"] == kind]

    def get(self, table: str, column: str, sequence: int) -> Any:
        """A value as it is now."""
        query = f'SELECT "{column}" FROM {table} WHERE sequence = ?'
        return self.db.execute(query, (sequence,)).fetchone()[0]

    def set(self, table: str, column: str, sequence: int, value: object) -> None:
        """Change a value; it must become another one, or nothing was tampered with."""
        assert self.get(table, column, sequence) != value
        self.db.execute(f'UPDATE {table} SET "{column}" = ? WHERE sequence = ?', (value, sequence))

    def run(self, statement: str, *values: object) -> None:
        """Anything else."""
        self.db.execute(statement, values)

    def entries(self) -> list[Row]:
        """Every row of entries, as it is now."""
        names = ", ".join(f'"{name}"' for name in COLUMNS)
        found = self.db.execute(f"SELECT {names} FROM entries ORDER BY sequence")
        return [dict(zip(COLUMNS, row, strict=True)) for row in found]

    def unbound(self, table: str) -> None:
        """Put a table without keys in the place of the real one: it takes rows twice."""
        self.db.execute(f"CREATE TABLE loose AS SELECT * FROM {table}")
        self.db.execute(f"DROP TABLE {table}")
        self.db.execute(f"ALTER TABLE loose RENAME TO {table}")

    def payload(self, sequence: int) -> Any:
        """What an entry holds, as it is now."""
        return json.loads(self.get("payloads", "body", sequence))

    def forge(self, sequence: int, change: Callable[[Any], None]) -> None:
        """Change what an entry holds, and have its commitment say so too."""
        held = self.payload(sequence)
        change(held)
        body = canonicalize(held)
        self.set("payloads", "body", sequence, body)
        salt = self.get("payloads", "salt", sequence)
        self.set("entries", "commitment", sequence, payload_commitment(salt, body))

    def rehash(self, first: int, last: int | None = None) -> None:
        """Work out hash and link anew, from one entry to another or to the end."""
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
        """Work out the tree anew over the hashes there are now, and write it down."""
        hashes = [str(row["hash"]) for row in self.entries()]
        frontier, made = Frontier().with_leaves(bytes.fromhex(text) for text in hashes)
        if nodes:
            self.db.execute("DELETE FROM nodes")
            rows = [(node.level, node.index, node.hash.hex()) for node in made]
            self.db.executemany("INSERT INTO nodes VALUES (?, ?, ?)", rows)
        if head:
            end = (frontier.size, hashes[-1] if hashes else GENESIS_HASH, frontier.text())
            self.db.execute("UPDATE head SET size = ?, hash = ?, frontier = ?", end)
        return frontier

    def signed(self, size: int, key: SigningKey) -> str:
        """A checkpoint of the first `size` entries there are now."""
        hashes = [bytes.fromhex(str(row["hash"])) for row in self.entries()[:size]]
        return key.note(ORIGIN, size, Frontier().with_leaves(hashes)[0].root())

    def peak(self, sequence: int) -> int:
        """First entry of the perfect subtree, of those the log falls into, that an entry is in."""
        first = 1
        while first <= self.size:
            width = 1 << ((self.size - first + 1).bit_length() - 1)
            if sequence < first + width:
                return first
            first += width
        raise ValueError(f"there is no entry {sequence}")

    def unexplained(self, first: int, last: int) -> Expected:
        """What may be named instead if entries go: payloads whose erasure was among them."""
        gone = [
            span[0]
            for at in self.of_kind("erasure")
            if first <= at <= last
            for span in json.loads(self.log.body(at))["ranges"]
        ]
        return Expected(frozenset({(Fault.DELETED, min(gone))} if gone else ()))

    def notes(self) -> Iterator[Path]:
        """The checkpoints kept under their sizes, smallest first."""
        yield from sorted((self.place / "checkpoints").iterdir())


def envelope(row: Row) -> Envelope:
    """The envelope in a row."""
    values: dict[str, Any] = {name: row[name] for name in ENVELOPE_FIELDS}
    return Envelope(**values | {"picked": bool(row["picked"])})
