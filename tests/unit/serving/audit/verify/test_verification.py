"""The decision, on evidence made by hand: what a signature proves goes first."""

from dataclasses import replace

import pytest

from serving.audit.transparency.checkpoint import Checkpoint
from serving.audit.transparency.merkle import Frontier, leaf_hash
from serving.audit.verify.checkpoint_sources import (
    CheckpointWitness,
    OpenedCheckpoints,
    SignedCheckpoint,
)
from serving.audit.verify.evidence import (
    CheckpointEntry,
    ErasureEntry,
    Evidence,
    MirrorEvidence,
    PayloadEvidence,
    StoredHead,
)
from serving.audit.verify.segment import WrongPayload
from serving.audit.verify.tree_rebuild import rebuild_tree
from serving.audit.verify.verdict import Fault, FaultLocation
from serving.audit.verify.verification import decide_verdict

SIZE = 600
LEAVES = [leaf_hash(n.to_bytes(4)) for n in range(1, SIZE + 1)]
OTHER = [*LEAVES[:300], leaf_hash(b"other"), *LEAVES[301:]]
SIGNED = (100, 280, 500)


def tree(leaves):
    return rebuild_tree(Frontier(), leaves, {*SIGNED, len(leaves)})


def signed(leaves, size, where=FaultLocation.MIRROR):
    root = Frontier().with_leaves(leaves[:size])[0].root()
    return SignedCheckpoint(
        CheckpointWitness("", where, f"the checkpoint of size {size}"), Checkpoint("o", size, root)
    )


def evidence(leaves=LEAVES, by=LEAVES, **changes):
    now = tree(leaves)
    frontier = now.frontier
    given = {
        "head": StoredHead("o", frontier.size, leaves[-1].hex(), frontier.text(), 0, ""),
        "last": len(leaves),
        "now": now,
        "opened": OpenedCheckpoints([signed(by, size) for size in SIGNED], []),
        "nodes": now.nodes,
        "last_hash": leaves[-1].hex(),
        "entries": len(leaves),
    }
    return Evidence(**(given | changes))


def told(evidence):
    return [(f.fault, f.sequence, f.where) for f in decide_verdict(evidence).findings]


def test_a_consistent_log_has_no_findings():
    verdict = decide_verdict(evidence())
    assert verdict.ok
    assert (verdict.covered, verdict.checkpoints, verdict.uncovered) == (500, 3, 100)


def test_a_rewritten_log_lies_between_the_last_checkpoint_that_fits_and_the_first_that_does_not():
    assert told(evidence(OTHER)) == [(Fault.REWRITTEN, 281, FaultLocation.MIRROR)]


@pytest.mark.parametrize("differs", [281, 301, 500])
def test_leaves_kept_elsewhere_tell_a_rewritten_log_to_the_entry(differs):
    place = MirrorEvidence(500, differs, fits=True)
    assert told(evidence(OTHER, place=place))[0][:2] == (Fault.REWRITTEN, differs)


def test_leaves_that_do_not_make_their_own_signed_root_locate_nothing():
    place = MirrorEvidence(500, 7, fits=False)
    assert told(evidence(OTHER, place=place))[0][:2] == (Fault.REWRITTEN, 281)


def test_with_a_proven_log_the_mirror_is_at_fault():
    place = MirrorEvidence(500, 7, fits=False)
    assert told(evidence(place=place)) == [(Fault.FORGED_PROOF, 7, FaultLocation.MIRROR)]


def test_a_node_is_at_fault_where_the_entries_are_proven():
    nodes = dict(evidence().nodes) | {(8, 1): "ab" * 32}
    assert told(evidence(nodes=nodes)) == [(Fault.EDITED, 257, FaultLocation.NODES)]


def test_nodes_and_head_of_other_entries_tell_that_these_were_rewritten():
    was = evidence(by=[], opened=OpenedCheckpoints([], []))
    now = evidence(OTHER, opened=OpenedCheckpoints([], []), nodes=was.nodes, head=was.head)
    assert told(now)[0] == (Fault.REWRITTEN, 257, FaultLocation.NODES)


def test_a_log_shorter_than_was_signed_is_truncated():
    assert told(evidence(LEAVES[:400]))[0][:2] == (Fault.TRUNCATED, 401)


def test_a_log_longer_than_its_head_says_had_entries_put_in():
    short = evidence(LEAVES[:580])
    now = replace(evidence(), head=short.head)
    now = replace(now, now=rebuild_tree(Frontier(), LEAVES, {*SIGNED, 580, 600}))
    assert told(now) == [(Fault.INSERTED, 581, FaultLocation.ENTRIES)]


ERASED = PayloadEvidence(missing=((10, 12), (20, 20)))


@pytest.mark.parametrize(
    ("erasures", "expected", "erased"),
    [
        ([ErasureEntry(50, ((10, 12), (20, 20)))], [], 4),
        ([ErasureEntry(50, ((10, 12),)), ErasureEntry(60, ((20, 20),))], [], 4),
        ([ErasureEntry(50, ((10, 12),))], [(Fault.DELETED, 20)], 3),
        ([ErasureEntry(15, ((10, 20),))], [(Fault.DELETED, 20)], 3),
        ([], [(Fault.DELETED, 10)], 0),
        ([ErasureEntry(50, None)], [], 0),  # that the erasure itself was changed is told elsewhere
    ],
)
def test_a_payload_may_be_gone_only_where_an_earlier_erasure_did_not_yet_speak(
    erasures, expected, erased
):
    verdict = decide_verdict(evidence(payloads=ERASED, erasures=erasures))
    assert [(f.fault, f.sequence) for f in verdict.findings] == expected
    assert verdict.erased == erased


def test_an_erasure_whose_own_payload_is_gone_is_told():
    payloads = PayloadEvidence(missing=((10, 12), (50, 50)))
    found = told(evidence(payloads=payloads, erasures=[ErasureEntry(50, None)]))
    assert found == [(Fault.DELETED, 50, FaultLocation.PAYLOADS)]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ([WrongPayload(7, "a", "b")], (Fault.EDITED, 7)),
        ([WrongPayload(7, "", "b")], (Fault.EDITED, 7)),
        ([WrongPayload(7, "b", "b")], (Fault.EDITED, 7)),  # under another month
        ([WrongPayload(7, "b", "b", 2)], (Fault.INSERTED, 7)),
        ([WrongPayload(7, "a", None)], (Fault.INSERTED, 7)),
        ([WrongPayload(7, "a", "b"), WrongPayload(9, "b", "a")], (Fault.REORDERED, 7)),
    ],
)
def test_wrong_payloads_are_told_by_what_their_entries_name(wrong, expected):
    assert told(evidence(payloads=PayloadEvidence(wrong=wrong))) == [
        (*expected, FaultLocation.PAYLOADS)
    ]


def test_head_must_say_of_the_last_checkpoint_what_is_on_record():
    note = f"o\n500\n{'A' * 43}=\n\n\u2014 o {'A' * 91}=\n"
    written = [CheckpointEntry(501, "2026-11-01", note)]
    assert written[0].size == 500
    good = replace(evidence().head, checkpoint_size=500, checkpoint_at="2026-11-01")
    assert decide_verdict(evidence(checkpoints=written, head=good)).ok
    for change in ({"checkpoint_size": 499}, {"checkpoint_at": "2026-11-02"}):
        found = told(evidence(checkpoints=written, head=replace(good, **change)))
        assert found == [(Fault.EDITED, None, FaultLocation.HEAD)]
