"""Objects that are written by column have the text of the reference package, whatever is in them."""

import math

import numpy as np
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.preserialized import number_texts, preserialize_rows
from serving.pipeline.scoring import RecordedWaterfall
from tests.support.synthetic_recommendations import Step

ON_THE_EDGE = [1e15, 1e16, 1e20, 1e21, 1e22, 1e-4, 1e-5, 1e-6, 1e-7, 5e-324, 1.7e308, 2.0**53]
NUMBERS = (
    st.none()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**6), 10**6).map(float)
    | st.sampled_from([*ON_THE_EDGE, *(-edge for edge in ON_THE_EDGE), 0.0, -0.0])
)
TEXTS = st.none() | st.text(max_size=4)
NAMES = st.text(max_size=4)


@st.composite
def tables(draw):
    n = draw(st.integers(1, 4))
    numbers = draw(st.dictionaries(NAMES, st.lists(NUMBERS, min_size=n, max_size=n), max_size=5))
    texts = draw(st.dictionaries(NAMES, st.lists(TEXTS, min_size=n, max_size=n), max_size=3))
    return n, texts | numbers, set(numbers)


def as_columns(table, floats):
    return {
        name: np.array([math.nan if v is None else v for v in values])
        if name in floats
        else np.array(values, dtype=object)
        for name, values in table.items()
    }


@given(tables())
@settings(max_examples=300, deadline=None)
def test_every_object_has_the_text_of_the_reference(made):
    n, table, floats = made
    objects = preserialize_rows(as_columns(table, floats), n)
    wanted = [{name: values[row] for name, values in table.items()} for row in range(n)]
    assert [canonicalize(one) for one in objects] == [rfc8785.dumps(one).decode() for one in wanted]
    assert [dict(one) for one in objects] == wanted


def test_every_number_on_the_edge_of_exponents_equals_the_reference():
    both = [*ON_THE_EDGE, *(-edge for edge in ON_THE_EDGE), -0.0]
    objects = preserialize_rows({"x": np.array(both)}, len(both))
    assert [one.canonical() for one in objects] == [
        rfc8785.dumps({"x": value}).decode() for value in both
    ]


def test_whole_numbers_are_read_back_as_the_floats_that_they_were():
    (one,) = preserialize_rows({"x": np.array([53.0]), "y": np.array([math.nan])}, 1)
    assert one.canonical() == '{"x":53,"y":null}'
    assert (type(one["x"]), one["y"], len(one), set(one)) == (float, None, 2, {"x", "y"})
    assert one == {"x": 53.0, "y": None}


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinite_number_is_refused_and_not_taken_for_missing(value):
    with pytest.raises(ValueError, match="infinite"):
        preserialize_rows({"x": np.array([1.0, value])}, 2)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_step_that_is_no_number_is_refused_and_not_taken_for_missing(value):
    step = Step("f", "demand", 1.0, "so", value)
    with pytest.raises(ValueError, match="not finite"):
        RecordedWaterfall([step]).canonical()


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(ValueError):
        preserialize_rows({"x": np.array(["\ud800"], dtype=object)}, 1)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
@settings(max_examples=300, deadline=None)
def test_every_number_of_a_list_has_the_text_of_the_reference(values):
    assert f"[{','.join(number_texts(values))}]" == rfc8785.dumps(values).decode()
