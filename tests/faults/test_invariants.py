"""Each thing that can be wrong, made wrong by hand, and found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import GENESIS_HASH, Draft, entry_from_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.transaction import LogHead
from serving.audit.transparency.merkle import Frontier
from tests.faults.invariants import Known, ViolationKind, fault_took_effect
from tests.faults.observations import AcknowledgedEntry, Answer, Outcome, Snapshot, Window

START = datetime(2026, 3, 10, tzinfo=UTC)
KEY = {"caller": "c", "key": "k", "first": 2, "count": 1}


def entries_of(*hours):
    """Entries recorded so many hours after the start, in order."""
    made, previous = [], GENESIS_HASH
    for number, hour in enumerate(hours, 1):
        at = (START + timedelta(hours=hour)).isoformat()
        draft = Draft(
            f"r{number}", EntryKind.RECOMMENDATION, "", "", "", "", 0.0, at, {"n": number}
        )
        made.append(entry_from_draft(draft, canonicalize(draft.payload), number, previous))
        previous = made[-1].hash
    return made


def snapshot(entries, keys=(KEY,)):
    frontier, _ = Frontier().with_leaves(bytes.fromhex(entry.hash) for entry in entries)
    return Snapshot(entries, LogHead("log", frontier, entries[-1].hash), keys, len(entries))


def read_note(note):
    """`size root`, signed by nobody; a forged one is called so."""
    if note == "forged":
        raise ValueError("forged")
    size, root = note.split()
    return "log", int(size), bytes.fromhex(root)


@pytest.fixture
def entries():
    return entries_of(0, 1, 2)


@pytest.fixture
def known():
    return Known(content=lambda entry: entry.body, read_note=read_note)


def answer(*entries, note="", key="", **changes):
    acknowledged = tuple(AcknowledgedEntry(e.id, e.sequence, e.hash, e.body) for e in entries)
    return Answer(Outcome.ACKNOWLEDGED, 1.0, 2.0, acknowledged, note, key, 200, **changes)


def kinds(breaks):
    return {one.kind for one in breaks}


def test_a_sound_record_and_true_answers_have_no_breaks(known, entries):
    assert known.extend(snapshot(entries)) == []
    note = f"3 {known.roots[3].hex()}"
    assert known.holds([answer(*entries, note=note), answer(entries[1], key="k")]) == []


def test_the_record_may_come_in_parts(known, entries):
    whole = snapshot(entries)
    first = snapshot(entries[:1], ())
    assert known.extend(first) == []
    assert known.extend(replace(whole, entries=entries[1:])) == []
    assert known.size == 3


def test_an_acknowledged_entry_missing_from_the_record_is_lost(known, entries):
    known.extend(snapshot(entries[:2]))
    assert kinds(known.holds([answer(entries[2])])) == {ViolationKind.LOST}


def test_another_entry_in_its_place_is_a_loss(known, entries):
    known.extend(snapshot(entries))
    other = replace(answer(entries[0]), told=(AcknowledgedEntry("r9", 1, entries[0].hash),))
    assert kinds(known.holds([other])) == {ViolationKind.LOST}


@pytest.mark.parametrize("change", [{"hash": "ab" * 32}, {"content": "{}"}])
def test_an_answer_that_differs_from_its_entry_is_altered(known, entries, change):
    known.extend(snapshot(entries))
    altered = replace(AcknowledgedEntry("r1", 1, entries[0].hash, entries[0].body), **change)
    assert kinds(known.holds([replace(answer(), told=(altered,))])) == {ViolationKind.ALTERED}


def test_a_missing_entry_is_a_gap(known, entries):
    found = kinds(known.extend(snapshot([entries[0], entries[2]], ())))
    assert {ViolationKind.GAP, ViolationKind.CHAIN} <= found


def test_an_id_that_is_there_twice_is_double(known, entries):
    again = [entries[0], replace(entries[1], envelope=replace(entries[1].envelope, id="r1"))]
    assert ViolationKind.DOUBLE in kinds(known.extend(snapshot(again, ())))


def test_a_key_that_is_there_twice_is_double(known, entries):
    other = KEY | {"first": 3}
    assert ViolationKind.DOUBLE in kinds(known.extend(snapshot(entries, (KEY, other))))


def test_an_answer_to_a_key_that_is_not_the_keys_is_double(known, entries):
    known.extend(snapshot(entries))
    assert kinds(known.holds([answer(entries[0], key="k")])) == {ViolationKind.DOUBLE}
    again = Answer(
        Outcome.ACKNOWLEDGED, 1.0, 2.0, (AcknowledgedEntry("", 1, ""),), key="k", status=200
    )
    assert kinds(known.holds([again])) == {ViolationKind.DOUBLE}


def test_another_payload_or_envelope_than_the_hash_says_breaks_the_chain(known, entries):
    changed = replace(entries[0], body='{"n":9}')
    assert ViolationKind.CHAIN in kinds(known.extend(snapshot([changed], ())))


def test_a_head_that_is_of_another_log_is_found(known, entries):
    stale = snapshot(entries[:2], ()).head
    assert kinds(known.extend(replace(snapshot(entries), head=stale))) == {ViolationKind.HEAD}


def test_rows_that_no_sequence_reaches_are_a_gap(known, entries):
    assert kinds(known.extend(replace(snapshot(entries), count=4))) == {ViolationKind.GAP}


@pytest.mark.parametrize("note", ["forged", f"3 {'ab' * 32}", f"9 {'ab' * 32}", "short"])
def test_a_checkpoint_that_does_not_fit_the_record_is_found(known, entries, note):
    known.extend(snapshot(entries))
    note = f"2 {known.roots[2].hex()}" if note == "short" else note
    assert kinds(known.holds([answer(entries[2], note=note)])) == {ViolationKind.NOTE}


def refusal(status=503):
    return Answer(Outcome.REFUSED, 1.0, 2.0, status=status)


AWAY = Window(0.0, 3.0, refuses=True, closed=True)


def test_a_score_while_nothing_can_be_recorded_is_found(entries):
    assert fault_took_effect([refusal()], [], AWAY) == []
    found = fault_took_effect([refusal(), answer(entries[0])], [], AWAY)
    assert kinds(found) == {ViolationKind.ANSWERED_WHILE_AWAY}


def test_a_fault_that_nobody_felt_did_not_strike():
    assert kinds(fault_took_effect([], [], AWAY)) == {ViolationKind.DID_NOT_STRIKE}


@pytest.mark.parametrize("status", [500, 404, 409])
def test_a_refusal_in_other_words_than_are_due_is_found(status):
    assert kinds(fault_took_effect([refusal(), refusal(status)], [], AWAY)) == {
        ViolationKind.WRONG_REFUSAL
    }


def test_a_clock_that_did_not_step_back_and_forth_did_not_strike():
    window = Window(0.0, 0.0, steps_hours=24)
    assert fault_took_effect([], entries_of(0, -24, 24), window) == []
    for hours in ([0, 1, 2], [0, 24], [24, 0], []):
        assert kinds(fault_took_effect([], entries_of(*hours), window)) == {
            ViolationKind.DID_NOT_STRIKE
        }
