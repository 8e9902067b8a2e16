"""Verification of a whole record: gather, decide, tell."""

from __future__ import annotations

from collections.abc import Callable, Collection

from serving.audit.checkpoint import Checkpoint, opened
from serving.audit.merkle import Frontier
from serving.audit.note import Verifier
from serving.audit.proof import verify_inclusion
from serving.audit.second_place import SecondPlace
from serving.audit.store import AuditStore
from serving.audit.tree import Tree, perfect, tiles_of
from serving.audit.verify.decision import decide
from serving.audit.verify.fault import Verdict
from serving.audit.verify.gathering import Start, gather

Progress = Callable[[str, float], None]


def verify(
    store: AuditStore,
    *,
    keys: Collection[Verifier],
    second_place: SecondPlace | None = None,
    trusted: str | None = None,
    since: str | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> Verdict:
    """Recompute everything and say what was found.

    keys: verifier keys that are trusted; checkpoints of other keys are faults.
    second_place: where checkpoints were written to; None: not compared.
    trusted: a checkpoint that a caller kept, as note text; everything is read and held against
        it.
    since: the same, to resume from: where its tree is still the beginning of the log, only what
        came after it is read; else everything is, and held against it. `Verdict.since` says.
    workers: processes that read. progress: called with what is being done and the share done.

    Raises:
        AuditUnavailableError: the record cannot be read.
        SecondPlaceError: the second place cannot be read.
    """
    start = Start() if since is None else _start(store, since, keys)
    given = [note for note in (trusted, since) if note is not None]
    tell = progress or (lambda _what, _share: None)
    return decide(gather(store, keys, second_place, given, start, workers, tell))


def _start(store: AuditStore, note: str, keys: Collection[Verifier]) -> Start:
    """After the trusted checkpoint, if the hashes that are kept make its root."""
    try:
        trusted = opened(note, keys)
        frontier = _frontier(store, trusted)
    except (ValueError, TypeError, LookupError):
        return Start()
    return Start(frontier) if frontier.root() == trusted.root else Start()


def _frontier(store: AuditStore, trusted: Checkpoint) -> Frontier:
    """The peaks of the trusted tree, recomposed; the last leaf, which the next names, is proven.

    Raises:
        LookupError: hashes are missing.
    """
    size = trusted.size
    tree = Tree(size, tiles_of(store))
    peaks = tuple(tree.perfect(level, index) for level, index in perfect(0, size))
    frontier = Frontier(size, peaks)
    if size:
        last = bytes.fromhex(store.between(size, size)[0].hash)
        if not verify_inclusion(last, size - 1, size, tree.inclusion(size - 1), trusted.root):
            raise LookupError(f"entry {size} is not the last one of the trusted checkpoint")
    return frontier
