"""What verification can find, where, and in what words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """What was done to the record. Erasure with an entry that says so is not a fault.

    EDITED: something of one entry (a column, its payload, salt or hash) or a stored hash of the
        tree (`nodes`, `head`) differs from what was recorded.
    DELETED: entries are missing in the middle, or a payload is gone without an erasure.
    INSERTED: there is something that was never recorded: an entry between others or behind the
        end that `head` states, a payload of no entry.
    REORDERED: entries, or payloads, stand in each other's place.
    TRUNCATED: fewer entries than head or a signed checkpoint say.
    REWRITTEN: consistent in itself from some entry on, but another log than was signed.
    FORGED_PROOF: a checkpoint whose signature or form is wrong though it names a trusted key, or
        a leaf in the second place that is not in the signed tree.
    WRONG_KEY: a checkpoint that no trusted key signed.
    """

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    FORGED_PROOF = "forged_proof"
    WRONG_KEY = "wrong_key"


class Where(StrEnum):
    """What the fault was found in."""

    ENTRIES = "entries"
    PAYLOADS = "payloads"
    NODES = "nodes"
    HEAD = "head"
    CHECKPOINT_ENTRY = "checkpoint_entry"
    SECOND_PLACE = "second_place"
    TRUSTED = "trusted"


@dataclass(frozen=True)
class Finding:
    """A fault, and the first entry it concerns.

    sequence: None where no entry is named, as for a forged note in the second place or for
        `head`. For a node of the tree it is the first entry under it. For a truncated record it
        is the first that is missing.
    sentence: what was found and what it means for the reader.
    """

    fault: Fault
    sequence: int | None
    sentence: str
    where: Where = Where.ENTRIES


@dataclass(frozen=True)
class ClockStep:
    """An entry that its writer's clock dates before the entry ahead of it. seconds: how far."""

    sequence: int
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """What verification found. findings: by the first entry they concern, in order.

    size: entries in the log. root: of the tree over them, hexadecimal.
    entries: how many were read and recomputed. since: size of the trusted checkpoint that it
        resumed from; 0 if everything was read.
    erased: payloads that are gone with an entry that says so; no fault.
    restored: payloads that are back though an entry says they were erased.
    checkpoints: signed checkpoints that fit. covered: size of the largest of them.
    steps_back: how often recorded clocks stepped back; clock_steps: the furthest of them.
    """

    findings: tuple[Finding, ...]
    origin: str = ""
    size: int = 0
    root: str = ""
    entries: int = 0
    since: int = 0
    erased: int = 0
    restored: int = 0
    checkpoints: int = 0
    covered: int = 0
    steps_back: int = 0
    clock_steps: tuple[ClockStep, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def uncovered(self) -> int:
        """Entries after the last signed checkpoint; whoever has the database can change them."""
        return max(0, self.size - self.covered)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        plain = {**vars(self), "ok": self.ok, "uncovered": self.uncovered}
        lists = {name: [vars(v) for v in plain[name]] for name in ("findings", "clock_steps")}
        return plain | lists
