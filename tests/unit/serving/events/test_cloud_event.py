"""A notification is a CloudEvent that names a case and no person."""

import json
from dataclasses import replace

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured
from cloudevents.core.formats.json import JSONFormat

from serving.audit.log.entry_kind import EntryKind
from serving.events.cloud_event import CONTENT_TYPE, PAYLOAD_FIELDS, serialize_event, to_cloud_event
from serving.events.event_type import EVENT_TYPE_OF_KIND, EventType, entry_kinds_of
from tests.support.audit_drafts import (
    CONTEXT,
    decision_draft,
    draft_of_kind,
    recommendation_recorded_at,
)


def told(store, draft, **changes):
    (entry,) = store.append([draft])
    return json.loads(
        serialize_event(to_cloud_event(replace(entry, **changes), "/test", "https://triage"))
    )


def test_a_recommendation_names_its_case_and_its_report(store):
    draft = recommendation_recorded_at(1)
    event = told(store, draft)
    assert event["type"] == "recommendation.given"
    assert (event["id"], event["subject"], event["source"]) == (draft.id, draft.about, "/test")
    assert event["time"] == "2026-03-20T12:00:00Z"
    data = event["data"]
    assert data["report"] == f"https://triage/v1/recommendations/{draft.id}/report"
    advice = draft.payload["recommendation"]
    assert data["exception_probability"] == advice["exception_probability"]
    assert (data["route"], data["level"]) == (advice["route"], advice["level"])
    assert not {"input", "features", "history", "reasons"} & set(data)


def test_a_decision_tells_neither_who_nor_in_which_words(store):
    made = decision_draft(1, reason="Ada Lovelace said so")
    text = json.dumps(told(store, made))
    assert made.payload["person"] not in text
    assert "Lovelace" not in text
    assert '"action": "followed"' in text


def test_the_trace_of_the_request_goes_on(store):
    event = told(
        store, draft_of_kind(EntryKind.DRIFT_DETECTED, advice="retrain", headline="retrain")
    )
    version, trace, span, flags = event["traceparent"].split("-")
    assert (version, trace, flags) == ("00", CONTEXT.trace_id, "01")
    assert len(span) == 16
    assert event["data"]["advice"] == "retrain"


def test_events_of_erased_entries_are_sent_without_their_content(store):
    event = told(store, recommendation_recorded_at(1), body=None, salt=None)
    assert event["data"]["erased"] is True
    assert "exception_probability" not in event["data"]


def test_the_library_reads_it_back(store):
    (entry,) = store.append([recommendation_recorded_at(1)])
    body = serialize_event(to_cloud_event(entry, "/test"))
    read = from_structured(HTTPMessage({"content-type": CONTENT_TYPE}, body), JSONFormat())
    assert read.get_id() == entry.id
    assert read.get_specversion() == "1.0"
    assert read.get_type() == "recommendation.given"


@pytest.mark.parametrize("kind", sorted(EVENT_TYPE_OF_KIND))
def test_every_kind_that_is_told_can_be(store, kind):
    event = told(
        store, draft_of_kind(kind, version="7", reason="secret", by="secret", person="secret")
    )
    assert event["type"] == EVENT_TYPE_OF_KIND[kind]
    assert "secret" not in json.dumps(event)


def test_every_type_is_made_of_something_and_says_what_is_told():
    assert all(entry_kinds_of(frozenset({type_})) for type_ in EventType)
    assert set(PAYLOAD_FIELDS) == set(EventType)
