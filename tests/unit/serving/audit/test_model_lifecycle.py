"""Drift that was found is on record once."""

from datetime import UTC, datetime

import pytest

from data.lake import Lake
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.dataframes import decisions_frame, recommendations_frame
from serving.audit.factory import open_audit
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.store import AuditStore
from serving.audit.model_lifecycle import model_change_draft, record_drift, record_model_change
from serving.audit.pseudonym import open_pseudonyms
from serving.review.desk import queue_page
from tests.support.synthetic_recommendations import ASKED_AT, recommendation_draft

NOW = datetime(2026, 3, 20, tzinfo=UTC)
SAID = {"advice": "retrain", "headline": "retrain", "since": "2026-02-20", "until": "2026-03-20"}


def test_drift_is_recorded_once_and_another_anew(audit_url, tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_AUDIT_URL", audit_url)
    lake = Lake(tmp_path / "lake").make()
    assert record_drift(lake, "stock_risk", SAID, NOW) is not None
    assert record_drift(lake, "stock_risk", SAID, NOW) is None
    assert record_drift(lake, "stock_risk", SAID | {"until": "2026-03-21"}, NOW) is not None
    store = open_audit(lake)
    found = store.of_kind(EntryKind.DRIFT_DETECTED)
    store.close()
    assert [entry.envelope.task for entry in found] == ["stock_risk"] * 2
    assert found[0].payload["advice"] == "retrain"


PROMOTED = {
    "kind": "model_promoted",
    "task": "supplier_delay",
    "version": 2,
    "decided_at": "2026-01-02T12:00:00+00:00",
    "trained_by": "ada",
    "approver": {"name": "bo", "role": "head of purchasing"},
    "metrics": {"held_out_log_loss": 0.1 + 0.2},
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.db"


@pytest.fixture
def store(path):
    opened = AuditStore.open(path)
    yield opened
    opened.close()


def test_a_promotion_is_chained_to_what_was_recommended_before_it(store, path):
    (before,) = store.append([recommendation_draft(SUPPLIER_DELAY.name)])
    entry = record_model_change(Lake(path.parent), PROMOTED)
    assert (entry.sequence, entry.previous) == (2, before.hash)
    kept = store.read(entry.id)
    assert kept.kind is EntryKind.MODEL_PROMOTED
    payload = kept.payload
    assert payload.pop("schema") == 2
    assert payload.pop("context")["caller"] == "triage"
    by = open_pseudonyms(Lake(path.parent)).of
    assert payload == PROMOTED | {
        "trained_by": by("ada"),
        "approver": {"person": by("bo"), "role": "head of purchasing"},
    }


def test_a_promotion_is_recorded_without_a_name(path):
    body = record_model_change(Lake(path.parent), PROMOTED | {"trained_by": "Ada Lovelace"}).body
    assert "Ada" not in body
    assert '"bo"' not in body


def test_pseudonyms_tell_a_trainer_who_approved_from_two_people(path):
    own = {"trained_by": "bo", "approver": {"name": "bo", "role": ""}}
    payload = record_model_change(Lake(path.parent), PROMOTED | own).payload
    assert payload["trained_by"] == payload["approver"]["person"]
    other = record_model_change(Lake(path.parent), PROMOTED).payload
    assert other["trained_by"] != other["approver"]["person"]


def test_the_desk_and_the_frames_show_recommendations_as_if_no_model_had_changed(store, path):
    store.append([recommendation_draft(SUPPLIER_DELAY.name)])
    shown = queue_page(store, ASKED_AT)
    record_model_change(Lake(path.parent), PROMOTED)
    record_model_change(Lake(path.parent), PROMOTED | {"kind": "model_rolled_back"})
    assert queue_page(store, ASKED_AT) == shown
    assert [entry.id for entry in store.undecided()] == ["rec-1"]
    assert "" not in store.sites()
    assert recommendations_frame(store)["id"].tolist() == ["rec-1"]
    assert decisions_frame(store).empty


def test_other_entries_are_not_written_as_changes_of_model():
    with pytest.raises(ValueError, match=r"decision is not a change of model; .*model_pro"):
        model_change_draft("x", PROMOTED | {"kind": "decision"})


def test_a_record_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditUnavailableError, match="cannot be opened"):
        record_model_change(Lake(tmp_path / "file"), PROMOTED)
