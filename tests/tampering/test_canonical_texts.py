"""Canonical JSON maps each content to one text and each text to one content."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from serving.audit.log.canonical_json import canonicalize

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
LARGE = st.floats(2.0**53, 1e25)
NAMES = st.text("abé\u212b😀\ufb33", max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text() | st.text("a\u0430\u0301e", max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def same(one, other):
    """Return whether two values are equal as JSON: 1 equals 1.0, but not true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if number(one) and number(other):
        return float(one) == float(other)
    return type(one) is type(other) and one == other


def number(value):
    return isinstance(value, int | float)


@given(VALUES | LARGE)
@settings(max_examples=300, deadline=None)
def test_canonical_text_survives_reading_and_writing(value):
    text = canonicalize(value)
    assert canonicalize(json.loads(text)) == text
    assert same(json.loads(text), value)


@given(VALUES, VALUES)
@settings(max_examples=300, deadline=None)
def test_different_contents_never_share_a_canonical_text(one, other):
    assert (canonicalize(one) == canonicalize(other)) == same(one, other)


@given(st.dictionaries(NAMES, VALUES, min_size=2, max_size=5), st.randoms())
@settings(max_examples=200, deadline=None)
def test_the_order_of_names_is_no_content(value, random):
    items = list(value.items())
    random.shuffle(items)
    assert canonicalize(dict(items)) == canonicalize(value)
