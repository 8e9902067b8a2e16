"""Invariants that hold after every fault, checked on observations without any I/O.

Every kind has the counter-example in `test_invariants.py` that it catches.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from serving.audit.log.entry import GENESIS_HASH, Entry, payload_commitment
from serving.audit.transparency.merkle import Frontier
from tests.faults.observations import AcknowledgedEntry, Answer, Outcome, Snapshot, Window


class ViolationKind(StrEnum):
    """Kinds of violation."""

    LOST = "lost"
    ALTERED = "altered"
    DOUBLE = "double"
    GAP = "gap"
    CHAIN = "chain"
    HEAD = "head"
    NOTE = "note"
    ANSWERED_WHILE_AWAY = "answered while away"
    DID_NOT_STRIKE = "did not strike"
    WRONG_REFUSAL = "wrong refusal"


REFUSALS = frozenset({409, 503, 504})
"""In flight (409), record unavailable (503), or waited too long (504); all may be repeated."""
AWAY = frozenset({503, 504})


@dataclass(frozen=True)
class Violation:
    """One violation of an invariant."""

    kind: ViolationKind
    sequence: int | None
    sentence: str


Root = Callable[[str], tuple[str, int, bytes]]
"""Function that reads origin, size and root of a signed note.

Raises:
    ValueError: its signature does not hold.
