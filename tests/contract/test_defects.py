"""Planted defects in answers are detected: a check that finds nothing would look the same."""

import json

import pytest
from schemathesis.core.failures import FailureGroup

from tests.contract.fuzz import fuzz, operations

AT = "/v1/policy"


class Altered:
    """Return the application with one route's answer replaced."""

    def __init__(self, app, change):
        self.app, self.change = app, change

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["path"] != AT:
            await self.app(scope, receive, send)
            return
        sent = []

        async def keep(message):
            sent.append(message)

        await self.app(scope, receive, keep)
        start = sent[0]
        headers = dict(start["headers"])
        body = b"".join(message.get("body", b"") for message in sent[1:])
        status, headers, body = self.change(start["status"], headers, body)
        headers[b"content-length"] = str(len(body)).encode()
        await send({**start, "status": status, "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": body})


def as_it_is(status, headers, body):
    return status, headers, body


def one_field_more(status, headers, body):
    return status, headers, json.dumps(json.loads(body) | {"undocumented": 1}).encode()


def one_field_less(status, headers, body):
    return status, headers, json.dumps(dict(list(json.loads(body).items())[1:])).encode()


def another_status(status, headers, body):
    return 207, headers, body


def a_failure(status, headers, body):
    return 500, headers, body


def another_type(status, headers, body):
    return status, headers | {b"content-type": b"text/plain"}, body


def of(app, change):
    altered = Altered(app, change)
    return next(one for one in operations(altered) if one.label == f"GET {AT}")


def test_documented_answers_pass(app):
    assert fuzz(of(app, as_it_is), 2, 1).statuses[200]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (one_field_more, "undocumented"),
        (one_field_less, "is a required property"),
        (another_status, "Undocumented status code"),
        (a_failure, "Server error"),
        (another_type, "text/plain"),
    ],
)
def test_a_planted_defect_is_found_and_named(app, change, named):
    with pytest.raises(FailureGroup) as found:
        fuzz(of(app, change), 2, 1)
    told = [f"{one.title} {one.message}" for one in found.value.exceptions]
    assert any(named in text for text in told), told
