"""Rules that compare the tree with signed checkpoints, stored nodes and the mirror."""

from __future__ import annotations

from collections.abc import Iterator

from serving.audit.transparency.merkle import TILE_LEVELS
from serving.audit.verify.analysis import EvidenceAnalysis
from serving.audit.verify.checkpoint_sources import SignedCheckpoint
from serving.audit.verify.verdict import Fault, FaultLocation, Finding


def check_checkpoints(case: EvidenceAnalysis) -> Iterator[Finding]:
    """Signed checkpoints against the tree."""
    last = case.evidence.last
    signed = [s for s in case.evidence.opened.signed if s.checkpoint.size >= case.evidence.since]
    longest = max(signed, key=lambda one: one.checkpoint.size, default=None)
    if longest is not None and longest.checkpoint.size > last:
        yield truncation_finding(
            last, longest.checkpoint.size, longest.witness.name, longest.witness.where
        )
    if case.rewritten:
        yield _rewrite_finding(case, case.rewritten[0])
    elif longest is not None and _first_divergent_entry(case):
        yield _rewrite_finding(case, longest)


def _first_divergent_entry(case: EvidenceAnalysis) -> int | None:
    """The first entry that the second place proves to be another, where nothing else says so."""
    place = case.evidence.place
    if place is None or not place.fits or place.differs is None or place.differs >= case.first:
        return None
    return place.differs


def _rewrite_finding(case: EvidenceAnalysis, by: SignedCheckpoint) -> Finding:
    whose = f"{by.witness.name} was signed over another tree of {by.checkpoint.size} entries"
    first = _first_divergent_entry(case)
    broken = min((n for n in case.bad if n >= (first or 0)), default=None)
    if first is not None and broken is not None:
        return Finding(
            Fault.EDITED,
            first,
            f"{whose}. By the hashes in the second place, entry {first} is the first that is "
            f"another; from there to entry {broken} hashes were worked out anew.",
        )
    if first is not None:
        return Finding(
            Fault.REWRITTEN,
            first,
            f"{whose}. By the hashes in the second place, entry {first} is the first that "
            "is another than was signed; from there on this is not the log that was recorded.",
            by.witness.where,
        )
    before = max(
        (s for s in _explained_sizes(case) if s < by.checkpoint.size), default=case.evidence.since
    )
    return Finding(
        Fault.REWRITTEN,
        before + 1,
        f"{whose}. The log fits in itself, so hashes were worked out anew. Entries up to {before} "
        f"are as signed; what changed lies between {before + 1} and {by.checkpoint.size}.",
        by.witness.where,
    )


def _explained_sizes(case: EvidenceAnalysis) -> list[int]:
    return [one.checkpoint.size for one in case.evidence.opened.signed if case.explained(one)]


def check_nodes(case: EvidenceAnalysis) -> Iterator[Finding]:
    """Hashes of the tree that are kept, against those that the entries give."""
    differing = case.differing_nodes
    if not differing:
        return
    level, index = differing[0]
    under = (index << level) + 1
    what = f"the hash of entries {under} to {(index + 1) << level} that is kept for proofs"
    end = (index + 1) << level
    whole = case.frontier == case.tree.frontier and not case.rewritten
    if end <= case.matched or whole:
        yield Finding(
            Fault.EDITED,
            under,
            f"In the tree, {what} was changed or removed. The entries themselves are whole; "
            "proofs made from it do not hold.",
            FaultLocation.NODES,
        )
    elif not case.rewritten and case.first > case.evidence.last:
        begin = max(under, case.matched + 1)
        yield Finding(
            Fault.REWRITTEN,
            begin,
            f"In the tree, {what} is that of other entries, and so is what `head` keeps: what was "
            f"recorded between {begin} and {end} was changed and hashes worked out anew.",
            FaultLocation.NODES,
        )


def check_stray_nodes(case: EvidenceAnalysis) -> Iterator[Finding]:
    """Hashes that are kept of entries that are not there."""
    last = case.evidence.last
    for level, index in () if case.cut else case.evidence.nodes:
        whole = isinstance(level, int) and isinstance(index, int) and 0 < level < 64 and index >= 0
        if whole and level % TILE_LEVELS == 0 and (index + 1) << level <= last:
            continue
        yield Finding(
            Fault.INSERTED,
            (index << level) + 1 if whole else None,
            f"In the tree there is a hash at level {level!r}, place {index!r}, where a log of "
            f"{last} entries has none.",
            FaultLocation.NODES,
        )
        return


def check_mirror(case: EvidenceAnalysis) -> Iterator[Finding]:
    """The second place's own hashes, where the entries are proven to be whole."""
    place = case.evidence.place
    if case.evidence.lost is not None and case.evidence.lost not in case.unsound:
        yield Finding(
            Fault.DELETED,
            None,
            f"Entry {case.evidence.lost} says that a checkpoint was written to the second place, "
            "and it is not there: it was removed, or this is another place (then copy the old "
            "one there). What it covered is proven by less.",
            FaultLocation.MIRROR,
        )
    if place is None or (place.fits and not place.damaged) or case.rewritten:
        return
    if place.differs is not None and place.differs <= case.matched:
        yield Finding(
            Fault.FORGED_PROOF,
            place.differs,
            f"The hash of entry {place.differs} in the second place is not in the tree that was "
            "signed there: the second place was changed, the entry is as it was signed.",
            FaultLocation.MIRROR,
        )
    elif place.damaged:
        yield Finding(
            Fault.FORGED_PROOF,
            place.under,
            f"{place.damaged} in the second place is missing or was changed: proofs made from it "
            "do not hold. This says nothing of the entries.",
            FaultLocation.MIRROR,
        )


def truncation_finding(last: int, size: int, by: str, where: FaultLocation) -> Finding:
    """Fewer entries than something says."""
    return Finding(
        Fault.TRUNCATED,
        last + 1,
        f"The log ends after entry {last}, and {by} says that it had {size}: the last "
        f"{size - last} were cut off.",
        where,
    )
