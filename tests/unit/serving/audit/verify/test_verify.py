"""Verification of whole records, on SQLite and on PostgreSQL."""

import json
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES, HEAD, NODES, PAYLOADS
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror
from serving.audit.transparency.merkle import Frontier
from serving.audit.transparency.note import Verifier
from serving.audit.transparency.signing_key import SigningKey
from serving.audit.verify import evidence_collection, segment
from serving.audit.verify.verdict import Fault
from serving.audit.verify.verification import verify_log

pytestmark = pytest.mark.slow(13)

SIZE = 600
COVERED = 520
LEAF = 512
"""The last entry under a kept node."""


def draft(n, **changes):
    fields = {
        "id": f"entry {n}",
        "kind": EntryKind.RECOMMENDATION,
        "about": f"entry {n}",
        "task": "stock_risk",
        "site": f"S{n % 5}",
        "reference": f"I{n}",
        "priority": n / 3,
        "recorded_at": f"2026-11-{1 + n // 30:02d}T08:00:{n % 30:02d}+00:00",
        "payload": {"n": n / 7},
    }
    return Draft(**(fields | changes))


@dataclass
class Record:
    store: AuditStore
    place: CheckpointMirror
    signer: SigningKey
    key: Verifier

    def sign(self, size=None, *, place=True):
        leaves = [bytes.fromhex(e.hash) for e in self.store.all()][: size or None]
        frontier = Frontier().with_leaves(leaves)[0]
        note = self.signer.note(self.store.head().origin, frontier.size, frontier.root())
        if place:
            self.place.write(note, self.key, lambda first, last: leaves[first - 1 : last])
        return note

    def verify(self, **options):
        given = {"keys": [self.key], "second_place": self.place, "workers": 1} | options
        return verify_log(self.store, **given)

    @contextmanager
    def attack(self):
        """Change rows as whoever has the database can: past every trigger."""
        with self.store.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
                for (name,) in connection.exec_driver_sql(query).all():
                    connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
            else:
                connection.exec_driver_sql("SET session_replication_role = replica")
            yield connection

    def erase(self, first, last):
        rows = sa.delete(PAYLOADS).where(PAYLOADS.c.sequence.between(first, min(last, SIZE)))
        payload = {"ranges": [[first, last]], "count": last - first + 1}
        said = draft(9000 + first, kind=EntryKind.ERASURE, payload=payload)
        self.store.commit([said], also=lambda connection: connection.execute(rows) and None)


@pytest.fixture
def record(audit_url, tmp_path):
    signer = SigningKey.load_or_make(tmp_path / "audit.key")
    store = AuditStore.open(audit_url, signer=signer)
    key = Verifier.parse(signer.verifier(store.head().origin))
    made = Record(store, CheckpointMirror.open(tmp_path / "checkpoints"), signer, key)
    store.append([draft(n) for n in range(1, COVERED + 1)])
    made.sign()
    store.append([draft(n) for n in range(COVERED + 1, SIZE + 1)])
    yield made
    store.close()


def told(verdict):
    return [(finding.fault, finding.sequence) for finding in verdict.findings]


def test_a_record_that_nobody_touched_is_well(record):
    verdict = record.verify()
    assert verdict.ok
    assert verdict.root == record.store.head().frontier.root().hex()
    assert (verdict.size, verdict.entries, verdict.covered) == (SIZE, SIZE, COVERED)
    assert (verdict.uncovered, verdict.since, verdict.erased) == (SIZE - COVERED, 0, 0)
    json.dumps(verdict.as_json())


def test_an_empty_record_is_well(audit_url):
    store = AuditStore.open(audit_url)
    verdict = verify_log(store, keys=[])
    store.close()
    assert verdict.ok
    assert (verdict.size, verdict.covered) == (0, 0)


VALUES = {
    "about": "x", "commitment": "ab" * 32, "hash": "ab" * 32, "id": "x", "kind": "decision",
    "picked": True, "previous": "ab" * 32, "priority": 0.25, "recorded_at": "2026-11-09T00:00:00Z",
    "reference": "x", "schema": 1, "site": "x", "task": "x", "tenant": "x",
}  # fmt: skip


