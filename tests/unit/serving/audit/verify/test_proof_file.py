"""Proof files: made from a record, checked without one, and never believed for their own key."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.transparency.checkpoint import Checkpoint
from serving.audit.transparency.note import Note, Verifier
from serving.audit.transparency.signing_key import SigningKey
from serving.audit.verify.proof_check import CheckOutcome, check_proof
from serving.audit.verify.proof_creation import NotCoveredError, create_proof, inclusion_proof
from serving.audit.verify.proof_file import MAX_PATH_LENGTH

SIZE = 300


def draft(n, kind=EntryKind.RECOMMENDATION, **payload):
    return Draft(
        id=f"entry {n}",
        kind=kind,
        about=f"entry {n}",
        task="stock_risk",
        site="S1",
        reference=f"I{n}",
        priority=n / 3,
        recorded_at="2026-11-01T00:00:00+00:00",
        payload=payload or {"n": n / 7, "text": "é", "none": None, "whole": 5.0},
    )


def filled(where, signer):
    store = AuditStore.open(where, signer=signer)
    store.append([draft(n) for n in range(1, SIZE + 1)])
    return store


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    return SigningKey.load_or_make(tmp_path_factory.mktemp("key") / "audit.key")


@pytest.fixture(scope="module")
def store(signer, tmp_path_factory):
    made = filled(tmp_path_factory.mktemp("lake") / "audit.db", signer)
    yield made
    made.close()


@pytest.fixture(scope="module")
def key(store, signer):
    return Verifier.parse(signer.verifier(store.head().origin))


@pytest.fixture(scope="module")
def proof(store):
    return create_proof(store, "entry 44")


def text(proof, **changes):
    return json.dumps(proof | changes)


def test_a_proof_holds_under_the_key_of_the_log(proof, key):
    found = check_proof(text(proof), [key])
    assert found.outcome is CheckOutcome.HOLDS
    assert "Entry 44 (recommendation entry 44)" in found.sentences[0]
    assert f"tree of {SIZE} entries" in found.sentences[0]
    assert key.label in found.sentences[0]


def test_a_key_in_the_file_is_told_and_never_trusted(proof, key):
    found = check_proof(text(proof), [])
    assert found.outcome is CheckOutcome.NOT_COMPARED
    assert any(str(key) in sentence for sentence in found.sentences)


def test_a_proof_on_either_store_holds(audit_url, signer):
    store = filled(audit_url, signer)
    key = Verifier.parse(signer.verifier(store.head().origin))
    for number in (1, 256, 257, SIZE):
        assert (
            check_proof(text(create_proof(store, str(number))), [key]).outcome is CheckOutcome.HOLDS
        )
    store.close()


def test_a_proof_without_the_payload_shows_nothing_of_it(store, key):
    made = create_proof(store, "44", with_payload=False)
    assert not {"payload", "salt"} & set(made)
    found = check_proof(text(made), [key])
    assert found.outcome is CheckOutcome.HOLDS
    assert "envelope only" in found.sentences[0]


def with_envelope(proof, **changes):
    return proof | {"envelope": proof["envelope"] | changes}


def other_checkpoint(proof, size):
    lines = proof["checkpoint"].split("\n")
    lines[1] = str(size)
    return proof | {"checkpoint": "\n".join(lines), "size": size}


FORGERIES = {
    "the site": (lambda p: with_envelope(p, site="S2"), "envelope_edited"),
    "the hash": (lambda p: p | {"hash": "0" * 64}, "envelope_edited"),
    "the number": (lambda p: with_envelope(p, sequence=45), "envelope_edited"),
    "the payload": (lambda p: p | {"payload": p["payload"] | {"n": 1}}, "payload_edited"),
    "the salt": (lambda p: p | {"salt": "0" * 32}, "payload_edited"),
    "payload without salt": (
        lambda p: {n: v for n, v in p.items() if n != "salt"},
        "payload_edited",
    ),
    "a number beyond all": (lambda p: p | {"payload": {"n": 2**60}}, "payload_edited"),
    "the index": (lambda p: p | {"index": 44}, "forged_proof"),
    "the path": (lambda p: p | {"path": p["path"][::-1]}, "forged_proof"),
    "a shorter path": (lambda p: p | {"path": p["path"][:-1]}, "forged_proof"),
    "a longer path": (lambda p: p | {"path": [*p["path"], "0" * 64]}, "forged_proof"),
    "the size": (lambda p: p | {"size": SIZE - 1}, "forged_proof"),
    "the signed size": (lambda p: other_checkpoint(p, SIZE - 1), "forged_proof"),
    "the log": (lambda p: p | {"origin": "another"}, "forged_proof"),
    "no checkpoint": (lambda p: p | {"checkpoint": ""}, "forged_proof"),
    "something more": (lambda p: p | {"more": 1}, "no_proof"),
    "something less": (lambda p: {n: v for n, v in p.items() if n != "path"}, "no_proof"),
    "a path without end": (lambda p: p | {"path": ["0" * 64] * (MAX_PATH_LENGTH + 1)}, "no_proof"),
    "a hash of no kind": (lambda p: p | {"hash": "A" * 64}, "no_proof"),
    "a number as text": (lambda p: p | {"index": "43"}, "no_proof"),
}


@pytest.mark.parametrize(("forge", "fault"), FORGERIES.values(), ids=list(FORGERIES))
@pytest.mark.parametrize("compared", [True, False])
def test_every_forgery_is_told_by_name(proof, key, forge, fault, compared):
    found = check_proof(json.dumps(forge(proof)), [key] if compared else [])
    assert (found.outcome, found.fault) == (CheckOutcome.FORGED, fault)


def test_a_proof_signed_by_another_key_is_told_even_if_the_file_brings_it(proof, key, tmp_path):
    other = SigningKey.load_or_make(tmp_path / "other.key")
    root = Checkpoint.parse(Note.parse(proof["checkpoint"]).text).root
    forged = proof | {
        "checkpoint": other.note(proof["origin"], SIZE, root),
        "key": other.verifier(proof["origin"]),
    }
    found = check_proof(json.dumps(forged), [key])
    assert (found.outcome, found.fault) == (CheckOutcome.FORGED, "wrong_key")
    assert check_proof(json.dumps(forged), []).outcome is CheckOutcome.NOT_COMPARED


@given(st.binary(max_size=200))
def test_garbage_is_no_proof_and_no_traceback(raw):
    assert check_proof(raw, []).outcome is CheckOutcome.FORGED


@pytest.mark.parametrize(
    "raw",
    ["", "[" * 100_000, "{" * 9, "NaN", '{"size":1,"size":2}', "1" * 9999, "null", "[]"],
)
def test_garbage_that_json_readers_stumble_over_is_no_proof(raw):
    found = check_proof(raw, [])
    assert (found.outcome, found.fault) == (CheckOutcome.FORGED, "no_proof")
    assert "\n" not in found.sentences[0]


@given(st.data())
def test_no_character_of_a_proof_can_be_changed(proof, key, data):
    """Other than where JSON itself allows the same content to be written otherwise."""
    whole = text(proof)
    at = data.draw(st.integers(0, len(whole) - 1))
    made = whole[:at] + data.draw(st.characters(codec="utf-8")) + whole[at + 1 :]
    found = check_proof(made, [key])
    if found.outcome is CheckOutcome.HOLDS:
        same = json.loads(made)
        assert {**same, "key": ""} == {**proof, "key": ""}


def test_a_written_checkpoint_is_preferred_to_one_signed_now(signer, tmp_path):
    store = filled(tmp_path / "audit.db", signer)
    note = store.commit([draft(900)]).checkpoint
    store.append([draft(901, EntryKind.CHECKPOINT, note=note)])
    assert create_proof(store, "5")["checkpoint"] == note
    later = create_proof(store, str(SIZE + 2))
    assert later["size"] == SIZE + 2
    assert len(later["path"]) == len(inclusion_proof(store, SIZE + 2))
    store.close()


def test_without_a_key_an_entry_that_nothing_covers_is_said_to_wait(tmp_path):
    store = AuditStore.open(tmp_path / "audit.db")
    store.append([draft(1)])
    with pytest.raises(NotCoveredError, match="not covered by a signed checkpoint yet"):
        create_proof(store, "1")
    with pytest.raises(LookupError, match="'nobody'"):
        create_proof(store, "nobody")
    store.close()
