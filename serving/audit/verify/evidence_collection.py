"""Read the evidence for a verdict, most of it in several processes."""

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

from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.sequence_ranges import Ranges, merge_ranges
from serving.audit.log.store import AuditStore
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror
from serving.audit.transparency.merkle import Frontier
from serving.audit.transparency.note import Verifier
from serving.audit.verify import raw_rows
from serving.audit.verify.checkpoint_sources import (
    CheckpointWitness,
    OpenedCheckpoints,
    open_witnesses,
)
from serving.audit.verify.diagnosis import Suspects
from serving.audit.verify.evidence import (
    CheckpointEntry,
    ErasureEntry,
    Evidence,
    MirrorEvidence,
    PayloadEvidence,
    StoredHead,
)
from serving.audit.verify.mirror_comparison import (
    compare_with_mirror,
    first_lost_checkpoint,
    mirror_leaves,
    mirror_witnesses,
)
from serving.audit.verify.raw_rows import COMMITMENT_COLUMN, SEQUENCE_COLUMN, RawRow
from serving.audit.verify.segment import (
    MAX_CLOCK_STEPS,
    MAX_WRONG_PAYLOADS,
    Segment,
    checked_commitment,
    examine_segment,
)
from serving.audit.verify.tree_rebuild import LeafSpool, RebuiltTree, rebuild_tree
from serving.audit.verify.verdict import FaultLocation

Progress = Callable[[str, float], None]

SEGMENT_ENTRIES = 10_000
SINGLE_PROCESS_ENTRIES = 2 * SEGMENT_ENTRIES
"""Below that many entries another process takes longer to start than to read them."""
NEIGHBOURS = 2
HASH_BYTES = 32
HEAD_QUERY = 'SELECT origin, size, hash, frontier, checkpoint_size, checkpoint_at FROM "head"'
MAX_CLUSTERS = 40
MAX_CLUSTER_ENTRIES = 600


@dataclass(frozen=True)
class ResumePoint:
    """Start of the reading: after a trusted size, with the peaks of its tree."""

    frontier: Frontier = field(default_factory=Frontier)

    @property
    def since(self) -> int:
        """The last entry that is not read."""
        return self.frontier.size


@dataclass(frozen=True)
class DatabaseState:
    """Tables of the log in one snapshot, read before the entries."""

    head: StoredHead | None
    total: int
    last: int
    nodes: dict[tuple[Any, Any], Any]
    checkpoints: Sequence[CheckpointEntry]
    erasures: Sequence[ErasureEntry]


def collect_evidence(
    store: AuditStore,
    keys: Collection[Verifier],
    second_place: CheckpointMirror | None,
    trusted: Sequence[str],
    start: ResumePoint,
    workers: int,
    progress: Progress,
) -> Evidence:
    """Read all evidence of the log as it is now; entries written meanwhile are left out.

    Raises:
        AuditUnavailableError: the record cannot be read.
        CheckpointMirrorError: the second place cannot be read.
    """
    address = raw_rows.DatabaseAddress(
        store.engine.url.render_as_string(hide_password=False), lenient=True
    )
    # The second place first: it is written after the record, so it is never ahead of it.
    witnesses = [
        CheckpointWitness(t, FaultLocation.TRUSTED, "the checkpoint you gave") for t in trusted
    ]
    kept = list(mirror_witnesses(second_place))
    witnesses += kept
    state = _read_state(address)
    witnesses += _entry_witnesses(state, start.since)
    origin = str(state.head.origin) if state.head else ""
    opened = open_witnesses(witnesses, keys, origin)
    lost = None if second_place is None else first_lost_checkpoint(state.checkpoints, kept)
    with LeafSpool(start.since) as leaves:
        spans = list[Segment]()
        for span in examine_segments(
            replace(address, lenient=False), start.since, state.last, workers
        ):
            leaves.add(span.leaves)
            spans.append(replace(span, leaves=b""))
            progress("entries", (span.last - start.since) / max(1, state.last - start.since))
        return _assemble_evidence(address, second_place, state, start, opened, leaves, spans, lost)


