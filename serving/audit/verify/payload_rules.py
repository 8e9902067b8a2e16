"""Rules for payloads: missing, changed, exchanged, or without an entry."""

from __future__ import annotations

from collections.abc import Iterator

from serving.audit.log.sequence_ranges import (
    Ranges,
    count_sequences,
    intersect_ranges,
    merge_ranges,
    range_contains,
    subtract_ranges,
)
from serving.audit.verify.analysis import EvidenceAnalysis
from serving.audit.verify.evidence import Evidence
from serving.audit.verify.segment import WrongPayload
from serving.audit.verify.verdict import Fault, FaultLocation, Finding


def check_payloads(case: EvidenceAnalysis) -> Iterator[Finding]:
    """Payloads against the entries that name them.

    From `case.first` on entries have the numbers of others, and payloads say nothing more. Of a
    log that was cut, the erasures that were cut off may have named what is missing.
    """
    evidence, first, bad = case.evidence, case.first, case.bad
    missing = () if case.cut else _unexplained_missing(case)
    strays = {made: number for number, made in evidence.payloads.strays if made}
    strays |= {w.commitment: w.sequence for w in evidence.payloads.wrong if w.wanted is None}
    wanted = {w.commitment: w for w in evidence.payloads.wrong if w.commitment}
    moved = set[str]()
    for part in missing[:1]:
        named = evidence.commitments.get(part[0], "")
        if named in strays:
            moved.add(named)
            yield _renumbered_finding(part[0], strays[named])
        else:
            yield _missing_finding(missing, part[0])
    for wrong in evidence.payloads.wrong:
        if wrong.sequence >= first or wrong.sequence in bad or wrong.commitment in moved:
            continue
        if evidence.suspects and range_contains(evidence.suspects.gaps, wrong.sequence):
            continue  # the entry is gone, and said to be
        yield _wrong_payload_finding(wrong, wanted)
        break
    for number, made in evidence.payloads.strays:
        if made not in moved and not _was_cut_off(evidence, number, first):
            yield _stray_payload_finding(number)
            break


def _unexplained_missing(case: EvidenceAnalysis) -> Ranges:
    """Payloads that are gone, and no erasure that can be relied on names them.

    Where an erasure was itself changed, what it named is not known: that it was changed is
    the finding then.
    """
    evidence, first = case.evidence, case.first
    if any(one.ranges is None or one.sequence in case.unsound for one in evidence.erasures):
        own = merge_ranges((one.sequence, one.sequence) for one in evidence.erasures)
        return merge_ranges(intersect_ranges(evidence.payloads.missing, own))
    left = subtract_ranges(evidence.payloads.missing, case.erased)
    left = subtract_ranges(left, merge_ranges((n, n) for n in case.bad))
    return tuple((a, min(b, first - 1)) for a, b in left if a < first)


def _was_cut_off(evidence: Evidence, number: object, first: int) -> bool:
    """Return whether the entry of a payload was cut off or renumbered."""
    head = evidence.head
    size = head.size if head and isinstance(head.size, int) else 0
    signed = [one.checkpoint.size for one in evidence.opened.signed]
    longest = max([size, *signed])
    return isinstance(number, int) and (0 < number <= longest or first <= evidence.last)


def _missing_finding(missing: Ranges, number: int) -> Finding:
    others = count_sequences(missing) - 1
    more = f", and those of {others} more" if others else ""
    return Finding(
        Fault.DELETED,
        number,
        f"What entry {number} held is gone{more}, and no erasure on record names it. That it was "
        "recorded, when and about what, is proven; what it said cannot be read any more.",
        FaultLocation.PAYLOADS,
    )


def _renumbered_finding(number: int, other: object) -> Finding:
    return Finding(
        Fault.DELETED,
        number,
        f"What entry {number} held now stands under the number {other!r}; by its digest it is "
        f"entry {number}'s, and as it was recorded.",
        FaultLocation.PAYLOADS,
    )


def _wrong_payload_finding(wrong: WrongPayload, others: dict[str, WrongPayload]) -> Finding:
    number = wrong.sequence
    if wrong.wanted is None:
        return _stray_payload_finding(number)
    if wrong.copies > 1:
        return Finding(
            Fault.INSERTED,
            number,
            f"There are {wrong.copies} payloads of entry {number}; one was recorded.",
            FaultLocation.PAYLOADS,
        )
    owner = others.get(wrong.wanted)
    if owner is not None and owner.sequence != number:
        return Finding(
            Fault.REORDERED,
            number,
            f"Entries {number} and {owner.sequence} hold each other's payloads.",
            FaultLocation.PAYLOADS,
        )
    if wrong.commitment == wrong.wanted:
        return Finding(
            Fault.EDITED,
            number,
            f"What entry {number} held is filed under another month than it was recorded in; what "
            "it says is as recorded, but would be erased at another time.",
            FaultLocation.PAYLOADS,
        )
    return Finding(
        Fault.EDITED,
        number,
        f"What entry {number} holds, or its salt, was changed after it was recorded: it is not "
        "what its digest names, and cannot be relied on.",
        FaultLocation.PAYLOADS,
    )


def _stray_payload_finding(number: object) -> Finding:
    return Finding(
        Fault.INSERTED,
        number if isinstance(number, int) and number > 0 else None,
        f"A payload stands under the number {number!r}, and no entry has that number: it was never "
        "recorded.",
        FaultLocation.PAYLOADS,
    )
