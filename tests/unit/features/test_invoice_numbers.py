"""Invoice numbers that a clerk would call the same, and those that are not."""

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.invoice_numbers import invoice_number_key, normalise_invoice_number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RG-4711", "rg 4711"),
        ("RG/2026/0099", "RG-2026-99"),
        ("RG 2026_4711", "RG-2026-4711"),
        ("INV-0012", "INV 12"),
        ("00004711", "4711"),
        ("4O711", "40711"),
        ("NO 123", "No. 0123"),
        ("4711 (Copy)", "4711"),
        ("4711-KOPIE", "4711"),
        ("4711 Zweitschrift", "4711"),
        ("\N{FULLWIDTH DIGIT FOUR}711", "4711"),
    ],
)
def test_numbers_written_otherwise_are_one_number(one: str, other: str) -> None:
    assert normalise_invoice_number(one) == normalise_invoice_number(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RG-4711", "RG-4712"),
        ("RG-4711", "GS-4711"),
        ("4711", "47110"),
        ("4711-1", "4711-2"),
        ("4711", "4711-B"),
        ("COPYRIGHT 5", "RIGHT 5"),
    ],
)
def test_other_numbers_stay_other_numbers(one: str, other: str) -> None:
    assert normalise_invoice_number(one) != normalise_invoice_number(other)


@pytest.mark.parametrize("number", [None, "", "-", "0000", "COPY"])
def test_a_number_that_says_nothing_is_empty(number: str | None) -> None:
    assert normalise_invoice_number(number) == ""


@given(st.text(max_size=30))
def test_a_normalised_number_is_its_own_normal_form(number: str) -> None:
    once = normalise_invoice_number(number)
    assert normalise_invoice_number(once) in ("", once)


NUMBERS = st.text("A0O1b_-/. ", max_size=12) | st.sampled_from(
    ["RG-007/41O copy", "copy copy 5", "Kopie_5", "COPYRIGHT 5", "00O", "Ä-01", ""]
)


@settings(deadline=None)  # the first query loads the engine
@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_a_query_and_python_agree_on_a_number(numbers: list[str]) -> None:
    column = ibis.memtable(pd.DataFrame({"number": numbers}))
    keys = column.select(key=invoice_number_key(column["number"])).to_pandas()["key"]
    assert [key or "" for key in keys.where(keys.notna(), "")] == [
        normalise_invoice_number(number) for number in numbers
    ]
