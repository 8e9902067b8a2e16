"""Bodies that two readers could read in two ways, or none without end."""

import json
from types import SimpleNamespace

import pytest
from starlette.requests import Request

from serving.http.problems import Problem
from serving.http.request_body import (
    MAX_DEPTH,
    check_unambiguous,
    exceeds_depth,
    read_body,
    read_within_limit,
)
from tests.support.event_loops import run_coroutine


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"cases": [], "cases": []}', "cases"),
        (b'{"cases": [{"a": 1}, {"b": {"c": 1, "c": 2}}]}', "cases[1].b.c"),
        (b'{"on_hand": 1, "on\\u005fhand": 2}', "on_hand"),
    ],
)
def test_a_field_that_is_named_twice_is_refused_by_its_path(body, field):
    with pytest.raises(Problem) as refused:
        check_unambiguous(body)
    (error,) = refused.value.errors
    assert (refused.value.status, error["field"]) == (422, field)


@pytest.mark.parametrize("one", [b"[]", b'{"a":}'])
def test_nesting_has_an_end(one):
    head, tail = one[:-1], one[-1:]
    assert not exceeds_depth(head * MAX_DEPTH + tail * MAX_DEPTH, MAX_DEPTH)
    assert exceeds_depth(head * (MAX_DEPTH + 1) + tail * (MAX_DEPTH + 1), MAX_DEPTH)
    assert exceeds_depth(head * 100_000, MAX_DEPTH)


def test_brackets_in_text_are_no_nesting():
    text = json.dumps({"role": "[" * 500 + '"{\\' * 50})
    assert not exceeds_depth(text.encode(), MAX_DEPTH)
    check_unambiguous(text.encode())


def test_text_that_is_not_json_is_left_to_its_reader():
    for body in (b"", b"[", b"\xff", b'{"a": NaN}', b"]" * 100):
        check_unambiguous(body)


def chunked(*chunks):
    """Return a request without a content length whose body comes in these chunks."""
    messages = iter(
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, 1)
    )

    async def receive():
        return next(messages)

    app = SimpleNamespace(state=SimpleNamespace(max_body_bytes=4))
    headers = [(b"content-type", b"application/json")]
    return Request({"type": "http", "headers": headers, "app": app}, receive)


@pytest.mark.parametrize("chunks", [[b"12345"], [b"123", b"45"], [b"123", b"45", b"6"]])
def test_a_body_that_passes_the_limit_in_any_chunk_is_refused(chunks):
    with pytest.raises(Problem) as refused:
        run_coroutine(lambda: read_body(chunked(*chunks)))
    assert refused.value.status == 413


def test_a_body_of_exactly_the_limit_is_read():
    assert run_coroutine(lambda: read_within_limit(chunked(b"12", b"34"), 4)) == b"1234"
