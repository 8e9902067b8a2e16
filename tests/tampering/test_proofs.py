"""A proof file with any byte changed proves nothing, unless it says the very same."""

import json

import pytest

from serving.audit.log.store import AuditStore
from serving.audit.transparency.note import Verifier
from serving.audit.verify.proof_check import CheckOutcome, check_proof
from serving.audit.verify.proof_creation import create_proof
from tests.tampering import rows
from tests.tampering.golden import LARGE, untouched
from tests.tampering.log import KEY

ENTRY = 41


@pytest.fixture(scope="module")
def keys():
    return [Verifier.parse(untouched(LARGE).vkey)]


@pytest.fixture(scope="module")
def proof(tmp_path_factory):
    store = AuditStore.open(tmp_path_factory.mktemp("log") / "audit.db", signer=KEY)
    rows.put(store, untouched(LARGE).tables)
    made = create_proof(store, str(ENTRY))
    store.close()
    return json.dumps(made, indent=1).encode()


def changed(raw, at):
    """What one byte can become: flipped in several bits, gone, or doubled."""
    before, byte, after = raw[:at], raw[at], raw[at + 1 :]
    for other in {byte ^ 1, byte ^ 2, byte ^ 0x20, byte ^ 0x80, 0x20, 0x30} - {byte}:
        yield before + bytes([other]) + after
    yield before + after
    yield raw[: at + 1] + raw[at:]


def meaning(raw):
    """The values in a file; each name once. None if it is no JSON."""
    try:
        return json.loads(raw, object_pairs_hook=once)
    except ValueError:
        return None


def once(pairs):
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name is there twice")
    return made


def test_the_proof_holds_as_it_was_written(proof, keys):
    assert check_proof(proof, keys).outcome is CheckOutcome.HOLDS


def test_no_byte_can_change_the_meaning(proof, keys):
    """The key in the file is to be compared by people, and nothing is proven by it."""
    whole = meaning(proof)
    proven = {name: value for name, value in whole.items() if name != "key"}
    tried, passed = 0, []
    for at in range(len(proof)):
        for made in changed(proof, at):
            said = meaning(made)
            same = said is not None and {n: v for n, v in said.items() if n != "key"} == proven
            holds = check_proof(made, keys).outcome is CheckOutcome.HOLDS
            tried += 1
            if holds and not same:
                passed.append((at, made[max(0, at - 30) : at + 30]))
    assert tried > 5 * len(proof)
    assert not passed


def test_a_layout_of_the_same_values_is_the_same_proof(proof, keys):
    for made in (
        json.dumps(meaning(proof)),
        json.dumps(meaning(proof), separators=(",", ":"), ensure_ascii=False),
        json.dumps(dict(reversed(meaning(proof).items())), indent=7) + "\n\n",
    ):
        assert check_proof(made.encode(), keys).outcome is CheckOutcome.HOLDS


def test_whitespace_changes_nothing_wherever_it_stands(proof, keys):
    for at, byte in enumerate(proof):
        if byte == ord("\n"):
            for space in (b"", b" ", b"\n\n", b"\t"):
                made = proof[:at] + space + proof[at + 1 :]
                assert check_proof(made, keys).outcome is CheckOutcome.HOLDS


def test_the_same_value_twice_is_refused(proof, keys):
    twice = proof.replace(b'"index"', b'"size": 5,\n "index"', 1)
    assert check_proof(twice, keys).outcome is CheckOutcome.FORGED


def test_a_proof_of_one_entry_proves_no_other(proof, keys):
    whole = meaning(proof)
    for name, value in (("index", whole["index"] + 1), ("size", whole["size"] + 1)):
        assert check_proof(json.dumps(whole | {name: value}), keys).outcome is CheckOutcome.FORGED
    for path in (whole["path"][::-1], whole["path"][:-1], [*whole["path"], "00" * 32]):
        assert check_proof(json.dumps(whole | {"path": path}), keys).outcome is CheckOutcome.FORGED
