"""Recompute one segment of the log in a worker process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from heapq import nlargest
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from serving.audit.log.entry import GENESIS_HASH, SALT_BYTES, envelope_leaf_hash
from serving.audit.log.sequence_ranges import Ranges, merge_ranges
from serving.audit.transparency.merkle import EMPTY_ROOT
from serving.audit.verify import raw_rows
from serving.audit.verify.raw_rows import (
    COMMITMENT_COLUMN,
    HASH_COLUMN,
    PREVIOUS_COLUMN,
    RECORDED_AT_COLUMN,
    SEQUENCE_COLUMN,
)
from serving.audit.verify.verdict import ClockStep

MISSING_LEAF = bytes(len(EMPTY_ROOT))
"""In place of the leaf of an entry that is not there."""
MAX_WRONG_PAYLOADS = 2000
"""Wrong payloads that a stretch describes one by one."""
MAX_CLOCK_STEPS = 5
MONTH_LENGTH = 7

SegmentRow = raw_rows.RowValues


@dataclass(frozen=True)
class WrongPayload:
    """A payload that is not what its entry names.

    commitment: the digest it has; "" if it can have none. wanted: the one that the entry
    names; None where there is no such entry. copies: payloads under the number.
    """

    sequence: int
    commitment: str
    wanted: str | None
    copies: int = 1


@dataclass
class Segment:
    """Result of recomputing the entries numbered `first` to `last`.

    leaves: 32 bytes a number, as the columns give them. gaps: numbers that no entry has.
    suspects: entries that do not fit with themselves or the entries beside them.
    missing: entries whose payload is gone. wrong: at most MOST, the first ones.
    """

    first: int
    last: int
    entries: int = 0
    leaves: bytes = b""
    gaps: Ranges = ()
    suspects: Ranges = ()
    missing: Ranges = ()
    wrong: list[WrongPayload] = field(default_factory=list)
    steps_back: int = 0
    clock_steps: list[ClockStep] = field(default_factory=list)


def examine_segment(address: raw_rows.DatabaseAddress, first: int, last: int) -> Segment:
    """Recompute entries and payloads numbered from `first` to `last`, both included.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    try:
        return _SegmentExamination(Segment(first, last)).of(address)
    except sqlite3.OperationalError:  # text that is no UTF-8: its entry is at fault, not the file
        return _SegmentExamination(Segment(first, last)).of(replace(address, lenient=True))


