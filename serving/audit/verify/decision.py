"""From what was read to what was done: pure, no database, one rule a function.

What a signature proves goes first: where a signed root fits the entries as they are, the entries
are whole, and what disagrees with them is at fault itself. Where it does not, what does not fit
within the entries says what was done; where everything fits and only the signature does not, the
log was rewritten.
"""

from __future__ import annotations

from serving.audit.verify.case import Case
from serving.audit.verify.evidence import Evidence
from serving.audit.verify.fault import Fault, Finding, Verdict
from serving.audit.verify.head_rules import of_head, of_last_checkpoint
from serving.audit.verify.payload_rules import of_payloads
from serving.audit.verify.ranges import both, count, merged
from serving.audit.verify.tree_rules import (
    of_checkpoints,
    of_nodes,
    of_second_place,
    of_strange_nodes,
)


def decide(evidence: Evidence) -> Verdict:
    """The verdict on what was read."""
    case = Case(evidence)
    found = [
        *evidence.findings,
        *(one for one in evidence.opened.findings if one.sequence not in case.unsound),
        *case.entries,
        *of_head(case),
        *of_checkpoints(case),
        *of_nodes(case),
        *of_strange_nodes(case),
        *of_second_place(case),
        *of_payloads(case),
    ]
    found = found or list(of_last_checkpoint(case))
    size = evidence.last
    there = [(evidence.since + 1, size)] if size > evidence.since else []
    gone = merged(both(evidence.payloads.missing, case.erased))
    named = merged(both(tuple(there), case.erased))
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


def _once(found: list[Finding]) -> list[Finding]:
    """One finding an entry: what is said of the entry itself stands for its payload too.

    What was put in was never recorded, so whether it was also changed means nothing.
    """
    made = dict[object, Finding]()
    for finding in sorted(found, key=lambda one: one.fault is not Fault.INSERTED):
        key = (finding.fault, finding.where) if finding.sequence is None else finding.sequence
        made.setdefault(key, finding)
    return list(made.values())


def _order(finding: Finding) -> tuple[bool, int]:
    return finding.sequence is None, finding.sequence or 0
