"""The canonical text equals that of the reference package, whatever is recorded."""

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.audit.log.canonical_json import canonicalize

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_canonical_text_equals_the_reference(value):
    assert canonicalize(value) == rfc8785.dumps(value).decode()


@given(NUMBERS)
@settings(max_examples=300, deadline=None)
def test_every_number_equals_the_reference(value):
    assert canonicalize(value) == rfc8785.dumps(value).decode()


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53 + 1,
        10**400,
        object(),
        "\ud800",
        {1: "one"},
        {"a": 1, 2: 2},
    ],
)
def test_values_without_an_exact_text_are_refused(value):
    with pytest.raises(ValueError):
        canonicalize({"x": value})
