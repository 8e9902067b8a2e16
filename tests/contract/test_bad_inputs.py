"""Bad inputs, and the exact answer of each: what is refused, and what is answered with a rule.

A refusal names the field, what it got and what it takes. What is possible in a business though
wrong (another currency, another unit, a return) is not refused: a rule finds it, and says so.
"""

import json

import pytest
from starlette.testclient import TestClient

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.support.synthetic_lake import example_case

STOCK, INVOICE, DELAY = STOCK_RISK.name, INVOICE_MISMATCH.name, SUPPLIER_DELAY.name

ON_HAND = "a number from -1e+12 to 1e+12, in base units"
COST = "a number from 0 to 1e+12, in currency, or null"
OPEN = "a number from 0 to 1e+12, in base units, or null"
ORDERED = "a number from 0 to 1e+12, in base units"
TEXT = "text of 1 to 200 characters without control characters"
MOMENT = "a date and time with a time zone, e.g. 2026-03-01T08:00:00Z (1970 to 2199), or null"
OBJECT, LEVELS = "a JSON object", "objects and lists in at most 32 levels"
NOT_JSON = "text that is not JSON: "
MEGABYTE, LIMIT = 2**20, 10 * 2**20

# The value of a field as JSON text: task, field, text, what it got, what it takes
VALUES = [
    (STOCK, "on_hand", b"NaN", "NaN", ON_HAND),
    (STOCK, "on_hand", b"Infinity", "Infinity", ON_HAND),
    (STOCK, "on_hand", b"-Infinity", "-Infinity", ON_HAND),
    (STOCK, "on_hand", b"1e308", "1e+308", ON_HAND),
    (STOCK, "on_hand", b"1e999", "Infinity", ON_HAND),
    (STOCK, "on_hand", b"1" * 400, "1" * 120 + "...", ON_HAND),
    (STOCK, "on_hand", b'"12"', '"12"', ON_HAND),
    (STOCK, "on_hand", b"true", "true", ON_HAND),
    (STOCK, "on_hand", b"null", "null", ON_HAND),
    (STOCK, "unit_cost", b"-5", "-5", COST),
    (DELAY, "quantity_ordered", b"-1", "-1", ORDERED),
    (STOCK, "site_id", b'""', '""', TEXT),
    (STOCK, "site_id", b'"a\\u0000b"', '"a\\u0000b"', TEXT),
    (STOCK, "site_id", b'"a\\nb"', '"a\\nb"', TEXT),
    (STOCK, "site_id", b'"' + b"x" * MEGABYTE + b'"', '"' + "x" * 119 + "...", TEXT),
    (STOCK, "asked_at", b'"2026-03-10T08:00:00"', '"2026-03-10T08:00:00"', MOMENT),
    (STOCK, "asked_at", b'"2200-01-01T00:00:00Z"', '"2200-01-01T00:00:00Z"', MOMENT),
    (STOCK, "asked_at", b"1773129600", "1773129600", MOMENT),
]

# A whole body: text, field, beginning of what it got, what it takes
BODIES = [
    (b"", "(body)", NOT_JSON, OBJECT),
    (b"null", "(body)", "null", OBJECT),
    (b"[]", "(body)", "[]", OBJECT),
    (b'{"cases":', "(body)", NOT_JSON, OBJECT),
    (b'{"cases":[{"site_id":"\\ud800"}]}', "(body)", NOT_JSON, OBJECT),
    (b'{"cases":[{"site_id":"\xed\xa0\x80"}]}', "(body)", NOT_JSON, OBJECT),
    (b'{"cases":[{"site_id":"\xff"}]}', "(body)", NOT_JSON, OBJECT),
    (b'\xef\xbb\xbf{"cases":[]}', "(body)", NOT_JSON, OBJECT),
    ('{"cases":[]}'.encode("utf-16"), "(body)", NOT_JSON, OBJECT),
    (b"[" * 100_000 + b"]" * 100_000, "(body)", "more than 32 levels", LEVELS),
    (b'{"cases":' + b"[" * 33 + b"]" * 33 + b"}", "(body)", "more than 32 levels", LEVELS),
    (b'{"cases":[],"cases":[]}', "cases", "the same field twice", "each field once"),
    (b'{"cases":[{"a":1,"a":1}]}', "cases[0].a", "the same field twice", "each field once"),
    (b'{"cases":[]}', "cases", "0 of them", "a list of 1 to 1000 cases"),
    (b'{"cases":[' + b"0," * 1000 + b"0]}", "cases", "1001 of them", "a list of 1 to 1000 cases"),
]