EDGES = [(column, number) for column in ("site", "hash", "previous") for number in (1, SIZE)]


def test_any_column_of_any_entry_that_was_changed_is_told(record):
    for column, number in [*((c, 300) for c in sorted(VALUES)), *EDGES]:
        row = sa.select(ENTRIES.c[column]).where(ENTRIES.c.sequence == number)
        change = sa.update(ENTRIES).where(ENTRIES.c.sequence == number)
        with record.attack() as connection:
            was = connection.scalar(row)
            connection.execute(change.values({column: VALUES[column]}))
        found = told(record.verify())
        with record.attack() as connection:
            connection.execute(change.values({column: was}))
        assert found == [(Fault.EDITED, number)], column
    assert record.verify().ok


def test_every_column_is_tried():
    assert set(VALUES) == {column.name for column in ENTRIES.columns} - {"sequence"}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DELETE FROM entries WHERE sequence = 300", (Fault.DELETED, 300)),
        ("DELETE FROM entries WHERE sequence BETWEEN 1 AND 40", (Fault.DELETED, 1)),
        ("DELETE FROM entries WHERE sequence > 590", (Fault.TRUNCATED, 591)),
        ("DELETE FROM entries", (Fault.TRUNCATED, 1)),
        ("UPDATE entries SET sequence = 70000 WHERE sequence = 300", (Fault.EDITED, 300)),
        ("DELETE FROM payloads WHERE sequence = 300", (Fault.DELETED, 300)),
        ("UPDATE payloads SET body = '{}' WHERE sequence = 300", (Fault.EDITED, 300)),
        ("UPDATE payloads SET salt = UPPER(salt) WHERE sequence = 300", (Fault.EDITED, 300)),
        ("UPDATE payloads SET sequence = 7000 WHERE sequence = 300", (Fault.DELETED, 300)),
        ('UPDATE nodes SET hash = previous FROM entries WHERE "index" = 1 AND sequence = 9',
         (Fault.EDITED, 257)),
        ('DELETE FROM nodes WHERE "index" = 0', (Fault.EDITED, 1)),
        ("UPDATE head SET size = 599", (Fault.EDITED, None)),
        ("UPDATE head SET hash = '00' || SUBSTR(hash, 3)", (Fault.EDITED, None)),
        ("UPDATE head SET frontier = ''", (Fault.EDITED, None)),
        ("UPDATE head SET origin = 'another'", (Fault.EDITED, None)),
        ("UPDATE head SET checkpoint_size = 7", (Fault.EDITED, None)),
    ],
)  # fmt: skip
def test_tampering_with_the_tables_is_reported(record, statement, expected):
    with record.attack() as connection:
        connection.exec_driver_sql(statement)
    assert told(record.verify())[0] == expected


def test_entries_that_give_no_hash_are_not_taken_for_each_other(record):
    """Of one the written hash is blank, of the other a column holds what has no hash."""
    with record.attack() as connection:
        connection.exec_driver_sql("UPDATE entries SET hash = '' WHERE sequence = 300")
        connection.exec_driver_sql("UPDATE entries SET priority = 'NaN' WHERE sequence = 320")
    assert told(record.verify()) == [(Fault.EDITED, 300), (Fault.EDITED, 320)]


@pytest.mark.parametrize("number", [300, SIZE])
def test_a_blank_hash_does_not_hide_an_entry_that_gives_none(record, number):
    values = "hash = '', priority = 'NaN'"
    with record.attack() as connection:
        connection.exec_driver_sql(f"UPDATE entries SET {values} WHERE sequence = {number}")
    assert told(record.verify())[0] == (Fault.EDITED, number)


