"""Reading everything that a verdict needs, most of it in several processes."""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from heapq import nlargest
from itertools import repeat
from operator import attrgetter
from typing import Any

from serving.audit.entry import EntryKind
from serving.audit.merkle import Frontier
from serving.audit.note import Verifier
from serving.audit.second_place import SecondPlace
from serving.audit.store import AuditStore
from serving.audit.verify import rows
from serving.audit.verify.diagnosis import Suspects
from serving.audit.verify.evidence import Erasure, Evidence, Head, OnRecord, Payloads, Place
from serving.audit.verify.fault import Where
from serving.audit.verify.folding import Folded, Leaves, folded
from serving.audit.verify.place import known, lost_notes, place_of, place_witnesses
from serving.audit.verify.ranges import Ranges, merged
from serving.audit.verify.row import COMMITMENT, SEQUENCE, Row
from serving.audit.verify.span import FURTHEST, MOST, Span, commitment, examine
from serving.audit.verify.witness import Opened, Witness, open_all

Progress = Callable[[str, float], None]

AT_ONCE = 10_000
ALONE = 2 * AT_ONCE
"""Below that many entries another process takes longer to start than to read them."""
BESIDE = 2
HASH_BYTES = 32
HEAD = 'SELECT origin, size, hash, frontier, checkpoint_size, checkpoint_at FROM "head"'
MOST_CLUSTERS = 40
MOST_OF_A_CLUSTER = 600


@dataclass(frozen=True)
class Start:
    """Where reading begins: after a size that is trusted, with the peaks of its tree."""

    frontier: Frontier = field(default_factory=Frontier)

    @property
    def since(self) -> int:
        """The last entry that is not read."""
        return self.frontier.size


@dataclass(frozen=True)
class State:
    """One state of the record: what is read at once, before the entries."""

    head: Head | None
    total: int
    last: int
    nodes: dict[tuple[Any, Any], Any]
    checkpoints: Sequence[OnRecord]
    erasures: Sequence[Erasure]


def gather(
    store: AuditStore,
    keys: Collection[Verifier],
    second_place: SecondPlace | None,
    trusted: Sequence[str],
    start: Start,
    workers: int,
    progress: Progress,
) -> Evidence:
    """Everything, as it is now. Entries that are written meanwhile are left for the next time.

    Raises:
        AuditUnavailableError: the record cannot be read.
        SecondPlaceError: the second place cannot be read.
    """
    address = rows.Address(store.engine.url.render_as_string(hide_password=False), lenient=True)
    # The second place first: it is written after the record, so it is never ahead of it.
    witnesses = [Witness(t, Where.TRUSTED, "the checkpoint you gave") for t in trusted]
    kept = list(place_witnesses(second_place))
    witnesses += kept
    state = _state(address)
    witnesses += _entry_witnesses(state, start.since)
    origin = str(state.head.origin) if state.head else ""
    opened = open_all(witnesses, keys, origin)
    lost = None if second_place is None else lost_notes(state.checkpoints, kept)
    with Leaves(start.since) as leaves:
        spans = list[Span]()
        for span in examined(replace(address, lenient=False), start.since, state.last, workers):
            leaves.add(span.leaves)
            spans.append(replace(span, leaves=b""))
            progress("entries", (span.last - start.since) / max(1, state.last - start.since))
        return _evidence(address, second_place, state, start, opened, leaves, spans, lost)


def _evidence(
    address: rows.Address,
    second_place: SecondPlace | None,
    state: State,
    start: Start,
    opened: Opened,
    leaves: Leaves,
    spans: Sequence[Span],
    lost: int | None,
) -> Evidence:
    sizes = {one.checkpoint.size for one in opened.signed}
    if state.head and isinstance(state.head.size, int) and 0 <= state.head.size <= state.last:
        sizes.add(state.head.size)
    now = folded(start.frontier, leaves.changed({}), sizes)
    place = place_of(second_place, opened, leaves, now, {})
    suspects, last_hash, named = _suspects(address, state, start, spans, now, place, second_place)
    mended = None
    if suspects is not None:
        truth, kept = _truth(suspects), state.head.frontier if state.head else ""
        mended = folded(start.frontier, leaves.changed(truth), sizes)
        if mended.frontier.text() != kept:
            doubted = replace(suspects, doubting=True)
            other = folded(start.frontier, leaves.changed(_truth(doubted)), sizes)
            if other.frontier.text() == kept:
                suspects, truth, mended = doubted, _truth(doubted), other
        place = place_of(second_place, opened, leaves, mended, truth)
    missing = merged(part for span in spans for part in span.missing)
    erasures = list(state.erasures)
    if missing:  # an erasure may have come while the entries were read
        erasures = list(_state(address).erasures)
    found = [one for span in spans for one in span.wrong][:MOST]
    steps = [step for span in spans for step in span.clock_steps]
    return Evidence(
        head=state.head,
        last=state.last,
        now=now,
        opened=opened,
        nodes=state.nodes,
        since=start.since,
        last_hash=last_hash,
        suspects=suspects,
        mended=mended,
        payloads=Payloads(missing, found, _stray_payloads(address, state.last)),
        commitments=_commitments(address, missing) | named,
        erasures=erasures,
        place=place,
        lost=lost,
        checkpoints=state.checkpoints,
        entries=sum(span.entries for span in spans),
        steps_back=sum(span.steps_back for span in spans),
        clock_steps=nlargest(FURTHEST, steps, key=attrgetter("seconds")),
    )


