"""Events in: on record once, whole requests or nothing, and errors that name the field."""

from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from serving.audit.log.entry_kind import EntryKind
from serving.auth.caller import LOCAL_CALLER, AccessScope, Caller
from serving.http.authentication import set_caller
from serving.http.error_handlers import ERROR_HANDLERS
from serving.http.event_routes import BATCH, STRUCTURED, event_router
from serving.tasks.policy_file import load_policy

pytestmark = pytest.mark.slow(4)

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
DATA = {
    "goods.receipt": {"receipt_id": "r1", "po_line_id": "po-1", "quantity_received": 5.0},
    "supplier.asn": {"event_id": "a1", "po_line_id": "po-1", "expected_at": "2026-03-22T00:00:00Z"},
    "supplier.delay_notice": {"event_id": "d1", "po_line_id": "po-1", "detail": "strike"},
    "stock.movement": {
        "movement_id": "m1", "site_id": "S01", "item_id": "i1", "movement_kind": "issue",
        "quantity_moved": -3.0,
    },
}  # fmt: skip


def event(number=1, kind="goods.receipt", data=None, **changes):
    made = {
        "specversion": "1.0", "id": f"e{number}", "source": "/wms/S01", "type": kind,
        "time": "2026-03-20T10:00:00+01:00", "data": DATA[kind] | (data or {}), "comexample": "x",
    }  # fmt: skip
    return made | changes


@dataclass
class Service:
    client: TestClient
    store: object
    caller: Caller = LOCAL_CALLER

    def send(self, body, kind=STRUCTURED, **headers):
        headers = {"content-type": kind} | headers
        if isinstance(body, bytes):
            return self.client.post("/v1/events", content=body, headers=headers)
        return self.client.post("/v1/events", json=body, headers=headers)

    def recorded(self):
        return [entry.payload for entry in self.store.of_kind(EntryKind.EVENT_RECEIVED)]


@pytest.fixture
def service(store):
    made = Service(None, store)

    class Door:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] == "http":
                set_caller(scope, made.caller)
            await self.app(scope, receive, send)

    app = FastAPI()
    app.include_router(event_router)
    app.add_middleware(Door)
    for kind, handler in ERROR_HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.state.engine = SimpleNamespace(
        audit=store, clock=lambda: NOW, code="test", policy=load_policy()
    )
    app.state.max_body_bytes = 2**20
    made.client = TestClient(app, raise_server_exceptions=False)
    return made


@pytest.mark.parametrize("kind", sorted(DATA))
def test_each_type_is_a_row_of_its_table(service, kind):
    answer = service.send(event(kind=kind))
    assert answer.status_code == 202, answer.text
    (said,) = service.recorded()
    assert said["type"] == kind
    assert said["row"]["happened_at"] == "2026-03-20T09:00:00+00:00"
    assert "known_at" not in said["row"]
    assert said["sites"] is None
    result = answer.json()["results"][0]
    assert (result["status"], result["audit_sequence"]) == ("accepted", 1)


def test_sent_again_it_is_a_duplicate_and_recorded_once(service):
    assert service.send(event()).status_code == 202
    again = service.send(event(time="2026-03-20T09:00:00Z"))
    assert again.status_code == 200
    assert again.json()["duplicates"] == 1
    assert len(service.recorded()) == 1


def test_something_else_under_the_same_name_is_refused(service):
    service.send(event())
    answer = service.send(event(data={"quantity_received": 6.0}))
    assert answer.status_code == 409
    assert "e1" in answer.json()["detail"]
    answer = service.send([event(2), event(data={"quantity_received": 6.0})], BATCH)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    (refused,) = answer.json()["refused"]
    assert (refused["index"], refused["errors"][0]["field"]) == (1, "[1].id")
    assert len(service.recorded()) == 2
    assert service.send(event(source="/wms/S02")).status_code == 202


def test_a_batch_is_taken_in_its_order_with_what_became_of_each(service):
    service.send(event(2))
    answer = service.send([event(1), event(2), event(3, "stock.movement"), event(1)], BATCH)
    assert answer.status_code == 202, answer.text
    said = [(one["id"], one["status"]) for one in answer.json()["results"]]
    new, old = "accepted", "duplicate"
    assert said == [("e1", new), ("e2", old), ("e3", new), ("e1", old)]
    assert len(service.recorded()) == 3


