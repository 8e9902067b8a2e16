"""Faults, findings and the verdict of a verification, and its sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """Kind of tampering. An erasure that an entry records is not a fault.

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


class FaultLocation(StrEnum):
    """The part of the log that a fault is in."""

    ENTRIES = "entries"
    PAYLOADS = "payloads"
    NODES = "nodes"
    HEAD = "head"
    CHECKPOINT_ENTRY = "checkpoint_entry"
    MIRROR = "second_place"
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
    where: FaultLocation = FaultLocation.ENTRIES


@dataclass(frozen=True)
class ClockStep:
    """An entry that its writer's clock dates before the entry ahead of it. seconds: how far."""

    sequence: int
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """Verdict of a verification.

    Attributes:
        findings: ordered by the first entry that each concerns.
        origin: name of the log.
        size: entries in the log.
        root: of the tree over the entries, hexadecimal.
        entries: number of entries that were read and recomputed.
        since: size of the trusted checkpoint that it resumed from; 0 if everything was read.
        erased: payloads that are gone with an entry that records it; no fault.
        restored: payloads that are present though an entry records their erasure.
        checkpoints: signed checkpoints that fit.
        covered: size of the largest of them.
        steps_back: number of times that recorded clocks stepped back.
        clock_steps: the largest of these steps.
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
        """True if there are no findings."""
        return not self.findings

    @property
    def uncovered(self) -> int:
        """Entries after the last signed checkpoint; whoever has the database can change them."""
        return max(0, self.size - self.covered)

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as JSON values."""
        plain = {**vars(self), "ok": self.ok, "uncovered": self.uncovered}
        lists = {name: [vars(v) for v in plain[name]] for name in ("findings", "clock_steps")}
        return plain | lists


OWN_KEY_WARNING = (
    "Checkpoints were held against this lake's own key. Whoever can change the record here may "
    "also have that key: a key and a checkpoint kept elsewhere (--key, --from, --against) prove "
    "more."
)


def verdict_sentences(verdict: Verdict) -> Iterator[str]:
    """Return what was examined and its state, without the findings."""
    read = f"{verdict.entries:,} entries read and recomputed"
    if verdict.since:
        read += (
            f", those after {verdict.since:,}; the {verdict.since:,} before are proven by the "
            "checkpoint it resumed from (their payloads were not read)"
        )
    yield f"Log {verdict.origin}, {verdict.size:,} entries, root {verdict.root}: {read}."
    yield _coverage_sentence(verdict)
    if verdict.erased:
        yield f"{verdict.erased:,} payloads were erased, each named by an entry that says so."
    if verdict.restored:
        yield (
            f"{verdict.restored:,} payloads are there although an entry says that they were "
            "erased: a copy was put back."
        )
    if verdict.steps_back:
        furthest = verdict.clock_steps[0]
        yield (
            f"Recorded clocks stepped back {verdict.steps_back:,} times, furthest at entry "
            f"{furthest.sequence:,} by {furthest.seconds:,.3f} s; the order is that of the numbers."
        )


def _coverage_sentence(verdict: Verdict) -> str:
    if not verdict.covered:
        return (
            "No signed checkpoint covers any of it: a record that was cut or rewritten as a whole "
            "could not be told from this one."
        )
    told = f"{verdict.checkpoints:,} signed checkpoints fit; entries up to {verdict.covered:,} "
    if not verdict.uncovered:
        return f"{told}are covered, which is all of them."
    return (
        f"{told}are covered. The {verdict.uncovered:,} after that are not yet: until the next "
        "checkpoint, whoever has the database could change them unseen."
    )


def describe_location(finding: Finding) -> str:
    """Return the place of a finding in a few words."""
    where = finding.where.replace("_", " ")
    return where if finding.sequence is None else f"{where}, entry {finding.sequence:,}"