def _state(address: rows.Address) -> State:
    with address.reading() as read:
        heads = list(read(HEAD))
        head = Head(*heads[0]) if len(heads) == 1 else None
        total = rows.one(read, "SELECT count(*) FROM entries")
        # One number far away must not make a log of it.
        said = head.size if head and isinstance(head.size, int) else 0
        bound = max(2 * total + 1000, min(said, 64 * total + 10**6))
        query = "SELECT max(sequence) FROM entries WHERE sequence BETWEEN 1 AND ?"
        last = rows.one(read, query, (bound,))
        nodes = {(a, b): c for a, b, c in read('SELECT level, "index", hash FROM nodes')}
        written = [OnRecord(n, at, _note(b)) for n, at, b in rows.held(read, EntryKind.CHECKPOINT)]
        erased = [Erasure(n, _ranges(body)) for n, _, body in rows.held(read, EntryKind.ERASURE)]
    return State(head, total, int(last or 0), nodes, written, erased)


def _note(body: Any) -> str | None:
    """The note that a checkpoint on record holds, "" for none; None where its payload is gone."""
    if body is None:
        return None
    try:
        note = json.loads(body)["note"]
    except (ValueError, TypeError, LookupError):
        return ""
    return note if isinstance(note, str) else ""


def _ranges(body: Any) -> Ranges | None:
    """What an erasure on record names; None where that cannot be read."""
    try:
        return merged((int(a), int(b)) for a, b in json.loads(body or "")["ranges"])
    except (ValueError, TypeError, LookupError):
        return None


def _entry_witnesses(state: State, since: int) -> Iterator[Witness]:
    for one in state.checkpoints:
        if one.note is not None and one.sequence > since:
            name = f"the checkpoint in entry {one.sequence}"
            yield Witness(one.note, Where.CHECKPOINT_ENTRY, name, one.sequence)


def examined(address: rows.Address, since: int, last: int, workers: int) -> Iterator[Span]:
    """Every stretch of the record after `since`, in order."""
    firsts = range(since + 1, last + 1, AT_ONCE)
    lasts = [min(first + AT_ONCE - 1, last) for first in firsts]
    if workers <= 1 or last - since <= ALONE:
        yield from map(examine, repeat(address), firsts, lasts)
        return
    with _pool(workers) as pool:
        yield from pool.map(examine, repeat(address), firsts, lasts)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that leave Ctrl-C to their parent, and end when it has had one."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        workers, context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _suspects(
    address: rows.Address,
    state: State,
    start: Start,
    spans: Sequence[Span],
    now: Folded,
    place: Place | None,
    second_place: SecondPlace | None,
) -> tuple[Suspects | None, str, dict[int, str]]:
    """The entries that do not fit, read again with those beside them; and the last hash."""
    found = merged(part for span in spans for part in span.suspects)
    gaps = merged(part for span in spans for part in span.gaps)
    with address.reading() as read:
        ends = [Row(tuple(v)) for v in rows.entries(read, state.last, state.last)]
        last_hash = str(ends[0].stored) if ends else "0" * 64
        end = _end(state, now, last_hash)
        if end:
            found = merged([*found, (state.last, state.last)])
        if ends and state.head and state.head.hash == ends[0].leaf:
            end = ends[0].leaf
        found = merged([*found, *((after + 1, after + 1) for _, after in gaps)])
        strays = list[Row]()
        if sum(span.entries for span in spans) + start.since != state.total:
            strays = [Row(tuple(v)) for v in rows.strays(read, state.last, MOST)]
        by_number = dict[int, Row]()
        windows = merged(
            (first - BESIDE, min(last, first + MOST_OF_A_CLUSTER) + BESIDE)
            for first, last in found[:MOST_CLUSTERS]
        )
        for begin, stop in windows:
            for values in rows.entries(read, begin, stop):
                row = Row(tuple(values))
                if type(row.sequence) is int and row.sequence in by_number:
                    strays.append(row)
                elif type(row.sequence) is int:
                    by_number[row.sequence] = row
    named = {n: str(row.values[COMMITMENT]) for n, row in by_number.items()}
    if not found and not gaps and not strays:
        return None, last_hash, named
    told = dict[int, str]()
    if second_place is not None and place is not None and place.fits:
        told = known(second_place, place.size, by_number)
    made = Suspects(by_number, found, gaps, strays, state.last, end, told)
    return made, last_hash, named


def _end(state: State, now: Folded, last_hash: str) -> str:
    """The hash that `head` gives the last entry, where neither that nor its tree is of now."""
    head = state.head
    if head is None or head.size != state.last or not isinstance(head.hash, str):
        return ""
    moved = head.hash != last_hash and head.frontier != now.frontier.text()
    return head.hash if moved and _is_hash(head.hash) else ""


def _truth(suspects: Suspects) -> dict[int, str]:
    """The leaves that were recorded, of entries that were changed or are missing."""
    truth = {n: suspects.expected[n] for n in suspects.bad}
    for _, last in suspects.gaps:
        after = suspects.rows.get(last + 1)
        if after is not None and isinstance(after.previous, str):
            truth[last] = after.previous
    return {n: leaf for n, leaf in truth.items() if _is_hash(leaf)}


def _is_hash(text: Any) -> bool:
    try:
        return (
            isinstance(text, str)
            and len(bytes.fromhex(text)) == HASH_BYTES
            and text == text.lower()
        )
    except ValueError:
        return False


def _stray_payloads(address: rows.Address, last: int) -> list[tuple[Any, str]]:
    with address.reading() as read:
        found = rows.stray_payloads(read, last, MOST)
        return [(number, commitment(salt, body)) for number, _, salt, body in found]


def _commitments(address: rows.Address, missing: Ranges) -> dict[int, str]:
    """What the first entry of each missing stretch names."""
    made = dict[int, str]()
    with address.reading() as read:
        for first, _ in missing[:MOST]:
            for row in rows.entries(read, first, first):
                made[int(row[SEQUENCE])] = str(row[COMMITMENT])
    return made
