"""Diagnose what was done to entries that do not fit together: pure, on rows already read.

An entry that nobody touched proves the hash of the one before it, so the truth is followed
backwards along the chain, from the end that `head` states or from an entry that is whole. What
the second place holds goes before that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from serving.audit.log.entry import GENESIS_HASH
from serving.audit.log.sequence_ranges import Ranges, range_contains
from serving.audit.verify.raw_rows import RawRow
from serving.audit.verify.verdict import Fault, Finding

SEARCH_RADIUS = 64
"""Places on either side of its own at which an entry is searched, besides those of suspects."""
MAX_PLACES = 500
MAX_MOVED = 128


@dataclass(frozen=True)
class Suspects:
    """Entries that do not fit, those beside them, and what is known of them.

    rows: by number. clusters: numbers of neighbouring suspects, perhaps more than were read.
    gaps: numbers without an entry. strays: rows whose number is outside of the log, or is one
    that another row has. last: the last number. end: the hash that `head` gives the last
    entry; "" if it says nothing of this one. known: leaves by number, from a second place that
    fits its own signed root. doubting: where an entry was changed in several ways, and the one
    before may have been too, take it that both were.
    """

    rows: Mapping[int, RawRow]
    clusters: Ranges
    gaps: Ranges = ()
    strays: Sequence[RawRow] = ()
    last: int = 0
    end: str = ""
    known: Mapping[int, str] = field(default_factory=dict)
    distrust_previous: bool = False

    @cached_property
    def expected(self) -> dict[int, Any]:
        """The hash that each entry had when it was recorded, as well as can be told.

        Where only a column tells it: whatever a database may hold.
        """
        made = dict[int, Any]()
        for number in sorted(self.rows, reverse=True):
            made[number] = self.known.get(number) or self._expected(number, made)
        return made

    def _expected(self, number: int, made: Mapping[int, Any]) -> Any:
        row, after = self.rows[number], self.rows.get(number + 1)
        if after is None:
            return self.end if self.end and number == self.last else row.stored
        if after.leaf == made[number + 1] or after.previous in {row.stored, row.leaf}:
            return after.previous
        if after.placed(previous=row.stored) == made[number + 1]:
            return row.stored  # only the link was changed
        sound = row.leaf == row.stored and not self.distrust_previous
        return row.stored if sound else after.previous

    @cached_property
    def bad(self) -> frozenset[int]:
        """Numbers whose entry is not the one that was recorded there."""
        return frozenset(
            number
            for number, row in self.rows.items()
            if not ((leaf := row.leaf) and leaf == row.stored == self.expected[number])
        )

    @cached_property
    def origins(self) -> dict[int, int]:
        """The number under which an entry was recorded, of those that now have another."""
        places = [number for first, last in self.clusters for number in range(first, last + 1)]
        found = dict[int, int]()
        for number in places[:MAX_PLACES]:
            if number in self.rows and len(found) < MAX_MOVED:
                origin = self.origin(self.rows[number], places)
                if origin not in {None, number}:
                    found[number] = origin
        return found

    def origin(self, row: RawRow, places: Sequence[int]) -> int | None:
        """The number under which a row has the hash that is written beside it, or after it."""
        here = row.sequence if isinstance(row.sequence, int) else 0
        after = self.rows.get(here + 1)
        told = {after.previous} if after else set()
        told |= {row.stored} if row.stored != row.leaf else set()  # else it was worked out anew
        if row.leaf in told:
            return here  # what comes after it names it as it is
        near = [here + step for far in range(1, SEARCH_RADIUS + 1) for step in (far, -far)]
        for place in (*near, *places[:MAX_PLACES]):
            named = self.rows.get(place + 1)
            witnesses = told | {self.known.get(place), named.previous if named else None}
            made = row.placed(place)
            if made and made in witnesses:
                return place
        return None

    @cached_property
    def displaced(self) -> frozenset[int]:
        """Numbers of entries that were recorded under one that no entry has now."""
        return frozenset(
            n for n, origin in self.origins.items() if range_contains(self.gaps, origin)
        )

    @property
    def shifted(self) -> int | None:
        """From which number on entries have the numbers of others, to the end; None: none."""
        moves = [
            n
            for n, origin in self.origins.items()
            if origin not in self.origins and n not in self.displaced
        ]
        whole = [n for n in moves if self.clusters and self.clusters[-1][1] == self.last]
        return min(whole, default=None)


def diagnose(suspects: Suspects) -> Iterator[Finding]:
    """Return the findings about the entries, each once, in order."""
    said = set[tuple[Fault, int | None]]()
    found = [
        finding for cluster in suspects.clusters for finding in _diagnose_cluster(suspects, cluster)
    ]
    numbers = {row.sequence for row in suspects.strays}
    found += [_stray_finding(row) for row in suspects.strays if not _fills_gap(suspects, row)]
    for finding in found:
        key = (finding.fault, finding.sequence)
        if key not in said and not (numbers and finding.sequence in numbers and key in said):
            said.add(key)
            yield finding


def _diagnose_cluster(suspects: Suspects, cluster: tuple[int, int]) -> Iterator[Finding]:
    """Return the findings about neighbours that do not fit: the first one, and every gap."""
    gaps = [g for g in suspects.gaps if cluster[0] - 1 <= g[1] and g[0] <= cluster[1] + 1]
    yield from (
        _gap_finding(suspects, *gap) for gap in gaps if gap[1] + 1 not in suspects.displaced
    )
    rows = range(cluster[0], min(cluster[1], cluster[0] + MAX_PLACES) + 1)
    moved = next((n for n in rows if n in suspects.origins and n not in suspects.displaced), None)
    bad = next((n for n in rows if n in suspects.bad and n not in suspects.origins), None)
    if moved is not None:
        finding = _moved_finding(suspects, moved)
        if finding.sequence is not None and (bad is None or finding.sequence <= bad + 1):
            if not any(first <= finding.sequence <= last for first, last in gaps):
                yield finding
            return
    if bad is not None and not any(range_contains(((g[0], g[1] + 1),), bad) for g in gaps):
        yield _changed_finding(suspects, bad)


def _gap_finding(suspects: Suspects, first: int, last: int) -> Finding:
    rows = [*suspects.strays, *(suspects.rows[n] for n in suspects.origins)]
    for row in rows:
        if suspects.origin(row, [first]) == first:
            return Finding(
                Fault.EDITED,
                first,
                f"Entry {first} now bears the number {row.sequence!r}; its hash proves which it "
                "was. What it holds is as recorded, but the order was changed.",
            )
    what = f"Entry {first} is" if first == last else f"Entries {first} to {last} are"
    return Finding(
        Fault.DELETED,
        first,
        f"{what} missing, and entries after it are there. What was recorded there cannot be "
        "read from this record any more; what a caller or a copy kept still can.",
    )


def _moved_finding(suspects: Suspects, number: int) -> Finding:
    origin = suspects.origins[number]
    partner = next((n for n, o in suspects.origins.items() if o == number), None)
    if origin > number and partner is not None:
        return Finding(
            Fault.REORDERED,
            number,
            f"Entries {number} and {partner} do not stand in their places: entry {number} was "
            f"recorded as {origin}, and entry {partner} as {number}. What they say is as recorded, "
            "but the order is not.",
        )
    if origin < number and origin in suspects.origins:
        return Finding(
            Fault.REORDERED,
            origin,
            f"What is now entry {number} was recorded as entry {origin}, where another stands.",
        )
    if origin > number:
        return Finding(
            Fault.DELETED,
            number,
            f"Before what is now entry {number}, which was recorded as entry {origin}, "
            f"{origin - number} were removed, and those after were given new numbers.",
        )
    return Finding(
        Fault.INSERTED,
        origin,
        f"What is now entry {number} was recorded as entry {origin}: {number - origin} were put "
        f"in from {origin} on that were never recorded, and those after got new numbers.",
    )


def _changed_finding(suspects: Suspects, number: int) -> Finding:
    """Return the finding about one entry that was changed in its own place."""
    row, after = suspects.rows[number], suspects.rows.get(number + 1)
    before = suspects.rows.get(number - 1)
    ahead = before.stored if before else GENESIS_HASH if number == 1 else None
    if after is not None and ahead is not None and after.previous == ahead:
        return Finding(
            Fault.INSERTED,
            number,
            f"Entry {number + 1} follows entry {number - 1} by the hash it names: entry {number} "
            "was put in between and was never recorded.",
        )
    for other in suspects.bad - {number}:
        made = row.leaf_with_content_of(suspects.rows[other])
        if made and made in {suspects.expected[number], row.stored}:
            first = min(number, other)
            return Finding(
                Fault.REORDERED,
                first,
                f"Entries {first} and {max(number, other)} hold what the other was recorded with.",
            )
    return Finding(Fault.EDITED, number, _edited_sentence(suspects, number))


def _edited_sentence(suspects: Suspects, number: int) -> str:
    row, expected = suspects.rows[number], suspects.expected[number]
    means = "what it says cannot be relied on."
    if row.leaf == expected:
        return (
            f"The hash written beside entry {number} was changed; its columns still have the "
            "hash that was recorded, so what it says can be relied on."
        )
    if row.stored == expected:
        return f"Entry {number} was changed after it was recorded: its hash is another; {means}"
    if not row.leaf:
        return f"Entry {number} holds a value that was never recorded in its column; {means}"
    return (
        f"Entry {number} was changed after it was recorded, and its hash worked out anew: "
        f"what came after it names another hash; {means}"
    )


def _fills_gap(suspects: Suspects, row: RawRow) -> bool:
    """Return whether a stray row is an entry that the log lacks."""
    gaps = [first for first, _ in suspects.gaps]
    return any(suspects.origin(row, [first]) == first for first in gaps)


def _stray_finding(row: RawRow) -> Finding:
    number = row.sequence if isinstance(row.sequence, int) and row.sequence > 0 else None
    return Finding(
        Fault.INSERTED,
        number,
        f"A row of the table of entries stands under the number {row.sequence!r}, which is outside "
        "of the log or taken: it was never recorded.",
    )
