"""A reproducible log to attack, written by the real store.

Fixed are what a store draws or looks up otherwise: salts, the name of the log, clocks (in
`drafts`) and the key.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from unittest import mock

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from serving.audit.log.entry import SALT_BYTES, Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import HEAD, PAYLOADS
from serving.audit.transparency.signing_key import SigningKey
from tests.tampering import rows
from tests.tampering.drafts import draft, made, moment
from tests.tampering.tlog_tiles import mirror_files

ORIGIN = "exception-triage/audit/0123456789abcdef"
Span = tuple[int, int]


def test_key(name: str) -> SigningKey:
    """Derive a signing key from a public name; for tests only."""
    seed = sha256(f"exception-triage: a key for tests only: {name}".encode()).digest()
    return SigningKey.of(Ed25519PrivateKey.from_private_bytes(seed))


KEY = test_key("the log's own")
ATTACKERS_KEY = test_key("an attacker's own")


@dataclass(frozen=True)
class Log:
    """The rows of an audit log and the files of its checkpoint mirror.

    Attributes:
        tables: Rows of the database.
        files: Files of the checkpoint mirror, by path.
        vkey: Verifier key of the log's signer.
        note: Checkpoint that the last caller was given; it covers every entry.
        covered: Size of the last checkpoint in the mirror.
        erased: Sequences whose payloads were erased.
    """

    tables: rows.Tables
    files: Mapping[str, bytes]
    vkey: str
    note: str
    covered: int
    erased: frozenset[int]

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self.tables["entries"])

    def body(self, sequence: int) -> str:
        """Return the payload body of an entry."""
        held = (row for row in self.tables["payloads"] if row["sequence"] == sequence)
        return str(next(held)["body"])


@dataclass(frozen=True)
class Plan:
    """Specification of a log to write.

    Attributes:
        size: Number of entries.
        checkpoints: Sizes written to the mirror; a CHECKPOINT entry follows each directly.
        erasures: Sequence of each ERASURE entry, and the ranges that it erases.
    """

    size: int
    checkpoints: Sequence[int] = ()
    erasures: Sequence[tuple[int, Sequence[Span]]] = ()


def log(plan: Plan) -> Log:
    """Write the log that a plan describes and read it back."""
    with tempfile.TemporaryDirectory() as folder, salted():
        store = AuditStore.open(Path(folder) / "audit.db", signer=KEY)
        with store.engine.begin() as connection:
            rows.unguarded(connection)
            connection.execute(sa.update(HEAD).values(origin=ORIGIN))
        files: dict[str, bytes] = {"key": (KEY.verifier(ORIGIN) + "\n").encode()}
        note = ""
        for group in groups(plan):
            note = commit_group(store, plan, group, note)
            end = group[-1]
            if end in plan.checkpoints:
                files |= mirror_files(rows.read(store)["entries"], note)
        tables = rows.read(store)
        store.close()
    spans = [span for _, spans in plan.erasures for span in spans]
    erased = frozenset(s for first, last in spans for s in range(first, last + 1))
    covered = max(plan.checkpoints, default=0)
    return Log(tables, files, KEY.verifier(ORIGIN), note, covered, erased)


def groups(plan: Plan) -> Iterator[list[int]]:
    """Yield the sequences of each commit: checkpoints and erasures alone, others in sixes."""
    alone = {size + 1 for size in plan.checkpoints} | {at for at, _ in plan.erasures}
    group: list[int] = []
    for sequence in range(1, plan.size + 1):
        if group and (sequence in alone or group[-1] in alone or len(group) == 6):
            yield group
            group = []
        group.append(sequence)
    yield group


def commit_group(store: AuditStore, plan: Plan, group: Sequence[int], note: str) -> str:
    """Commit a group and return the note its caller gets; `note` is the previous group's."""
    first = group[0]
    if first - 1 in plan.checkpoints:
        moved = {"checkpoint_size": first - 1, "checkpoint_at": moment(first)}
        return store.commit(
            [checkpoint(first, note)], also=lambda c: c.execute(sa.update(HEAD).values(moved))
        ).checkpoint
    spans = next((spans for at, spans in plan.erasures if at == first), None)
    if spans is not None:
        return store.commit([erasure(first, spans)], also=lambda c: erase(c, spans)).checkpoint
    return store.commit([draft(sequence) for sequence in group]).checkpoint


def checkpoint(sequence: int, note: str) -> Draft:
    """Draft the CHECKPOINT entry that records which note the mirror holds."""
    fields = {"note": note, "place": "second-place"}
    return made(
        sequence, EntryKind.CHECKPOINT, fields, about=f"checkpoint/{note.split(chr(10))[1]}"
    )


def erasure(sequence: int, spans: Iterable[Span]) -> Draft:
    """Draft the ERASURE entry for the ranges."""
    ranges = [list(span) for span in spans]
    return made(
        sequence,
        EntryKind.ERASURE,
        {
            "ground": "person",
            "reason": "asked for by the person",
            "by": "person-0123456789abcdef0123456789abcdef",
            "ranges": ranges,
            "count": sum(last - first + 1 for first, last in ranges),
        },
        about="",
    )


def erase(connection: sa.Connection, spans: Iterable[Span]) -> None:
    """Delete the payloads of the ranges."""
    for first, last in spans:
        gone = PAYLOADS.c.sequence.between(first, last)
        connection.execute(sa.delete(PAYLOADS).where(gone))


@contextmanager
def salted() -> Iterator[None]:
    """Replace the store's random salts by reproducible ones."""
    number = iter(range(10**9))

    def token_hex(length: int) -> str:
        assert length == SALT_BYTES
        return sha256(f"salt {next(number)}".encode()).hexdigest()[: 2 * length]

    with mock.patch("serving.audit.log.entry.secrets.token_hex", token_hex):
        yield
