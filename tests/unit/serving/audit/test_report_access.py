"""No page of a report is given before it is on record that it was."""

import hashlib
from dataclasses import replace

import pytest

from data.lake import Lake
from serving.audit.erasure.execution import ErasureGround, erase_payloads
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.store import AuditStore
from serving.audit.report_access_log import ReportAccess, count_report_accesses, report_accesses
from serving.review.report import write_report
from tests.support.audit_drafts import CONTEXT, NOW, PSEUDONYMS, recommendation_recorded_at

pytestmark = pytest.mark.slow(4)

REPORT = "/v1/recommendations/rec-1/report"


def erased(audit, *sequences):
    by, context = PSEUDONYMS.of("carol"), CONTEXT.recorded()
    return erase_payloads(audit, ErasureGround.REQUEST, sequences, "asked to", by, context, now=NOW)


def test_a_page_is_on_record_with_its_digest_and_who_asked(service):
    page = service.get(REPORT)
    (entry,) = service.audit.of_kind(EntryKind.REPORT_READ)
    assert page.status_code == 200
    assert entry.envelope.about == "rec-1"
    payload = entry.payload
    assert payload.pop("context")["caller"] == "local"
    assert payload == {
        "schema": 2,
        "kind": "report_read",
        "recommendation_id": "rec-1",
        "page_digest": hashlib.sha256(page.content).hexdigest(),
        "format": "text/html",
    }


def test_a_page_that_cannot_be_recorded_is_not_given(service, monkeypatch):
    def full(_):
        raise AuditUnavailableError("nothing was recorded: the disk is full")

    monkeypatch.setattr(AuditStore, "append", lambda *_: full(_))
    monkeypatch.setattr(AuditStore, "commit", lambda *_, **__: full(_))
    refused = service.get(REPORT)
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert "the disk is full" in refused.json()["detail"]
    assert service.kinds() == ["recommendation"] * 2


def test_a_page_says_who_read_it_before_and_what_was_decided(service):
    assert "never before" in service.get(REPORT).text
    assert "once by local (last 20 Mar 2026 12:00 UTC)" in service.get(REPORT).text
    service.decide("rec-1", resolved_as="DUPLICATE")
    page = service.get(REPORT).text
    assert "twice by local" in page
    assert (
        "followed by accounts payable, resolved as DUPLICATE, 20 Mar 2026 12:00 UTC, entry 5"
        in page
    )
    entry = service.audit.read("rec-1")
    assert entry.hash in page
    assert "triage audit prove rec-1" in page


def test_the_desk_says_where_each_stands_in_the_record_and_how_often_it_was_read(service):
    service.get(REPORT)
    page = service.get("/desk").text
    assert "Entry 1 of the record, report read once" in page
    assert "Entry 2 of the record, report not read yet" in page
    assert service.audit.read("rec-2").hash in page
    service.get(REPORT)
    assert "report read 2 times" in service.get("/desk").text


def test_only_the_reports_own_readings_count(service):
    service.get(REPORT)
    service.get("/v1/recommendations/nobody/report")
    assert count_report_accesses(service.audit, ["rec-1", "rec-2"]) == {"rec-1": 1}
    assert [r.sequence for r in report_accesses(service.audit, "rec-1")] == [3]
    assert report_accesses(service.audit, "rec-2") == []


@pytest.mark.parametrize("path", ["", "/report", "/counterfactuals"])
def test_an_erased_recommendation_answers_410_and_says_so(service, path):
    erased(service.audit, 1)
    gone = service.get(f"/v1/recommendations/rec-1{path}")
    assert gone.status_code == 410
    assert gone.headers["content-type"] == "application/problem+json"
    assert "entry 1 (rec-1) held has been erased" in gone.json()["detail"]
    assert service.kinds() == ["recommendation", "recommendation", "erasure"]
    assert service.get("/v1/recommendations/rec-2").status_code == 200


def test_the_desk_leaves_out_what_was_erased(service):
    erased(service.audit, 1)
    page = service.get("/desk").text
    assert "rec-2" in page
    assert "rec-1" not in page


def test_nothing_can_be_decided_of_what_was_erased(service):
    erased(service.audit, 1)
    assert service.decide("rec-1").status_code == 410
    assert service.audit.decisions("rec-1") == []


def test_an_erased_reading_is_counted_and_says_no_more(service):
    service.get(REPORT)
    erased(service.audit, 3)
    (only,) = report_accesses(service.audit, "rec-1")
    assert only == replace(ReportAccess(3, NOW.isoformat(), None, None))
    assert "once by erased since" in service.get(REPORT).text


def test_a_report_written_by_command_is_on_record_too(tmp_path):
    lake = Lake(tmp_path).make()
    store = AuditStore.open(lake.audit)
    store.append([recommendation_recorded_at(1)])
    path = write_report(lake, "rec-1")
    (entry,) = store.of_kind(EntryKind.REPORT_READ)
    payload = entry.payload
    assert payload["context"]["caller"] == "triage report"
    assert payload["page_digest"] == hashlib.sha256(path.read_bytes()).hexdigest()
    erased(store, 1)
    store.close()
    with pytest.raises(LookupError, match="has been erased"):
        write_report(lake, "rec-1")


def test_a_command_that_cannot_record_writes_no_report(tmp_path, monkeypatch):
    lake = Lake(tmp_path).make()
    store = AuditStore.open(lake.audit)
    store.append([recommendation_recorded_at(1)])
    store.close()

    def full(*_, **__):
        raise AuditUnavailableError("nothing was recorded: the disk is full")

    monkeypatch.setattr(AuditStore, "append", full)
    with pytest.raises(AuditUnavailableError):
        write_report(lake, "rec-1")
    assert list(lake.reports.iterdir()) == []
