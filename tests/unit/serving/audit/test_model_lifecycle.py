"""Drift that was found is on record once."""

from datetime import UTC, datetime

from data.lake import Lake
from serving.audit.factory import open_audit
from serving.audit.log.entry_kind import EntryKind
from serving.audit.model_lifecycle import record_drift

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
