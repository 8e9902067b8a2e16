"""A proof file with a changed byte fails, unless its values stay the same."""

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
    values = create_proof(store, str(ENTRY))
    store.close()
    return json.dumps(values, indent=1).encode()


def changed(raw, at):
    """Yield mutations of the byte at `at`: bits flipped, byte deleted, byte doubled."""
    before, byte, after = raw[:at], raw[at], raw[at + 1 :]
    for other in {byte ^ 1, byte ^ 2, byte ^ 0x20, byte ^ 0x80, 0x20, 0x30} - {byte}:
        yield before + bytes([other]) + after
    yield before + after
    yield raw[: at + 1] + raw[at:]


def meaning(raw):
    """Return the parsed JSON; None if it is invalid or repeats a name."""
    try:
        return json.loads(raw, object_pairs_hook=unique_names)
    except ValueError:
        return None


def unique_names(pairs):
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name is there twice")
    return values


def test_the_proof_holds_as_it_was_written(proof, keys):
    assert check_proof(proof, keys).outcome is CheckOutcome.HOLDS


def test_no_byte_can_change_the_meaning(proof, keys):
    """The key in the file is for people to compare and is left out of the comparison."""
    values = meaning(proof)
    proven = {name: value for name, value in values.items() if name != "key"}
    tried, passed = 0, []
    for at in range(len(proof)):
        for mutant in changed(proof, at):
            parsed = meaning(mutant)
            same = parsed is not None and {n: v for n, v in parsed.items() if n != "key"} == proven
            holds = check_proof(mutant, keys).outcome is CheckOutcome.HOLDS
            tried += 1
            if holds and not same:
                passed.append((at, mutant[max(0, at - 30) : at + 30]))
    assert tried > 5 * len(proof)
    assert not passed


def test_a_layout_of_the_same_values_is_the_same_proof(proof, keys):
    for mutant in (
        json.dumps(meaning(proof)),
        json.dumps(meaning(proof), separators=(",", ":"), ensure_ascii=False),
        json.dumps(dict(reversed(meaning(proof).items())), indent=7) + "\n\n",
    ):
        assert check_proof(mutant.encode(), keys).outcome is CheckOutcome.HOLDS


def test_whitespace_changes_nothing_wherever_it_stands(proof, keys):
    for at, byte in enumerate(proof):
        if byte == ord("\n"):
            for space in (b"", b" ", b"\n\n", b"\t"):
                mutant = proof[:at] + space + proof[at + 1 :]
                assert check_proof(mutant, keys).outcome is CheckOutcome.HOLDS


def test_the_same_value_twice_is_refused(proof, keys):
    twice = proof.replace(b'"index"', b'"size": 5,\n "index"', 1)
    assert check_proof(twice, keys).outcome is CheckOutcome.FORGED


def test_a_proof_of_one_entry_proves_no_other(proof, keys):
    values = meaning(proof)
    for name, value in (("index", values["index"] + 1), ("size", values["size"] + 1)):
        assert check_proof(json.dumps(values | {name: value}), keys).outcome is CheckOutcome.FORGED
    for path in (values["path"][::-1], values["path"][:-1], [*values["path"], "00" * 32]):
        assert check_proof(json.dumps(values | {"path": path}), keys).outcome is CheckOutcome.FORGED
