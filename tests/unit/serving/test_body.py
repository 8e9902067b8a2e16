"""Bodies that two readers could read in two ways, or none without end."""

import json

import pytest

from serving.api.body import DEEPEST, depth_over, of_one_meaning
from serving.api.problems import Problem


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
        of_one_meaning(body)
    (error,) = refused.value.errors
    assert (refused.value.status, error["field"]) == (422, field)


@pytest.mark.parametrize("one", [b"[]", b'{"a":}'])
def test_nesting_has_an_end(one):
    head, tail = one[:-1], one[-1:]
    assert not depth_over(head * DEEPEST + tail * DEEPEST, DEEPEST)
    assert depth_over(head * (DEEPEST + 1) + tail * (DEEPEST + 1), DEEPEST)
    assert depth_over(head * 100_000, DEEPEST)


def test_brackets_in_text_are_no_nesting():
    text = json.dumps({"role": "[" * 500 + '"{\\' * 50})
    assert not depth_over(text.encode(), DEEPEST)
    of_one_meaning(text.encode())


def test_what_is_no_json_is_left_to_whoever_reads_it():
    for body in (b"", b"[", b"\xff", b'{"a": NaN}', b"]" * 100):
        of_one_meaning(body)
