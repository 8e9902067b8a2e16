"""Facts derived from the evidence that several rules share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from serving.audit.log.sequence_ranges import Ranges, merge_ranges
from serving.audit.transparency.merkle import Frontier
from serving.audit.verify.checkpoint_sources import SignedCheckpoint
from serving.audit.verify.diagnosis import diagnose
from serving.audit.verify.evidence import Evidence
from serving.audit.verify.tree_rebuild import RebuiltTree
from serving.audit.verify.verdict import Finding


@dataclass(frozen=True)
class EvidenceAnalysis:
    """Evidence with what several rules ask of it."""

    evidence: Evidence

    @cached_property
    def entries(self) -> list[Finding]:
        """Findings about entries that do not fit together."""
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
        gaps = [
            first for first, last in suspects.gaps if first != last or not _is_mended(self, first)
        ]
        return min([*gaps, suspects.shifted or end, end])

    @cached_property
    def proven(self) -> int:
        """Size of the largest signed tree that fits the entries as they are."""
        fitting = [one.checkpoint.size for one in self.evidence.opened.signed if self.fits(one)]
        return max(fitting, default=0)

    @cached_property
    def matched(self) -> int:
        """Size of the largest signed checkpoint that the tree explains; 0 if there is none."""
        signed = [one.checkpoint.size for one in self.evidence.opened.signed if self.explained(one)]
        return max(signed, default=0)

    def fits(self, one: SignedCheckpoint) -> bool:
        """Return whether a checkpoint is of the tree as it is."""
        return self.evidence.now.roots.get(one.checkpoint.size) == one.checkpoint.root

    def explained(self, one: SignedCheckpoint) -> bool:
        """Return whether a checkpoint is of the tree as it is, or as it was before the findings."""
        size, root = one.checkpoint.size, one.checkpoint.root
        return self.fits(one) or (size < self.first and self.tree.roots.get(size) == root)

    @cached_property
    def cut(self) -> bool:
        """True if there is evidence of more entries than the log holds."""
        head = self.evidence.head
        said = [one.checkpoint.size for one in self.evidence.opened.signed]
        if head is not None and isinstance(head.size, int):
            said.append(head.size)
        return max(said, default=0) > self.evidence.last

    @cached_property
    def unsound(self) -> frozenset[int]:
        """Entries that cannot be relied on, for themselves or for what they hold."""
        return self.bad | {one.sequence for one in self.evidence.payloads.wrong}

    @property
    def tree(self) -> RebuiltTree:
        """The tree as it was before what was found, as well as can be told."""
        return self.evidence.mended or self.evidence.now

    @cached_property
    def erased(self) -> Ranges:
        """Entries that an erasure names, of those before it; erasures that can be relied on."""
        return merge_ranges(
            (first, min(last, one.sequence - 1))
            for one in self.evidence.erasures
            for first, last in one.ranges or ()
            if first < one.sequence and one.sequence not in self.bad
        )

    @cached_property
    def frontier(self) -> Frontier | None:
        """The frontier that `head` holds; None if it is not one of its size."""
        head = self.evidence.head
        try:
            made = Frontier.read(head.size, head.frontier) if head else None
        except (ValueError, TypeError, AttributeError):
            return None
        return made if made is not None and head and made.text() == head.frontier else None

    @cached_property
    def rewritten(self) -> list[SignedCheckpoint]:
        """Checkpoints that nothing else explains."""
        found = [
            one
            for one in self.evidence.opened.signed
            if self.evidence.since <= one.checkpoint.size <= self.evidence.last
            and one.checkpoint.size < self.first
            and not self.explained(one)
        ]
        return sorted(found, key=lambda one: one.checkpoint.size)

    @cached_property
    def differing_nodes(self) -> list[tuple[int, int]]:
        """Levels and indexes at which there should be another hash, or one at all."""
        made = {
            (level, index): node
            for (level, index), node in self.tree.nodes.items()
            if (index + 1) << level < self.first
        }
        kept = self.evidence.nodes
        return sorted(key for key, node in made.items() if kept.get(key) != node)


def _is_mended(case: EvidenceAnalysis, number: int) -> bool:
    mended = case.evidence.mended
    suspects = case.evidence.suspects
    return mended is not None and suspects is not None and number + 1 in suspects.rows
