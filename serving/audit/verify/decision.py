"""From what was read to what was done: pure, no database, one rule a function.

What a signature proves goes first: where a signed root fits the entries as they are, the entries
are whole, and what disagrees with them is at fault itself. Where it does not, what does not fit
within the entries says what was done; where everything fits and only the signature does not, the
log was rewritten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from serving.audit.merkle import TILE_LEVELS, Frontier
from serving.audit.verify.diagnosis import diagnose
from serving.audit.verify.evidence import Erasure, Evidence
from serving.audit.verify.fault import Fault, Finding, Verdict, Where
from serving.audit.verify.folding import Folded
from serving.audit.verify.payload_rules import of_payloads
from serving.audit.verify.ranges import both, count, merged
from serving.audit.verify.witness import Signed


def decide(evidence: Evidence) -> Verdict:
    """The verdict on what was read."""
    case = Case(evidence)
    found = [
        *evidence.findings,
        *evidence.opened.findings,
        *case.entries,
        *of_head(case),
        *of_checkpoints(case),
        *of_nodes(case),
        *of_strange_nodes(case),
        *of_second_place(case),
        *of_payloads(evidence, case.first, case.bad),
    ]
    size = evidence.last
    erased = merged(part for one in case.erasures for part in one.ranges or ())
    there = [(evidence.since + 1, size)] if size > evidence.since else []
    gone = merged(both(evidence.payloads.missing, erased))
    named = merged(both(tuple(there), erased))
    return Verdict(
        findings=tuple(sorted(_once(found), key=_order)),
        origin=str(evidence.head.origin) if evidence.head else "",
        size=size,
        root=evidence.now.frontier.root().hex(),
        entries=evidence.entries,
        since=evidence.since,
        erased=count(gone),
        restored=count(named) - count(gone),
        checkpoints=sum(case.fits(one) for one in evidence.opened.signed),
        covered=case.proven,
        steps_back=evidence.steps_back,
        clock_steps=tuple(evidence.clock_steps),
    )


@dataclass(frozen=True)
class Case:
    """Evidence with what several rules ask of it."""

    evidence: Evidence

    @cached_property
    def entries(self) -> list[Finding]:
        """What was done to entries that do not fit together."""
        return list(diagnose(self.evidence.suspects)) if self.evidence.suspects else []

    @property
    def bad(self) -> frozenset[int]:
        """Entries that are not those that were recorded under their number."""
        return self.evidence.suspects.bad if self.evidence.suspects else frozenset()

    @cached_property
    def first(self) -> int:
        """The first number from which on nothing can be mended; one behind the end if none."""
        suspects = self.evidence.suspects
        end = self.evidence.last + 1
        if suspects is None:
            return end
        gaps = [first for first, last in suspects.gaps if first != last or not _mended(self, first)]
        return min([*gaps, suspects.shifted or end, end])

    @cached_property
    def proven(self) -> int:
        """Size of the largest signed tree that fits the entries as they are."""
        fitting = [one.checkpoint.size for one in self.evidence.opened.signed if self.fits(one)]
        return max(fitting, default=0)

    @cached_property
    def matched(self) -> int:
        """The same, once what is known to be edited is set right."""
        signed = [one.checkpoint.size for one in self.evidence.opened.signed if self.explained(one)]
        return max(signed, default=0)

    def fits(self, one: Signed) -> bool:
        """Whether a checkpoint is of the tree as it is."""
        return self.evidence.now.roots.get(one.checkpoint.size) == one.checkpoint.root

    def explained(self, one: Signed) -> bool:
        """Whether a checkpoint is of the tree as it is, or as it was before what was found."""
        size, root = one.checkpoint.size, one.checkpoint.root
        return self.fits(one) or (size < self.first and self.tree.roots.get(size) == root)

    @property
    def tree(self) -> Folded:
        """The tree as it was before what was found, as well as can be told."""
        return self.evidence.mended or self.evidence.now

    @property
    def erasures(self) -> list[Erasure]:
        """Erasures that can be relied on."""
        return [one for one in self.evidence.erasures if one.sequence not in self.bad]

    @cached_property
    def frontier(self) -> Frontier | None:
        """What `head` keeps of the tree; None where that is no frontier of its size."""
        head = self.evidence.head
        try:
            made = Frontier.read(head.size, head.frontier) if head else None
        except (ValueError, TypeError, AttributeError):
            return None
        return made if made is not None and head and made.text() == head.frontier else None


def _mended(case: Case, number: int) -> bool:
    mended = case.evidence.mended
    suspects = case.evidence.suspects
    return mended is not None and suspects is not None and number + 1 in suspects.rows


def of_head(case: Case) -> Iterator[Finding]:
    """The row that says where the log ends, against where it ends."""
    head, last = case.evidence.head, case.evidence.last
    if head is None:
        yield _head("there is not exactly one row that says where the log ends")
        return
    if case.frontier == case.tree.frontier and case.first > last:
        if head.hash != case.evidence.last_hash and last not in case.bad:
            yield _head("the hash it gives the last entry is another, and its tree is that of now")
    elif not isinstance(head.size, int) or head.size < 0:
        yield _head(f"its size is {head.size!r}")
    elif head.size > last:
        yield from _longer(case, head.size, last)
    elif head.size < last:
        yield from _shorter(case, head.size, last)
    elif case.frontier is None:
        yield _head("its frontier is none of a tree of its size")
    elif case.first > last and not _rewritten(case) and not _nodes_differ(case):
        yield _head("its frontier is not that of the entries, which fit each other and the nodes")
    size = head.checkpoint_size
    if not isinstance(size, int) or not 0 <= size <= max(last, _most_signed(case)):
        yield _head(
            f"it says that the last checkpoint was of {size!r} entries, and there are {last}"
        )


def _longer(case: Case, size: int, last: int) -> Iterator[Finding]:
    head = case.evidence.head
    whole = case.tree.frontier.text()
    if head and head.hash == case.evidence.last_hash and (head.frontier == whole):
        yield _head(f"it says {size} entries; its hash and its tree are of the {last} there are")
    else:
        yield _truncated(last, size, "the row `head`", Where.HEAD)


def _shorter(case: Case, size: int, last: int) -> Iterator[Finding]:
    here = case.evidence.now.roots.get(size)
    if case.frontier is not None and here == case.frontier.root() and case.proven <= size:
        yield Finding(
            Fault.INSERTED,
            size + 1,
            f"The log ends after entry {size} by its own word, and entries up to {last} stand "
            "behind that: they were not recorded by this service.",
        )
    else:
        yield _head(f"it says {size} entries, and there are {last}")


def of_checkpoints(case: Case) -> Iterator[Finding]:
    """Signed checkpoints against the tree."""
    last = case.evidence.last
    signed = [s for s in case.evidence.opened.signed if s.checkpoint.size >= case.evidence.since]
    longest = max(signed, key=lambda one: one.checkpoint.size, default=None)
    if longest is not None and longest.checkpoint.size > last:
        yield _truncated(last, longest.checkpoint.size, longest.witness.name, longest.witness.where)
    if _rewritten(case):
        yield _rewriting(case, _rewritten(case)[0])
    elif longest is not None and _first_other(case) is not None:
        yield _rewriting(case, longest)


def _rewritten(case: Case) -> list[Signed]:
    """Checkpoints that nothing else explains."""
    found = [
        one
        for one in case.evidence.opened.signed
        if case.evidence.since <= one.checkpoint.size <= case.evidence.last
        and one.checkpoint.size < case.first
        and not case.explained(one)
    ]
    return sorted(found, key=lambda one: one.checkpoint.size)


def _first_other(case: Case) -> int | None:
    """The first entry that the second place proves to be another, where nothing else says so."""
    place = case.evidence.place
    if place is None or not place.fits or place.differs is None or place.differs >= case.first:
        return None
    return place.differs


def _rewriting(case: Case, by: Signed) -> Finding:
    whose = f"{by.witness.name} was signed over another tree of {by.checkpoint.size} entries"
    first = _first_other(case)
    if first is not None:
        return Finding(
            Fault.REWRITTEN,
            first,
            f"{whose}. By the hashes in the second place, entry {first} is the first that "
            "is another than was signed; from there on this is not the log that was recorded.",
            by.witness.where,
        )
    before = max((s for s in _sizes(case) if s < by.checkpoint.size), default=case.evidence.since)
    return Finding(
        Fault.REWRITTEN,
        before + 1,
        f"{whose}. The log fits in itself, so hashes were worked out anew. Entries up to {before} "
        f"are as signed; what changed lies between {before + 1} and {by.checkpoint.size}.",
        by.witness.where,
    )


def _sizes(case: Case) -> list[int]:
    return [one.checkpoint.size for one in case.evidence.opened.signed if case.explained(one)]


def of_nodes(case: Case) -> Iterator[Finding]:
    """Hashes of the tree that are kept, against those that the entries give."""
    differing = _nodes_differ(case)
    if not differing:
        return
    level, index = differing[0]
    under = (index << level) + 1
    what = f"the hash of entries {under} to {(index + 1) << level} that is kept for proofs"
    end = (index + 1) << level
    if end <= case.matched or case.frontier == case.tree.frontier:
        yield Finding(
            Fault.EDITED,
            under,
            f"In the tree, {what} was changed or removed. The entries themselves are whole; "
            "proofs made from it do not hold.",
            Where.NODES,
        )
    elif not _rewritten(case) and case.first > case.evidence.last:
        begin = max(under, case.matched + 1)
        yield Finding(
            Fault.REWRITTEN,
            begin,
            f"In the tree, {what} is that of other entries, and so is what `head` keeps: what was "
            f"recorded between {begin} and {end} was changed and hashes worked out anew.",
            Where.NODES,
        )


def _nodes_differ(case: Case) -> list[tuple[int, int]]:
    """Levels and indexes at which there should be another hash, or one at all."""
    made = {
        (level, index): node
        for (level, index), node in case.tree.nodes.items()
        if (index + 1) << level < case.first
    }
    kept = case.evidence.nodes
    return sorted(key for key, node in made.items() if kept.get(key) != node)


def of_strange_nodes(case: Case) -> Iterator[Finding]:
    """Hashes that are kept of entries that are not there."""
    last = case.evidence.last
    for level, index in case.evidence.nodes:
        whole = isinstance(level, int) and isinstance(index, int) and 0 < level < 64 and index >= 0
        if whole and level % TILE_LEVELS == 0 and (index + 1) << level <= last:
            continue
        yield Finding(
            Fault.INSERTED,
            None,
            f"In the tree there is a hash at level {level!r}, place {index!r}, where a log of "
            f"{last} entries has none.",
            Where.NODES,
        )
        return


def of_second_place(case: Case) -> Iterator[Finding]:
    """The second place's own hashes, where the entries are proven to be whole."""
    place = case.evidence.place
    if place is None or (place.fits and not place.damaged):
        return
    if place.differs is not None and place.differs <= case.matched:
        yield Finding(
            Fault.FORGED_PROOF,
            place.differs,
            f"The hash of entry {place.differs} in the second place is not in the tree that was "
            "signed there: the second place was changed, the entry is as it was signed.",
            Where.SECOND_PLACE,
        )
    elif place.damaged:
        yield Finding(
            Fault.FORGED_PROOF,
            place.under,
            f"{place.damaged} in the second place is missing or was changed: proofs made from it "
            "do not hold. This says nothing of the entries.",
            Where.SECOND_PLACE,
        )


def _most_signed(case: Case) -> int:
    return max((one.checkpoint.size for one in case.evidence.opened.signed), default=0)


def _truncated(last: int, size: int, by: str, where: Where) -> Finding:
    return Finding(
        Fault.TRUNCATED,
        last + 1,
        f"The log ends after entry {last}, and {by} says that it had {size}: the last "
        f"{size - last} were cut off.",
        where,
    )


def _head(why: str) -> Finding:
    return Finding(
        Fault.EDITED,
        None,
        f"The row `head` was changed: {why}. The entries are judged by themselves; the service "
        "must not write on from here.",
        Where.HEAD,
    )


def _once(found: list[Finding]) -> list[Finding]:
    """A fault of an entry once: what is said of the entry itself stands for its payload too."""
    made = dict[tuple[Fault, int | None, Where | None], Finding]()
    for finding in found:
        where = finding.where if finding.sequence is None else None
        made.setdefault((finding.fault, finding.sequence, where), finding)
    return list(made.values())


def _order(finding: Finding) -> tuple[bool, int]:
    return finding.sequence is None, finding.sequence or 0