def test_one_bad_event_of_a_batch_does_not_refuse_the_others(service):
    bad = event(2, data={"quantity_received": "5"})
    answer = service.send([event(1), bad, event(3)], BATCH)
    assert answer.status_code == 202
    assert [one["id"] for one in answer.json()["results"]] == ["e1", "e3"]
    (refused,) = answer.json()["refused"]
    (error,) = refused["errors"]
    assert refused["index"] == 1
    assert error["field"] == "[1].data.quantity_received"
    assert error["got"] == '"5"'
    assert error["takes"].startswith("a number from")
    assert [one["event_id"] for one in service.recorded()] == ["e1", "e3"]


def test_a_batch_of_which_no_event_can_be_recorded_is_refused_as_a_whole(service):
    answer = service.send([event(data={"quantity_received": "5"})] * 2, BATCH)
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == [
        "[0].data.quantity_received",
        "[1].data.quantity_received",
    ]
    assert service.recorded() == []


@pytest.mark.parametrize(("time", "status"), [("12:10:00", 202), ("12:10:01", 422)])
def test_the_clock_of_a_sender_may_be_ten_minutes_ahead(service, time, status):
    assert service.send(event(time=f"2026-03-20T{time}Z")).status_code == status


def test_binary_mode_has_its_attributes_in_headers(service):
    headers = {
        "ce-specversion": "1.0", "ce-id": "e%201", "ce-source": "/wms/S01",
        "ce-type": "goods.receipt", "ce-time": "2026-03-20T09:00:00Z",
    }  # fmt: skip
    answer = service.send(DATA["goods.receipt"], "application/json", **headers)
    assert answer.status_code == 202, answer.text
    assert service.recorded()[0]["event_id"] == "e 1"


@pytest.mark.parametrize(
    ("body", "field", "takes"),
    [
        (event(type="goods.lost"), "type", "one of supplier.asn"),
        (event(specversion="0.3"), "specversion", "1.0"),
        (event(id=""), "id", "text of 1"),
        (event(source=None), "source", "text of 1"),
        (event(time="yesterday"), "time", "a date and time"),
        (event(data={"known_at": "2026-01-01T00:00:00Z"}), "data.known_at", "no such field"),
        (event(data={"quantity_received": None}), "data.quantity_received", "a number"),
        (event(data={"quantity_damaged": -1}), "data.quantity_damaged", "a number from 0"),
        (event(data={"receipt_id": "a\0b"}), "data.receipt_id", "text of 1"),
        (event(data={"receipt_id": "  "}), "data.receipt_id", ""),
        (event(time=None), "data.happened_at", "or give the event's own time"),
        (event(time="2026-03-20T12:10:01Z"), "data.happened_at", "at or before the service's"),
        (event(kind="stock.movement", data={"movement_kind": "theft"}), "data.movement_kind",
         "one of issue"),
        (event() | {"data": [1]}, "data", "a JSON object"),
        ([], "(body)", ""),
        (b"{", "(body)", "JSON"),
        (b'{"id": "1", "id": "2"}', "(body)", "JSON"),
        (b"[" * 100_000, "(body)", "JSON"),
    ],
)  # fmt: skip
def test_unreadable_events_are_named(service, body, field, takes):
    answer = service.send(body)
    assert answer.status_code == 422, answer.text
    (error,) = [e for e in answer.json()["errors"] if e["field"] == field]
    assert takes in error["takes"]
    assert service.recorded() == []


def test_too_much_and_of_another_kind_is_refused(service):
    assert service.send(b" " * (2**20 + 1)).status_code == 413
    assert service.send([event()] * 501, BATCH).status_code == 422
    assert service.send(event(), "text/plain").status_code == 415
    assert service.send(event(), f"{STRUCTURED}; charset=latin-1").status_code == 415


def test_it_takes_the_scope_and_the_site(service):
    service.caller = Caller("wms", frozenset({AccessScope.DECIDE}), None)
    assert service.send(event()).status_code == 403
    service.caller = Caller("wms", frozenset({AccessScope.SEND_EVENTS}), frozenset({"S02"}))
    answer = service.send(event(kind="stock.movement"))
    assert answer.status_code == 403
    assert "S01" not in answer.text
    assert service.recorded() == []
    assert service.send(event()).status_code == 202  # of an order line: looked at when applied
    assert service.recorded()[0]["sites"] == ["S02"]
