"""One unit has many names; what converts does so exactly, and what is not known is not guessed."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.reference.units import (
    UNITS,
    Dimension,
    conversion_factor,
    same_unit,
    unit_code,
)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("EA", "EA"),
        ("ea", "EA"),
        (" Each ", "EA"),
        ("H87", "H87"),
        ("c62", "C62"),
        ("PCE", "H87"),
        ("pcs.", "H87"),
        ("Stk.", "H87"),
        ("Stück", "H87"),
        ("KG", "KGM"),
        ("kgm", "KGM"),
        ("G", "GRM"),
        ("L", "LTR"),
        ("M", "MTR"),
        ("m²", "MTK"),
        ("sq  ft", "FTK"),
        ("DZ", "DZN"),
        ("Dozens", "DZN"),
        ("pair", "PR"),
        ("lbs", "LBR"),
        ("CS", "XCS"),
        ("Carton", "XCT"),
        ("PAL", "XPX"),
        ("xpx", "XPX"),
        ("Nos", "EA"),
        ("szt.", "H87"),
        ("LF", "FOT"),
        ("LM", "MTR"),
        ("Tsd", "MIL"),
        ("KAR", "XCT"),
        ("NPR", "NPR"),
        ("ST", "ST"),
        ("sheet", "ST"),
    ],
)
def test_a_unit_is_known_by_its_code_and_by_the_usual_words(written, code):
    assert unit_code(written) == code


@pytest.mark.parametrize("written", [None, "", " ", ".", "St.", "furlong", "EAEA", "K G"])
def test_a_unit_that_is_not_known_or_ambiguous_is_not_guessed(written):
    assert unit_code(written) is None


def test_a_sheet_is_not_a_piece():
    assert UNITS["ST"].name == "sheet"
    assert conversion_factor("ST", "EA") is None
    assert not same_unit("ST", "H87")


@pytest.mark.parametrize(
    ("unit", "base", "factor"),
    [
        ("EA", "C62", "1"),
        ("H87", "pcs", "1"),
        ("DZN", "EA", "12"),
        ("gross", "dozen", "12"),
        ("MIL", "CEN", "10"),
        ("PR", "H87", "2"),
        ("g", "KG", "0.001"),
        ("t", "kg", "1000"),
        ("lb", "kg", "0.45359237"),
        ("cm", "M", "0.01"),
        ("inch", "mm", "25.4"),
        ("ft", "in", "12"),
        ("sqft", "m2", "0.09290304"),
        ("m3", "L", "1000"),
        ("gal", "qt", "4"),
        ("hr", "min", "60"),
        ("CS", "case", "1"),
    ],
)
def test_units_of_one_dimension_convert_exactly(unit, base, factor):
    assert conversion_factor(unit, base) == Decimal(factor)


@pytest.mark.parametrize(
    ("unit", "base"),
    [
        ("KG", "EA"),
        ("M", "MTK"),
        ("CS", "EA"),  # how many a case holds is a matter of the item
        ("EA", "pallet"),
        ("CS", "BX"),
        ("SET", "EA"),
        ("furlong", "M"),
        ("EA", None),
        (None, None),
    ],
)
def test_what_only_the_item_says_or_nobody_knows_does_not_convert(unit, base):
    assert conversion_factor(unit, base) is None
    assert not same_unit(unit, base)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("EA", "c62", True),
        ("PCE", "Stck.", True),
        ("EA", "DZN", False),
        ("L", "DMQ", True),  # a litre is a cubic decimetre
        ("Kiste", "KISTE", True),  # not known, and the same word
        ("Kiste", "EA", False),
        ("EA", None, False),
    ],
)
def test_two_names_of_one_unit_are_the_same(first, second, same):
    assert same_unit(first, second) is same
    assert same_unit(second, first) is same


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_a_conversion_and_its_reverse_undo_each_other(unit, base):
    there, back = conversion_factor(unit, base), conversion_factor(base, unit)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert abs(there * back - 1) < Decimal("1e-20")


def test_no_word_names_two_units():
    words = Counter(
        word
        for unit in UNITS.values()
        for word in {text.casefold() for text in (unit.code, unit.name, *unit.words)}
    )
    assert [word for word, times in words.items() if times > 1] == []


def test_every_dimension_has_a_base_and_packs_have_none():
    for dimension in Dimension:
        factors = [unit.factor for unit in UNITS.values() if unit.dimension is dimension]
        if dimension is Dimension.PACK:
            assert set(factors) == {None}
        else:
            assert 1 in factors
