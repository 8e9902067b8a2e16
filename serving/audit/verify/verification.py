"""Verify a whole audit log: collect evidence, apply the rules, decide the verdict.

What a signature proves goes first: where a signed root fits the entries as they are, the entries
are whole, and what disagrees with them is at fault itself. Where it does not, what does not fit
within the entries says what was done; where everything fits and only the signature does not, the
log was rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from serving.audit.log.sequence_ranges import count_sequences, intersect_ranges, merge_ranges
from serving.audit.log.store import AuditStore
from serving.audit.transparency.checkpoint import Checkpoint, open_checkpoint
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror
from serving.audit.transparency.merkle import Frontier, verify_inclusion
from serving.audit.transparency.note import Verifier
from serving.audit.transparency.tiled_tree import TiledTree, perfect_subtrees
from serving.audit.verify.analysis import EvidenceAnalysis
from serving.audit.verify.evidence import Evidence
from serving.audit.verify.evidence_collection import ResumePoint, collect_evidence
from serving.audit.verify.head_rules import check_head, check_last_checkpoint
from serving.audit.verify.payload_rules import check_payloads
from serving.audit.verify.proof_creation import stored_tiles
from serving.audit.verify.tree_rules import (
    check_checkpoints,
    check_mirror,
    check_nodes,
    check_stray_nodes,
)
from serving.audit.verify.verdict import Fault, Finding, Verdict


def decide_verdict(evidence: Evidence) -> Verdict:
    """Return the verdict on the evidence."""
    case = EvidenceAnalysis(evidence)
    found = [
        *evidence.findings,
        *(one for one in evidence.opened.findings if one.sequence not in case.unsound),
        *case.entries,
        *check_head(case),
        *check_checkpoints(case),
        *check_nodes(case),
        *check_stray_nodes(case),
        *check_mirror(case),
        *check_payloads(case),
    ]
    found = found or list(check_last_checkpoint(case))
    size = evidence.last
    there = [(evidence.since + 1, size)] if size > evidence.since else []
    gone = merge_ranges(intersect_ranges(evidence.payloads.missing, case.erased))
    named = merge_ranges(intersect_ranges(tuple(there), case.erased))
    return Verdict(
        findings=tuple(sorted(_deduplicate(found), key=_finding_order)),
        origin=str(evidence.head.origin) if evidence.head else "",
        size=size,
        root=evidence.now.frontier.root().hex(),
        entries=evidence.entries,
        since=evidence.since,
        erased=count_sequences(gone),
        restored=count_sequences(named) - count_sequences(gone),
        checkpoints=sum(case.fits(one) for one in evidence.opened.signed),
        covered=case.proven,
        steps_back=evidence.steps_back,
        clock_steps=tuple(evidence.clock_steps),
    )


def _deduplicate(found: list[Finding]) -> list[Finding]:
    """Keep one finding for each entry; a finding about the entry covers its payload.

    An inserted entry was never recorded, so a change of it means nothing.
    """
    made = dict[object, Finding]()
    for finding in sorted(found, key=lambda one: one.fault is not Fault.INSERTED):
        key = (finding.fault, finding.where) if finding.sequence is None else finding.sequence
        made.setdefault(key, finding)
    return list(made.values())


def _finding_order(finding: Finding) -> tuple[bool, int]:
    return finding.sequence is None, finding.sequence or 0


Progress = Callable[[str, float], None]


def verify_log(
    store: AuditStore,
    *,
    keys: Collection[Verifier],
    second_place: CheckpointMirror | None = None,
    trusted: str | None = None,
    since: str | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> Verdict:
    """Recompute the whole log and return the verdict.

    keys: verifier keys that are trusted; checkpoints of other keys are faults.
    second_place: where checkpoints were written to; None: not compared.
    trusted: a checkpoint that a caller kept, as note text; everything is read and held against
        it.
    since: the same, to resume from: where its tree is still the beginning of the log, only what
        came after it is read; else everything is, and held against it. `Verdict.since` says.
    workers: processes that read. progress: called with what is being done and the share done.

    Raises:
        AuditUnavailableError: the record cannot be read.
        CheckpointMirrorError: the second place cannot be read.
    """
    start = ResumePoint() if since is None else _resume_point(store, since, keys)
    given = [note for note in (trusted, since) if note is not None]
    tell = progress or (lambda _what, _share: None)
    return decide_verdict(collect_evidence(store, keys, second_place, given, start, workers, tell))


def _resume_point(store: AuditStore, note: str, keys: Collection[Verifier]) -> ResumePoint:
    """After the trusted checkpoint, if the hashes that are kept make its root."""
    try:
        trusted = open_checkpoint(note, keys)
        frontier = _trusted_frontier(store, trusted)
    except (ValueError, TypeError, LookupError):
        return ResumePoint()
    return ResumePoint(frontier) if frontier.root() == trusted.root else ResumePoint()


def _trusted_frontier(store: AuditStore, trusted: Checkpoint) -> Frontier:
    """The peaks of the trusted tree, recomposed; the last leaf, which the next names, is proven.

    Raises:
        LookupError: hashes are missing.
    """
    size = trusted.size
    tree = TiledTree(size, stored_tiles(store))
    peaks = tuple(tree.perfect(level, index) for level, index in perfect_subtrees(0, size))
    frontier = Frontier(size, peaks)
    if size:
        last = bytes.fromhex(store.between(size, size)[0].hash)
        if not verify_inclusion(last, size - 1, size, tree.inclusion(size - 1), trusted.root):
            raise LookupError(f"entry {size} is not the last one of the trusted checkpoint")
    return frontier