def _assemble_evidence(
    address: raw_rows.DatabaseAddress,
    second_place: CheckpointMirror | None,
    state: DatabaseState,
    start: ResumePoint,
    opened: OpenedCheckpoints,
    leaves: LeafSpool,
    spans: Sequence[Segment],
    lost: int | None,
) -> Evidence:
    sizes = {one.checkpoint.size for one in opened.signed}
    if state.head and isinstance(state.head.size, int) and 0 <= state.head.size <= state.last:
        sizes.add(state.head.size)
    now = rebuild_tree(start.frontier, leaves.changed({}), sizes)
    place = compare_with_mirror(second_place, opened, leaves, now, {})
    suspects, last_hash, named = _read_suspects(
        address, state, start, spans, now, place, second_place
    )
    mended = None
    if suspects is not None:
        truth, kept = _recorded_leaves(suspects), state.head.frontier if state.head else ""
        mended = rebuild_tree(start.frontier, leaves.changed(truth), sizes)
        if mended.frontier.text() != kept:
            doubted = replace(suspects, distrust_previous=True)
            other = rebuild_tree(start.frontier, leaves.changed(_recorded_leaves(doubted)), sizes)
            if other.frontier.text() == kept:
                suspects, truth, mended = doubted, _recorded_leaves(doubted), other
        place = compare_with_mirror(second_place, opened, leaves, mended, truth)
    missing = merge_ranges(part for span in spans for part in span.missing)
    erasures = list(state.erasures)
    if missing:  # an erasure may have come while the entries were read
        erasures = list(_read_state(address).erasures)
    found = [one for span in spans for one in span.wrong][:MAX_WRONG_PAYLOADS]
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
        payloads=PayloadEvidence(missing, found, _find_stray_payloads(address, state.last)),
        commitments=_missing_commitments(address, missing) | named,
        erasures=erasures,
        place=place,
        lost=lost,
        checkpoints=state.checkpoints,
        entries=sum(span.entries for span in spans),
        steps_back=sum(span.steps_back for span in spans),
        clock_steps=nlargest(MAX_CLOCK_STEPS, steps, key=attrgetter("seconds")),
    )


def _read_state(address: raw_rows.DatabaseAddress) -> DatabaseState:
    with address.reading() as read:
        heads = list(read(HEAD_QUERY))
        head = StoredHead(*heads[0]) if len(heads) == 1 else None
        total = raw_rows.read_scalar(read, "SELECT count(*) FROM entries")
        # One number far away must not make a log of it.
        said = head.size if head and isinstance(head.size, int) else 0
        bound = max(2 * total + 1000, min(said, 64 * total + 10**6))
        query = "SELECT max(sequence) FROM entries WHERE sequence BETWEEN 1 AND ?"
        last = raw_rows.read_scalar(read, query, (bound,))
        nodes = {(a, b): c for a, b, c in read('SELECT level, "index", hash FROM nodes')}
        written = [
            CheckpointEntry(n, at, _note_in(b))
            for n, at, b in raw_rows.read_entries_of_kind(read, EntryKind.CHECKPOINT)
        ]
        erased = [
            ErasureEntry(n, _ranges_in(body))
            for n, _, body in raw_rows.read_entries_of_kind(read, EntryKind.ERASURE)
        ]
    return DatabaseState(head, total, int(last or 0), nodes, written, erased)


def _note_in(body: Any) -> str | None:
    """The note that a checkpoint on record holds, "" for none; None where its payload is gone."""
    if body is None:
        return None
    try:
        note = json.loads(body)["note"]
    except (ValueError, TypeError, LookupError):
        return ""
    return note if isinstance(note, str) else ""


def _ranges_in(body: Any) -> Ranges | None:
    """Return what an erasure entry names; None if it cannot be read."""
    try:
        return merge_ranges((int(a), int(b)) for a, b in json.loads(body or "")["ranges"])
    except (ValueError, TypeError, LookupError):
        return None


def _entry_witnesses(state: DatabaseState, since: int) -> Iterator[CheckpointWitness]:
    for one in state.checkpoints:
        if one.note is not None and one.sequence > since:
            name = f"the checkpoint in entry {one.sequence}"
            yield CheckpointWitness(one.note, FaultLocation.CHECKPOINT_ENTRY, name, one.sequence)


