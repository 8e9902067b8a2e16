"""One stretch of the record, recomputed in a process of its own."""

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

from serving.audit.entry import GENESIS, SALT_BYTES
from serving.audit.leaf import leaf
from serving.audit.merkle import EMPTY_ROOT
from serving.audit.verify import rows
from serving.audit.verify.fault import ClockStep
from serving.audit.verify.ranges import Ranges, merged
from serving.audit.verify.row import COMMITMENT, HASH, PREVIOUS, RECORDED_AT, SEQUENCE

NONE = bytes(len(EMPTY_ROOT))
"""In place of the leaf of an entry that is not there."""
MOST = 2000
"""Wrong payloads that a stretch describes one by one."""
FURTHEST = 5
MONTH = 7

Values = rows.Values


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
class Span:
    """What was found from number `first` to `last`.

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


def examine(address: rows.Address, first: int, last: int) -> Span:
    """Recompute entries and payloads numbered from `first` to `last`, both included.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    try:
        return _Examination(Span(first, last)).of(address)
    except sqlite3.OperationalError:  # text that is no UTF-8: its entry is at fault, not the file
        return _Examination(Span(first, last)).of(replace(address, lenient=True))


@dataclass
class _Examination:
    span: Span
    leaves: bytearray = field(default_factory=bytearray)
    suspects: list[tuple[int, int]] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    steps: list[ClockStep] = field(default_factory=list)

    def of(self, address: rows.Address) -> Span:
        span = self.span
        with address.reading() as read:
            self._entries(read)
        span.leaves = bytes(self.leaves)
        span.gaps, span.missing = merged(self.gaps), merged(self.missing)
        own = ((max(a, span.first), min(b, span.last)) for a, b in self.suspects)
        span.suspects = merged(part for part in own if part[0] <= part[1])
        span.steps_back = len(self.steps)
        span.clock_steps = nlargest(FURTHEST, self.steps, key=attrgetter("seconds"))
        return span

    def _entries(self, read: rows.Reader) -> None:
        """Walk entries and payloads side by side; one entry more at each end, for the chain."""
        span, expected, before = self.span, self.span.first, None
        beside = _grouped(rows.payloads(read, span.first, span.last))
        number, copies = next(beside, END)
        for row in rows.entries(read, span.first - 1, span.last + 1):
            sequence = row[SEQUENCE]
            if type(sequence) is not int:
                continue  # a stray: its place is empty, and the strays are read by themselves
            computed = _leaf(row)
            self._fits(row, computed, before)
            if span.first <= sequence <= span.last and sequence >= expected:
                if sequence > expected:
                    self._gap(expected, sequence - 1)
                self.leaves += computed
                expected, span.entries = sequence + 1, span.entries + 1
                while number < sequence:
                    self._wrong(number, copies, None)
                    number, copies = next(beside, END)
                if number > sequence:
                    self.missing.append((sequence, sequence))
                else:
                    self._payload(row, copies)
                    number, copies = next(beside, END)
            before = row
        while number != END[0]:
            self._wrong(number, copies, None)
            number, copies = next(beside, END)
        if expected <= span.last:
            self._gap(expected, span.last)

    def _fits(self, row: Values, computed: bytes, before: Values | None) -> None:
        """Note an entry that does not fit with its own hash or with the entry before."""
        sequence = row[SEQUENCE]
        if computed.hex() != row[HASH]:
            self.suspects.append((sequence, sequence))
        if before is None:
            if sequence == 1 and row[PREVIOUS] != GENESIS:
                self.suspects.append((1, 1))
            return
        if row[PREVIOUS] != before[HASH] or sequence != before[SEQUENCE] + 1:
            self.suspects.append((before[SEQUENCE], sequence))
        at, then = row[RECORDED_AT], before[RECORDED_AT]
        if isinstance(at, str) and isinstance(then, str) and at < then:
            self._stepped(sequence, at, then)

    def _gap(self, first: int, last: int) -> None:
        self.gaps.append((first, last))
        self.leaves += NONE * (last + 1 - first)

    def _payload(self, row: Values, copies: list[Values]) -> None:
        _, month, salt, body = copies[0]
        fits = commitment(salt, body) == row[COMMITMENT]
        if not fits or len(copies) > 1 or month != str(row[RECORDED_AT])[:MONTH]:
            self._wrong(row[SEQUENCE], copies, row[COMMITMENT])

    def _wrong(self, number: int, copies: list[Values], wanted: Any) -> None:
        if len(self.span.wrong) < MOST:
            _, _, salt, body = copies[0]
            made = commitment(salt, body)
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


END: tuple[int, list[Values]] = (2**63, [])


def commitment(salt: Any, body: Any) -> str:
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


def _leaf(row: Values) -> bytes:
    try:
        return leaf(row)
    except (TypeError, ValueError):
        return NONE


def _grouped(found: Iterator[Values]) -> Iterator[tuple[int, list[Values]]]:
    """Payloads by their number; more than one under a number were never recorded."""
    for number, copies in groupby(found, key=itemgetter(0)):
        yield number, list(copies)
