"""Answers recorded before there was a ladder: they say no rung, and are as good as ever."""

import json
from dataclasses import fields

import pytest

from models.catalogue import TASKS
from serving.audit.export.export import Export
from serving.audit.export.selection import Selection
from serving.audit.export.writers import ExportFormat
from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.transparency.note import Verifier
from serving.audit.transparency.signing_key import SigningKey
from serving.audit.verify.verification import verify_log
from serving.pipeline.response import recommendation_from_entry
from serving.replay.replay import replay_entries
from serving.review.report import render_report
from tests.support.synthetic_lake import ASKED_AT

pytestmark = pytest.mark.slow(4)

KINDS = (EntryKind.RECOMMENDATION, EntryKind.ABSTENTION)
LATER = ("rung", "rung_reasons")


def older(entry):
    """The answer as it was recorded then."""
    payload = json.loads(entry.body)
    for name in LATER:
        del payload["recommendation"][name]
    told = {one.name: getattr(entry.envelope, one.name, None) for one in fields(Draft)}
    return Draft(**told | {"kind": entry.kind, "payload": payload})


@pytest.fixture(scope="module")
def sent(answered):
    """One answer of each kind and task, as far as there are, as they were then."""
    first = {(e.kind, e.envelope.task): e for e in reversed(answered)}
    return [older(entry) for entry in first.values()]


@pytest.fixture
def store(tmp_path, sent):
    opened = AuditStore.open(
        tmp_path / "audit.db", signer=SigningKey.load_or_make(tmp_path / "audit.key")
    )
    opened.append(sent)
    yield opened
    opened.close()


def test_they_come_out_the_same_to_the_bit(store, sources):
    entries = store.all()
    assert {entry.kind for entry in entries} == set(KINDS)
    assert len({entry.envelope.task for entry in entries}) == len(TASKS)
    outcomes = replay_entries(entries, sources)
    assert [(one.difference, one.obstacle) for one in outcomes] == [(None, None)] * len(entries)


def test_they_verify_and_are_exported_as_they_are(store, tmp_path):
    key = Verifier.parse(store.signer.verifier(store.head().origin))
    found = verify_log(store, keys=[key], workers=1)
    assert (found.ok, found.entries) == (True, len(store.all()))
    Export(store, Selection(), ExportFormat.CSV, ASKED_AT, "1.0+test").write(tmp_path / "out")
    told = (tmp_path / "out").glob("*.csv")
    lines = "".join(path.read_text() for path in told)
    assert all(entry.id in lines for entry in store.all())


def test_their_reports_are_shown_and_they_are_read_back(store, engine):
    for entry in store.all():
        page = render_report(entry)
        assert entry.id in page
        assert "No model answered" not in page
        given = recommendation_from_entry(entry, engine.tasks, engine.address)
        assert (given.id, given.rung, given.rung_reasons) == (entry.id, "champion", [])