def examine_segments(
    address: raw_rows.DatabaseAddress, since: int, last: int, workers: int
) -> Iterator[Segment]:
    """Yield every segment of the log after `since`, in order."""
    firsts = range(since + 1, last + 1, SEGMENT_ENTRIES)
    lasts = [min(first + SEGMENT_ENTRIES - 1, last) for first in firsts]
    if workers <= 1 or last - since <= SINGLE_PROCESS_ENTRIES:
        yield from map(examine_segment, repeat(address), firsts, lasts)
        return
    with _process_pool(workers) as pool:
        yield from pool.map(examine_segment, repeat(address), firsts, lasts)


@contextmanager
def _process_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that leave Ctrl-C to their parent, and end when it has had one."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        workers, context, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _read_suspects(
    address: raw_rows.DatabaseAddress,
    state: DatabaseState,
    start: ResumePoint,
    spans: Sequence[Segment],
    now: RebuiltTree,
    place: MirrorEvidence | None,
    second_place: CheckpointMirror | None,
) -> tuple[Suspects | None, str, dict[int, str]]:
    """The entries that do not fit, read again with those beside them; and the last hash."""
    found = merge_ranges(part for span in spans for part in span.suspects)
    gaps = merge_ranges(part for span in spans for part in span.gaps)
    with address.reading() as read:
        ends = [RawRow(tuple(v)) for v in raw_rows.read_entries(read, state.last, state.last)]
        last_hash = str(ends[0].stored) if ends else "0" * 64
        end = _expected_last_hash(state, now, last_hash)
        if end:
            found = merge_ranges([*found, (state.last, state.last)])
        if ends and state.head and state.head.hash == ends[0].leaf:
            end = ends[0].leaf
        found = merge_ranges([*found, *((after + 1, after + 1) for _, after in gaps)])
        strays = list[RawRow]()
        if sum(span.entries for span in spans) + start.since != state.total:
            strays = [
                RawRow(tuple(v))
                for v in raw_rows.read_stray_entries(read, state.last, MAX_WRONG_PAYLOADS)
            ]
        by_number = dict[int, RawRow]()
        windows = merge_ranges(
            (first - NEIGHBOURS, min(last, first + MAX_CLUSTER_ENTRIES) + NEIGHBOURS)
            for first, last in found[:MAX_CLUSTERS]
        )
        for begin, stop in windows:
            for values in raw_rows.read_entries(read, begin, stop):
                row = RawRow(tuple(values))
                if type(row.sequence) is int and row.sequence in by_number:
                    strays.append(row)
                elif type(row.sequence) is int:
                    by_number[row.sequence] = row
    named = {n: str(row.values[COMMITMENT_COLUMN]) for n, row in by_number.items()}
    if not found and not gaps and not strays:
        return None, last_hash, named
    told = dict[int, str]()
    if second_place is not None and place is not None and place.fits:
        told = mirror_leaves(second_place, place.size, by_number)
    made = Suspects(by_number, found, gaps, strays, state.last, end, told)
    return made, last_hash, named


def _expected_last_hash(state: DatabaseState, now: RebuiltTree, last_hash: str) -> str:
    """The hash that `head` gives the last entry, where neither that nor its tree is of now."""
    head = state.head
    if head is None or head.size != state.last or not isinstance(head.hash, str):
        return ""
    moved = head.hash != last_hash and head.frontier != now.frontier.text()
    return head.hash if moved and _is_hash(head.hash) else ""


def _recorded_leaves(suspects: Suspects) -> dict[int, str]:
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


def _find_stray_payloads(address: raw_rows.DatabaseAddress, last: int) -> list[tuple[Any, str]]:
    with address.reading() as read:
        found = raw_rows.read_stray_payloads(read, last, MAX_WRONG_PAYLOADS)
        return [(number, checked_commitment(salt, body)) for number, _, salt, body in found]


def _missing_commitments(address: raw_rows.DatabaseAddress, missing: Ranges) -> dict[int, str]:
    """Return what the first entry of each missing stretch names."""
    made = dict[int, str]()
    with address.reading() as read:
        for first, _ in missing[:MAX_WRONG_PAYLOADS]:
            for row in raw_rows.read_entries(read, first, first):
                made[int(row[SEQUENCE_COLUMN])] = str(row[COMMITMENT_COLUMN])
    return made