"""


@dataclass
class Known:
    """State of the record as read so far; extend it with consecutive snapshots.

    Attributes:
        content: Returns the part of an entry that an answer repeats.
        read_note: Reads a signed note.
        frontier: Frontier of the tree over the entries so far.
        previous: Hash of the last entry.
        entries: Id, hash and content of each entry, by sequence.
        ids: Number of entries by id.
        keys: Number of rows by caller and idempotency key.
        key_of: Idempotency key of an entry, by sequence.
        roots: Roots of the tree at every size so far.
    """

    content: Callable[[Entry], Any]
    read_note: Root
    frontier: Frontier = field(default_factory=Frontier)
    previous: str = GENESIS_HASH
    entries: dict[int, tuple[str, str, Any]] = field(default_factory=dict)
    ids: Counter[str] = field(default_factory=Counter)
    keys: Counter[tuple[str, str]] = field(default_factory=Counter)
    key_of: dict[int, str] = field(default_factory=dict)
    roots: list[bytes] = field(default_factory=lambda: [Frontier().root()])

    @property
    def size(self) -> int:
        """Number of entries read so far."""
        return self.frontier.size

    def extend(self, snapshot: Snapshot) -> list[Violation]:
        """Add a snapshot and return violations within the record itself."""
        return [
            *(found for entry in snapshot.entries for found in self._next(entry)),
            *self._ends_at(snapshot),
            *self._used(snapshot),
        ]

    def _next(self, entry: Entry) -> Iterator[Violation]:
        at, wanted = entry.sequence, self.frontier.size + 1
        if at != wanted:
            yield Violation(ViolationKind.GAP, at, f"entry {at} stands where {wanted} is due")
        if entry.previous != self.previous:
            yield Violation(ViolationKind.CHAIN, at, f"entry {at} does not follow the one before")
        if entry.hash != entry.envelope.leaf():
            yield Violation(
                ViolationKind.CHAIN, at, f"entry {at} has another hash than its envelope"
            )
        if entry.body is None or entry.salt is None:
            yield Violation(ViolationKind.CHAIN, at, f"entry {at} has no payload")
        elif payload_commitment(entry.salt, entry.body) != entry.envelope.commitment:
            yield Violation(
                ViolationKind.CHAIN, at, f"entry {at} has another payload than it commits to"
            )
        self.ids[entry.id] += 1
        if self.ids[entry.id] > 1:
            yield Violation(
                ViolationKind.DOUBLE, at, f"id {entry.id} is there {self.ids[entry.id]} times"
            )
        self.entries[at] = (entry.id, entry.hash, self.content(entry))
        self.frontier, _ = self.frontier.with_leaves([bytes.fromhex(entry.hash)])
        self.previous = entry.hash
        self.roots.append(self.frontier.root())

    def _ends_at(self, snapshot: Snapshot) -> Iterator[Violation]:
        end = snapshot.head
        if (end.frontier, end.hash) != (self.frontier, self.previous):
            yield Violation(
                ViolationKind.HEAD,
                end.frontier.size,
                f"the head says {end.frontier.size} entries ending in {end.hash[:12]}, "
                f"the entries make {self.size} ending in {self.previous[:12]}",
            )
        if snapshot.count != self.size:
            yield Violation(
                ViolationKind.GAP, None, f"{snapshot.count} rows for {self.size} entries"
            )

    def _used(self, snapshot: Snapshot) -> Iterator[Violation]:
        for row in snapshot.keys:
            caller, key = row["caller"], row["key"]
            self.keys[caller, key] += 1
            if self.keys[caller, key] > 1:
                yield Violation(
                    ViolationKind.DOUBLE, row["first"], f"key {key} of {caller} is there twice"
                )
            for at in range(row["first"], row["first"] + row["count"]):
                if at in self.key_of or at not in self.entries:
                    yield Violation(
                        ViolationKind.DOUBLE, at, f"key {key} names entry {at}, as another does"
                    )
                self.key_of[at] = key

    def holds(self, answers: Iterable[Answer]) -> list[Violation]:
        """Return violations by answers given before the last snapshot was taken."""
        return [
            found
            for answer in answers
            if answer.outcome is Outcome.ACKNOWLEDGED
            for found in (*self._recorded(answer), *self._covered(answer))
        ]

    def _recorded(self, answer: Answer) -> Iterator[Violation]:
        for entry in answer.told:
            held = self.entries.get(entry.sequence)
            if held is None or entry.id not in {held[0], ""}:
                yield Violation(ViolationKind.LOST, entry.sequence, _lost(entry, held))
            elif entry.id and not _same(entry, held):
                yield Violation(
                    ViolationKind.ALTERED,
                    entry.sequence,
                    f"{entry.id} was answered otherwise than recorded",
                )
        if answer.key:
            used = {self.key_of.get(entry.sequence) for entry in answer.told}
            if used != {answer.key}:
                yield Violation(
                    ViolationKind.DOUBLE,
                    answer.told[0].sequence,
                    f"key {answer.key} was answered with entries of {sorted(map(str, used))}",
                )

    def _covered(self, answer: Answer) -> Iterator[Violation]:
        if not answer.note:
            return
        last = max(entry.sequence for entry in answer.told)
        try:
            _, size, root = self.read_note(answer.note)
        except ValueError as error:
            yield Violation(
                ViolationKind.NOTE, last, f"the checkpoint answered with {last}: {error}"
            )
            return
        if size < last:
            yield Violation(
                ViolationKind.NOTE, last, f"the checkpoint of {size} entries leaves out {last}"
            )
        if size > self.size or self.roots[size] != root:
            yield Violation(
                ViolationKind.NOTE, last, f"the checkpoint of {size} entries is of another log"
            )


def _same(entry: AcknowledgedEntry, held: tuple[str, str, Any]) -> bool:
    return held[1] == entry.hash and entry.content == held[2]


def _lost(entry: AcknowledgedEntry, held: tuple[str, str, Any] | None) -> str:
    there = "nothing" if held is None else held[0]
    return f"{entry.id} was acknowledged as entry {entry.sequence}; there is {there}"


def fault_took_effect(
    answers: Sequence[Answer], entries: Sequence[Entry], window: Window
) -> list[Violation]:
    """Return violations during the fault; `entries` are those since the last fault."""
    return [*_refused(answers, window), *_stepped(entries, window.steps_hours)]


def _refused(answers: Sequence[Answer], window: Window) -> Iterator[Violation]:
    """Check that callers whose answer could not be recorded got the documented refusal and no score."""
    refused = [a for a in answers if a.outcome is Outcome.REFUSED]
    for answer in refused:
        if answer.status not in REFUSALS:
            yield Violation(
                ViolationKind.WRONG_REFUSAL, None, f"{answer.status}: {answer.reason[:200]}"
            )
    if window.refuses and not any(window.start < answer.got for answer in refused):
        yield Violation(ViolationKind.DID_NOT_STRIKE, None, "nobody was refused")
    for answer in answers if window.closed else ():
        inside = window.start < answer.sent and answer.got < window.end
        if inside and answer.outcome is Outcome.ACKNOWLEDGED:
            at = answer.told[0].sequence
            yield Violation(
                ViolationKind.ANSWERED_WHILE_AWAY, at, "a score, and nothing could be kept"
            )
        if inside and answer.outcome is Outcome.REFUSED and answer.status not in AWAY:
            yield Violation(
                ViolationKind.WRONG_REFUSAL, None, f"{answer.status}: {answer.reason[:200]}"
            )


def _stepped(entries: Sequence[Entry], hours: float) -> Iterator[Violation]:
    """Check that the clock stepped; otherwise order by sequence would prove nothing."""
    if not hours:
        return
    moments = [datetime.fromisoformat(entry.recorded_at) for entry in entries]
    steps = [(b - a).total_seconds() / 3600 for a, b in pairwise(moments)]
    if not steps or min(steps) > -0.9 * hours or max(steps) < 0.9 * hours:
        yield Violation(
            ViolationKind.DID_NOT_STRIKE, None, f"the clock did not step {hours:g} h and back"
        )