# Possible, and wrong or odd: task, changes, a rule that finds it (empty: none can know)
ANSWERED = [
    (STOCK, {"site_id": "site_99"}, ""),
    (STOCK, {"site_id": "\u202etenis"}, ""),
    (STOCK, {"site_id": "\u0645\u0633\u062a\u0648\u062f\u0639"}, ""),
    (STOCK, {"currency": "XYZ"}, ""),
    (STOCK, {"on_hand": -5.0}, "OUT_OF_STOCK"),
    (INVOICE, {"currency": "USD"}, "CURRENCY_RATE"),
    (INVOICE, {"invoice_unit": "PALLET"}, "UNIT_OF_MEASURE"),
    (INVOICE, {"quantity_invoiced": -5.0}, "LINE_ARITHMETIC"),
    (INVOICE, {"document_at": "2027-01-01T00:00:00Z"}, "PRICE_VARIANCE"),
    (DELAY, {"promised_at": "2020-01-01T00:00:00Z"}, "PROMISE_PASSED"),
]


@pytest.fixture(scope="module")
def client(app):
    return TestClient(app, raise_server_exceptions=False)


def written(task, **changes):
    return json.dumps({"cases": [example_case(task, 1, **changes)]}).encode()


def posted(client, body, task=STOCK, **headers):
    """Return the status, the last part of the type and the fields of the answer."""
    given = {"content-type": "application/json"} | headers
    answer = client.post(f"/v1/{task}", content=body, headers=given)
    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json", told
    fields = [(e["field"], e["got"], e["takes"]) for e in told["errors"]]
    return answer.status_code, told["type"].rsplit("/", 1)[1], fields


@pytest.mark.parametrize(("task", "field", "text", "got", "takes"), VALUES)
def test_a_value_that_cannot_be_is_refused(client, task, field, text, got, takes):
    body = written(task, **{field: 0.123}).replace(b"0.123", text)
    assert posted(client, body, task) == (422, "unreadable", [(f"cases[0].{field}", got, takes)])


@pytest.mark.parametrize(("body", "field", "got", "takes"), BODIES)
def test_a_body_that_cannot_be_read_in_one_way_is_refused(client, body, field, got, takes):
    status, kind, fields = posted(client, body)
    assert (status, kind) == (422, "unreadable")
    assert fields[0][0] == field
    assert fields[0][1].startswith(got)
    assert fields[0][2] == takes


def test_a_body_of_60_megabytes_is_refused(client):
    body = b'{"cases":"' + b"x" * 60 * MEGABYTE + b'"}'
    told = ("(body)", f"more than {LIMIT} bytes", f"{LIMIT} bytes")
    assert posted(client, body) == (413, "too-large", [told])


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-type", "text/plain"),
        ("content-type", "application/json; charset=latin-1"),
        ("content-encoding", "gzip"),
    ],
)
def test_a_body_of_another_type_is_refused(client, header, value):
    status, kind, ((field, got, _),) = posted(client, written(STOCK), **{header: value})
    assert (status, kind, field.lower(), got) == (415, "not-json", header, value)


def test_a_negative_quantity_on_its_way_is_refused(client):
    (receipt,) = example_case(STOCK, 1)["scheduled_receipts"]
    body = written(STOCK, scheduled_receipts=[receipt | {"quantity_open": -5}])
    field = ("cases[0].scheduled_receipts[0].quantity_open", "-5", OPEN)
    assert posted(client, body) == (422, "unreadable", [field])


def test_facts_known_only_after_the_ask_are_refused(client):
    (receipt,) = example_case(STOCK, 1)["scheduled_receipts"]
    later = [receipt | {"known_at": "2199-03-11T00:00:00Z"}]
    status, kind, ((field, got, _),) = posted(
        client, written(STOCK, scheduled_receipts=later, asked_at=None)
    )
    assert (status, kind) == (422, "from-the-future")
    assert field == "cases[0].scheduled_receipts[0].known_at"
    assert got == "2199-03-11T00:00:00+00:00"
    status, kind, ((named, got, takes),) = posted(client, written(STOCK, scheduled_receipts=later))
    assert (status, kind) == (422, "from-the-future")
    assert (named, got) == (field, "2199-03-11T00:00:00+00:00")
    assert takes.startswith("what was known at or before asked_at, ")


@pytest.mark.parametrize(("task", "changes", "rule"), ANSWERED)
def test_odd_but_possible_values_are_answered_with_a_rule_finding(client, task, changes, rule):
    answer = client.post(f"/v1/{task}", content=written(task, **changes), headers=JSON)
    (given,) = answer.json()["recommendations"]
    assert answer.status_code == 200
    assert rule in {finding["code"] for finding in given["findings"]} | {""}


def test_a_case_about_a_day_to_come_is_answered_without_advice(client):
    body = written(STOCK, asked_at="2199-12-31T00:00:00Z", average_demand=4)
    (given,) = client.post(f"/v1/{STOCK}", content=body, headers=JSON).json()["recommendations"]
    assert given["abstained"]
    assert "STALE_HISTORY" in [one["code"] for one in given["abstentions"]]


@pytest.mark.parametrize("identifier", ["%00", "x%00y", "a" * 65, "%ED%A0%80", "..", "%2e%2e%2fx"])
def test_an_id_that_is_none_is_not_found(client, identifier):
    answer = client.get(f"/v1/recommendations/{identifier}/proof")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


JSON = {"content-type": "application/json"}
