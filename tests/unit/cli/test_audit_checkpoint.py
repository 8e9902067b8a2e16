"""`triage audit checkpoint` takes the record's state to the second place, and prints it."""

import pytest
from typer.testing import CliRunner

import triage
from data.lake import Lake
from serving.audit.factory import open_audit, open_checkpoint_mirror, trusted_verifiers
from serving.audit.log.entry_kind import EntryKind
from serving.audit.transparency.checkpoint import open_checkpoint
from tests.support.audit_drafts import recommendation_recorded_at


@pytest.fixture
def lake(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path))
    made = Lake(tmp_path).make()
    store = open_audit(made)
    store.append([recommendation_recorded_at(1), recommendation_recorded_at(2)])
    store.close()
    return made


def run():
    done = CliRunner().invoke(triage.app, ["audit", "checkpoint"])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_printed_checkpoint_is_signed_and_mirrored(lake):
    said = run()
    assert f"written to {lake.home / 'checkpoints'}" in said
    note = said[said.index("exception-triage/") :]
    assert open_checkpoint(note, trusted_verifiers(lake)).size == 2
    assert open_checkpoint_mirror(lake).latest() == note
    store = open_audit(lake)
    assert [entry.payload["note"] for entry in store.of_kind(EntryKind.CHECKPOINT)] == [note]
    store.close()


def test_nothing_new_is_said_and_writes_nothing(lake):
    run()
    assert "nothing new" in run()
    assert open_checkpoint_mirror(lake).sizes() == [2]