@dataclass
class _SegmentExamination:
    span: Segment
    leaves: bytearray = field(default_factory=bytearray)
    suspects: list[tuple[int, int]] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    steps: list[ClockStep] = field(default_factory=list)

    def of(self, address: raw_rows.DatabaseAddress) -> Segment:
        span = self.span
        with address.reading() as read:
            self._entries(read)
        span.leaves = bytes(self.leaves)
        span.gaps, span.missing = merge_ranges(self.gaps), merge_ranges(self.missing)
        own = ((max(a, span.first), min(b, span.last)) for a, b in self.suspects)
        span.suspects = merge_ranges(part for part in own if part[0] <= part[1])
        span.steps_back = len(self.steps)
        span.clock_steps = nlargest(MAX_CLOCK_STEPS, self.steps, key=attrgetter("seconds"))
        return span

    def _entries(self, read: raw_rows.QueryReader) -> None:
        """Walk entries and payloads side by side; one entry more at each end, for the chain."""
        span, expected, before = self.span, self.span.first, None
        beside = _group_payloads(raw_rows.read_payloads(read, span.first, span.last))
        number, copies = next(beside, END_OF_PAYLOADS)
        for row in raw_rows.read_entries(read, span.first - 1, span.last + 1):
            sequence = row[SEQUENCE_COLUMN]
            if type(sequence) is not int:
                continue  # a stray: its place is empty, and the strays are read by themselves
            computed = _leaf_or_missing(row)
            self._fits(row, computed, before)
            if span.first <= sequence <= span.last and sequence >= expected:
                if sequence > expected:
                    self._gap(expected, sequence - 1)
                self.leaves += computed
                expected, span.entries = sequence + 1, span.entries + 1
                while number < sequence:
                    self._wrong(number, copies, None)
                    number, copies = next(beside, END_OF_PAYLOADS)
                if number > sequence:
                    self.missing.append((sequence, sequence))
                else:
                    self._payload(row, copies)
                    number, copies = next(beside, END_OF_PAYLOADS)
            before = row
        while number != END_OF_PAYLOADS[0]:
            self._wrong(number, copies, None)
            number, copies = next(beside, END_OF_PAYLOADS)
        if expected <= span.last:
            self._gap(expected, span.last)

    def _fits(self, row: SegmentRow, computed: bytes, before: SegmentRow | None) -> None:
        """Note an entry that does not fit with its own hash or with the entry before."""
        sequence = row[SEQUENCE_COLUMN]
        if computed.hex() != row[HASH_COLUMN]:
            self.suspects.append((sequence, sequence))
        if before is None:
            if sequence == 1 and row[PREVIOUS_COLUMN] != GENESIS_HASH:
                self.suspects.append((1, 1))
            return
        if row[PREVIOUS_COLUMN] != before[HASH_COLUMN] or sequence != before[SEQUENCE_COLUMN] + 1:
            self.suspects.append((before[SEQUENCE_COLUMN], sequence))
        at, then = row[RECORDED_AT_COLUMN], before[RECORDED_AT_COLUMN]
        if isinstance(at, str) and isinstance(then, str) and at < then:
            self._stepped(sequence, at, then)

    def _gap(self, first: int, last: int) -> None:
        self.gaps.append((first, last))
        self.leaves += MISSING_LEAF * (last + 1 - first)

    def _payload(self, row: SegmentRow, copies: list[SegmentRow]) -> None:
        _, month, salt, body = copies[0]
        fits = checked_commitment(salt, body) == row[COMMITMENT_COLUMN]
        if not fits or len(copies) > 1 or month != str(row[RECORDED_AT_COLUMN])[:MONTH_LENGTH]:
            self._wrong(row[SEQUENCE_COLUMN], copies, row[COMMITMENT_COLUMN])

    def _wrong(self, number: int, copies: list[SegmentRow], wanted: Any) -> None:
        if len(self.span.wrong) < MAX_WRONG_PAYLOADS:
            _, _, salt, body = copies[0]
            made = checked_commitment(salt, body)
            self.span.wrong.append(WrongPayload(number, made, wanted, len(copies)))

    def _stepped(self, sequence: int, at: str, then: str) -> None:
        """A clock stepped back: told by the text first, because nearly none do."""
        if not self.span.first <= sequence <= self.span.last:
            return
        try:
            back = datetime.fromisoformat(then) - datetime.fromisoformat(at)
        except (ValueError, TypeError):
            return
        self.steps.append(ClockStep(sequence, back.total_seconds()))


END_OF_PAYLOADS: tuple[int, list[SegmentRow]] = (2**63, [])


def checked_commitment(salt: Any, body: Any) -> str:
    """The digest of a payload as it is read; "" where none was ever recorded so.

    Strict about the salt: bytes that moved from payload to salt would leave the digest as it is.
    """
    try:
        raw = bytes.fromhex(salt)
        if len(raw) != SALT_BYTES or raw.hex() != salt:
            return ""
        return sha256(raw + body.encode()).hexdigest()
    except (TypeError, ValueError, AttributeError):
        return ""


def _leaf_or_missing(row: SegmentRow) -> bytes:
    try:
        return envelope_leaf_hash(row)
    except (TypeError, ValueError):
        return MISSING_LEAF


def _group_payloads(found: Iterator[SegmentRow]) -> Iterator[tuple[int, list[SegmentRow]]]:
    """Payloads by their number; more than one under a number were never recorded."""
    for number, copies in groupby(found, key=itemgetter(0)):
        yield number, list(copies)