def rewrite(record, first, size=SIZE, **values):
    """Change an entry and work everything out anew, up to `size`."""
    entries = record.store.all()[:size]
    previous, leaves = None, []
    with record.attack() as connection:
        connection.execute(sa.delete(ENTRIES).where(ENTRIES.c.sequence > size))
        connection.execute(sa.delete(PAYLOADS).where(PAYLOADS.c.sequence > size))
        for entry in entries:
            if entry.sequence >= first:
                changed = values if entry.sequence == first else {}
                envelope = type(entry.envelope)(
                    **(vars(entry.envelope) | {"previous": previous or entry.previous} | changed)
                )
                previous = envelope.leaf()
                where = ENTRIES.c.sequence == entry.sequence
                new = vars(envelope) | {"hash": previous}
                connection.execute(sa.update(ENTRIES).where(where).values(new))
                leaves.append(bytes.fromhex(previous))
            else:
                leaves.append(bytes.fromhex(entry.hash))
        frontier, nodes = Frontier().with_leaves(leaves)
        connection.execute(sa.delete(NODES))
        rows = [node._asdict() | {"hash": node.hash.hex()} for node in nodes]
        connection.execute(sa.insert(NODES), rows)
        end = {"size": size, "hash": leaves[-1].hex(), "frontier": frontier.text()}
        connection.execute(sa.update(HEAD).values(end))


def test_a_log_rewritten_as_a_whole_is_told_to_the_entry(record):
    rewrite(record, 300, site="x")
    verdict = record.verify()
    assert told(verdict) == [(Fault.REWRITTEN, 300)]
    assert "second place" in verdict.findings[0].sentence


def test_without_a_second_place_a_rewritten_log_cannot_be_told_and_that_is_said(record):
    rewrite(record, 300, site="x")
    verdict = record.verify(second_place=None)
    assert verdict.ok
    assert verdict.covered == 0


def test_a_checkpoint_that_a_caller_kept_tells_of_a_rewritten_log(record):
    early, late = record.sign(100, place=False), record.sign(place=False)
    rewrite(record, 580, site="x")
    assert told(record.verify()) == []  # nobody signed for 580 in the second place
    assert told(record.verify(trusted=late)) == [(Fault.REWRITTEN, COVERED + 1)]
    assert told(record.verify(second_place=None, trusted=late)) == [(Fault.REWRITTEN, 1)]
    assert told(record.verify(trusted=early)) == []


def test_a_log_that_was_cut_and_its_head_rewritten_is_told(record):
    rewrite(record, 500, size=500)
    assert told(record.verify()) == [(Fault.TRUNCATED, 501)]
    assert told(record.verify(second_place=None)) == []


def test_a_second_place_that_was_changed_is_not_held_against_the_log(record):
    tile = record.place.storage.path / "tile/0/000"
    tile.write_bytes(b"\0" * 32 + tile.read_bytes()[32:])
    assert told(record.verify()) == [(Fault.FORGED_PROOF, 1)]


def test_a_checkpoint_that_was_forged_or_is_by_another_key_is_told(record, tmp_path):
    path = record.place.storage.path / "checkpoint"
    note = path.read_text()
    path.write_text(note.replace(str(COVERED), str(COVERED - 1), 1))
    assert told(record.verify()) == [(Fault.FORGED_PROOF, None)]
    other = SigningKey.load_or_make(tmp_path / "other.key")
    path.write_text(other.note(record.store.head().origin, COVERED, b"\0" * 32))
    assert told(record.verify()) == [(Fault.WRONG_KEY, None)]


def test_an_auditor_with_another_key_is_told_so(record, tmp_path):
    other = SigningKey.load_or_make(tmp_path / "other.key")
    key = Verifier.parse(other.verifier(record.store.head().origin))
    found = record.verify(keys=[key])
    assert {finding.fault for finding in found.findings} == {Fault.WRONG_KEY}
    assert found.covered == 0


def test_erased_payloads_are_counted_without_being_a_fault(record):
    record.erase(10, 12)
    verdict = record.verify()
    assert verdict.ok
    assert (verdict.erased, verdict.restored) == (3, 0)


