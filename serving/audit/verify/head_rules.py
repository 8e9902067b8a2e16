"""Rules that compare the `head` row with the entries."""

from __future__ import annotations

from collections.abc import Iterator

from serving.audit.transparency.tiled_tree import perfect_subtrees
from serving.audit.verify.analysis import EvidenceAnalysis
from serving.audit.verify.evidence import StoredHead
from serving.audit.verify.tree_rules import truncation_finding
from serving.audit.verify.verdict import Fault, FaultLocation, Finding


def check_head(case: EvidenceAnalysis) -> Iterator[Finding]:
    """The row that says where the log ends, against where it ends."""
    head, last = case.evidence.head, case.evidence.last
    if head is None:
        yield _head_finding("there is not exactly one row that says where the log ends")
        return
    suspects = case.evidence.suspects
    if suspects is None or (suspects.shifted is None and last not in suspects.displaced):
        yield from _check_end(case, head, last)


def check_last_checkpoint(case: EvidenceAnalysis) -> Iterator[Finding]:
    """Compare what `head` says of the last checkpoint with the checkpoint entries."""
    head, written = case.evidence.head, [one for one in case.evidence.checkpoints if one.size]
    size = max((one.size or 0 for one in written), default=0)
    times = [one.at for one in written if one.size == size] or [""]
    if head is not None and (head.checkpoint_size != size or head.checkpoint_at not in times):
        yield _head_finding(
            f"the last checkpoint was of {head.checkpoint_size!r} entries at "
            f"{head.checkpoint_at!r}, it says; on record it was of {size} at {times[-1]!r}"
        )


def _check_end(case: EvidenceAnalysis, head: StoredHead, last: int) -> Iterator[Finding]:
    if case.frontier == case.tree.frontier and case.first > last:
        if head.hash != case.evidence.last_hash and last not in case.bad:
            yield _head_finding(
                "the hash it gives the last entry is another, and its tree is that of now"
            )
    elif not isinstance(head.size, int) or head.size < 0:
        yield _head_finding(f"its size is {head.size!r}")
    elif head.size > last:
        yield from _head_too_long(case, head.size, last)
    elif head.size == 0 and last:
        yield _head_finding(f"it says that the log is empty, and there are {last} entries")
    elif head.size < last:
        yield from _head_too_short(case, head.size, last)
    elif case.frontier is None:
        yield _head_finding("its frontier is none of a tree of its size")
    elif case.first > last and not case.rewritten and not case.differing_nodes:
        yield from _other_tree_finding(case, head)


def _other_tree_finding(case: EvidenceAnalysis, head: StoredHead) -> Iterator[Finding]:
    """The frontier is of other entries: told by the first of its subtrees that differs."""
    told = head.hash == case.evidence.last_hash and not case.bad
    if told or case.frontier is None:
        yield _head_finding(
            "its frontier is not that of the entries, which fit each other and the nodes"
        )
        return
    begin = width = 0
    subtrees = perfect_subtrees(0, case.frontier.size)
    for (level, _), kept, made in zip(
        subtrees, case.frontier.peaks, case.tree.frontier.peaks, strict=True
    ):
        width = 1 << level
        if kept != made:
            break
        begin += width
    first = max(begin, case.matched) + 1
    said = [one for one in case.entries if one.fault is not Fault.EDITED]
    if any(first <= (one.sequence or 0) <= begin + width for one in said):
        return  # an entry there is named already, and by what was done to it
    yield Finding(
        Fault.EDITED if case.bad else Fault.REWRITTEN,
        first,
        f"The row `head` keeps the tree of other entries: what was recorded between {first} and "
        f"{begin + width} was changed and hashes worked out anew.",
        FaultLocation.HEAD,
    )


def _head_too_long(case: EvidenceAnalysis, size: int, last: int) -> Iterator[Finding]:
    head = case.evidence.head
    whole = case.tree.frontier.text()
    if head and head.hash == case.evidence.last_hash and (head.frontier == whole):
        yield _head_finding(
            f"it says {size} entries; its hash and its tree are of the {last} there are"
        )
    else:
        yield truncation_finding(last, size, "the row `head`", FaultLocation.HEAD)


def _head_too_short(case: EvidenceAnalysis, size: int, last: int) -> Iterator[Finding]:
    here = case.evidence.now.roots.get(size)
    if case.frontier is not None and here == case.frontier.root() and case.proven <= size:
        yield Finding(
            Fault.INSERTED,
            size + 1,
            f"The log ends after entry {size} by its own word, and entries up to {last} stand "
            "behind that: they were not recorded by this service.",
        )
    else:
        yield _head_finding(f"it says {size} entries, and there are {last}")


def _head_finding(why: str) -> Finding:
    return Finding(
        Fault.EDITED,
        None,
        f"The row `head` was changed: {why}. The entries are judged by themselves; the service "
        "must not write on from here.",
        FaultLocation.HEAD,
    )
