"""Requests take exactly what the contracts say, and say what they take."""

import json
from contextlib import nullcontext

import pytest
from pydantic import ValidationError

from models.catalogue import TASKS
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.http.validation_errors import validation_problem
from serving.review.decisions import DECISION_REQUEST, DecisionMessage
from serving.tasks.messages import ASKED_AT, MONEY_AT_RISK
from tests.support.synthetic_recommendations import CATALOGUE, EXAMPLES, example_message


def errors(task, body):
    """The listed errors of a body that must not be read."""
    request = CATALOGUE[task].request
    with pytest.raises(ValidationError) as caught:
        request.read(body if isinstance(body, bytes) else json.dumps(body).encode())
    return validation_problem(caught.value, request).errors


def one_error(task, **changes):
    found = errors(task, {"cases": [EXAMPLES[task] | changes]})
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("task", TASKS)
def test_fields_of_a_message_are_the_columns_of_the_shape(task):
    shape = CATALOGUE[task].request.shape
    fields = type(example_message(task)).model_fields
    assert set(fields) == {*map(str, shape.columns), *shape.children, ASKED_AT, MONEY_AT_RISK}
    for child, columns in shape.children.items():
        row = fields[child].annotation.__args__[0]
        assert list(row.model_fields) == list(map(str, columns))


@pytest.mark.parametrize("task", TASKS)
def test_the_example_in_the_documentation_is_read(task):
    assert example_message(task).site_id == "site_03"


TEXT = "text of 1 to 200 characters without control characters"
MOMENT = "a date and time with a time zone, e.g. 2026-03-01T08:00:00Z (1970 to 2199)"


@pytest.mark.parametrize(
    ("changes", "got", "takes"),
    [
        ({"on_hand": "12"}, '"12"', "a number from -1e+12 to 1e+12, in base units"),
        ({"on_hand": True}, "true", "a number from -1e+12 to 1e+12, in base units"),
        ({"on_hand": None}, "null", "a number from -1e+12 to 1e+12, in base units"),
        ({"on_hand": 1e13}, "10000000000000.0", "a number from -1e+12 to 1e+12, in base units"),
        ({"unit_cost": -1}, "-1", "a number from 0 to 1e+12, in currency, or null"),
        ({"site_id": ""}, '""', TEXT),
        ({"site_id": "a\u0000b"}, '"a\\u0000b"', TEXT),
        ({"site_id": "x" * 201}, '"' + "x" * 119 + "...", TEXT),
        ({"asked_at": "2026-03-10T08:00:00"}, '"2026-03-10T08:00:00"', MOMENT + ", or null"),
        ({"asked_at": 1773129600}, "1773129600", MOMENT + ", or null"),
        ({"asked_at": "1773129600"}, '"1773129600"', MOMENT + ", or null"),
        (
            {"asked_at": "0001-01-01T00:00:00+14:00"},
            '"0001-01-01T00:00:00+14:00"',
            MOMENT + ", or null",
        ),
        ({"money_at_risk": -5}, "-5", "a number from 0 to 1e+12, in the case's currency, or null"),
        ({"scheduled_receipts": 5}, "5", "a list of at most 500 objects"),
    ],
)
def test_a_wrong_value_is_refused_with_what_it_got_and_what_it_takes(changes, got, takes):
    (field,) = changes
    expected = {"field": f"cases[0].{field}", "got": got, "takes": takes}
    assert one_error(STOCK_RISK.name, **changes) == expected


def test_a_choice_is_refused_with_the_choices():
    event = EXAMPLES[SUPPLIER_DELAY.name]["events"][0] | {"ack_status": "XX"}
    assert one_error(SUPPLIER_DELAY.name, events=[event]) == {
        "field": "cases[0].events[0].ack_status",
        "got": '"XX"',
        "takes": "one of IA, IB, BP, DR, IQ, IP, IS, ID, IR, IH, or null",
    }


def test_an_unknown_field_is_refused_with_the_fields_there_are():
    error = one_error(STOCK_RISK.name, colour="red")
    assert error["field"] == "cases[0].colour"
    assert error["takes"].startswith("no such field; there are site_id, site_name, ")
    assert error["takes"].endswith("scheduled_receipts, asked_at, money_at_risk")


def test_a_missing_field_is_refused():
    case = dict(EXAMPLES[STOCK_RISK.name])
    del case["on_hand"]
    assert errors(STOCK_RISK.name, {"cases": [case]}) == [
        {
            "field": "cases[0].on_hand",
            "got": "nothing",
            "takes": "a number from -1e+12 to 1e+12, in base units",
        }
    ]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
def test_a_number_that_is_not_finite_is_refused(number):
    body = json.dumps({"cases": [EXAMPLES[STOCK_RISK.name] | {"on_hand": 0.25}]})
    (error,) = errors(STOCK_RISK.name, body.replace("0.25", number).encode())
    assert error["field"] == "cases[0].on_hand"


@pytest.mark.parametrize(
    ("body", "field", "got", "takes"),
    [
        (b"[]", "(body)", "[]", "a JSON object"),
        (b'{"cases":[]}', "cases", "0 of them", "a list of 1 to 1000 cases"),
        (b'{"cases":[7]}', "cases[0]", "7", "a JSON object"),
        (b"{}", "cases", "nothing", "a list of 1 to 1000 cases"),
    ],
)
def test_a_body_of_another_form_is_refused(body, field, got, takes):
    assert errors(STOCK_RISK.name, body) == [{"field": field, "got": got, "takes": takes}]


def test_text_that_is_not_json_is_refused():
    (error,) = errors(STOCK_RISK.name, b'{"cases":')
    assert error["got"].startswith("text that is not JSON: ")


def test_more_than_a_thousand_cases_are_refused():
    cases = [EXAMPLES[STOCK_RISK.name]] * 1001
    (error,) = errors(STOCK_RISK.name, {"cases": cases})
    assert (error["field"], error["got"]) == ("cases", "1001 of them")


@pytest.mark.parametrize(
    ("body", "field", "takes"),
    [
        ({"action": "paid", "role": "buyer"}, "action", "one of followed, overridden, ignored"),
        ({"action": "followed"}, "role", TEXT),
        (
            {"action": "overridden", "role": "buyer"},
            "reason",
            "a reason, when a recommendation is overridden",
        ),
    ],
)
def test_a_decision_is_refused_with_what_it_takes(body, field, takes):
    with pytest.raises(ValidationError) as caught:
        DecisionMessage.model_validate_json(json.dumps(body))
    (error,) = validation_problem(caught.value, DECISION_REQUEST).errors
    assert (error["field"], error["takes"]) == (field, takes)


@pytest.mark.parametrize(("zone", "accepted"), [("Europe/Oslo", True), ("Mars/Base", False)])
def test_a_time_zone_is_one_that_the_world_has(zone, accepted):
    """No day could be told at a site in a zone that nobody knows."""
    with nullcontext() if accepted else pytest.raises(ValueError, match="IANA time zone"):
        example_message(STOCK_RISK.name, time_zone=zone)