def test_an_erasure_names_only_what_came_before_it(record):
    record.erase(10, 5000)
    record.store.append([draft(700)])
    assert record.verify().erased == SIZE - 9
    with record.attack() as connection:
        connection.execute(sa.delete(PAYLOADS).where(PAYLOADS.c.sequence == SIZE + 2))
    assert told(record.verify()) == [(Fault.DELETED, SIZE + 2)]


def test_erased_payloads_put_back_are_reported(record):
    row = record.store.between(10, 10)[0]
    record.erase(10, 12)
    back = {"month": row.envelope.month, "sequence": 10, "salt": row.salt, "body": row.body}
    with record.attack() as connection:
        connection.execute(sa.insert(PAYLOADS), [back])
    verdict = record.verify()
    assert (verdict.ok, verdict.erased, verdict.restored) == (True, 2, 1)


def test_clocks_that_stepped_back_are_told_and_are_no_fault(record):
    record.store.append([draft(800, recorded_at="2026-10-01T00:00:00+00:00")])
    verdict = record.verify()
    assert verdict.ok
    assert verdict.steps_back == 1
    assert verdict.clock_steps[0].sequence == SIZE + 1
    assert verdict.clock_steps[0].seconds > 0


def test_it_resumes_from_a_trusted_checkpoint_and_reads_only_what_came_after(record):
    note = record.sign(COVERED, place=False)
    verdict = record.verify(since=note)
    assert verdict.ok
    assert (verdict.since, verdict.entries) == (COVERED, SIZE - COVERED)
    assert verdict.root == record.verify().root


@pytest.mark.parametrize("number", [COVERED + 1, COVERED + 40, SIZE])
def test_changes_after_the_trusted_checkpoint_are_reported(record, number):
    note = record.sign(COVERED, place=False)
    with record.attack() as connection:
        here = ENTRIES.c.sequence == number
        connection.execute(sa.update(ENTRIES).where(here).values(site="x"))
    verdict = record.verify(since=note)
    assert verdict.since == COVERED
    assert told(verdict) == [(Fault.EDITED, number)]


def test_a_log_that_does_not_begin_with_the_trusted_checkpoint_is_read_as_a_whole(record):
    note = record.sign(COVERED, place=False)
    rewrite(record, 300, site="x")
    verdict = record.verify(since=note)
    assert verdict.since == 0
    assert told(verdict) == [(Fault.REWRITTEN, 300)]


def test_several_processes_find_what_one_finds(record, monkeypatch):
    monkeypatch.setattr(evidence_collection, "SINGLE_PROCESS_ENTRIES", 100)
    monkeypatch.setattr(evidence_collection, "SEGMENT_ENTRIES", 150)
    with record.attack() as connection:
        here = ENTRIES.c.sequence.in_([150, 301])  # both sides of a seam
        connection.execute(sa.update(ENTRIES).where(here).values(site="x"))
    shown = []
    found = record.verify(workers=2, progress=lambda what, share: shown.append((what, share)))
    assert told(found) == [(Fault.EDITED, 150), (Fault.EDITED, 301)]
    assert told(record.verify(workers=1)) == told(found)
    assert shown[-1] == ("entries", 1.0)


def test_text_that_is_no_utf8_is_a_fault_of_its_entry(record):
    if record.store.engine.dialect.name != "sqlite":
        with pytest.raises(sa.exc.DataError), record.attack() as connection:
            connection.exec_driver_sql("UPDATE entries SET site = convert_from('\\xff', 'UTF8')")
        return
    with record.attack() as connection:
        change = "UPDATE entries SET site = CAST(x'c328' AS TEXT) WHERE sequence = 300"
        connection.exec_driver_sql(change)
    assert told(record.verify()) == [(Fault.EDITED, 300)]


def test_a_salt_that_took_bytes_of_the_payload_is_no_salt():
    salt, body = "ab" * 16, '{"n":1}'
    moved = segment.checked_commitment(salt + body[:1].encode().hex(), body[1:])
    assert segment.checked_commitment(salt, body)
    assert (
        moved
        == segment.checked_commitment(salt.upper(), body)
        == segment.checked_commitment(salt, b"")
        == ""
    )
