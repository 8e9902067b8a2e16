"""Numbers in sentences: singular and plural, directions of days, no sign on nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.value_wording import word_sentence


@pytest.mark.parametrize(
    ("sentence", "value", "text"),
    [
        ("{value:count line is|lines are} overdue", 1.0, "1 line is overdue"),
        ("{value:count line is|lines are} overdue", 0.0, "0 lines are overdue"),
        ("{value:count line is|lines are} overdue", 1200.0, "1,200 lines are overdue"),
        ("arrives {value:days after|before|on} the day", 24.2, "arrives 24 days after the day"),
        ("arrives {value:days after|before|on} the day", -1.0, "arrives 1 day before the day"),
        ("arrives {value:days after|before|on} the day", -0.3, "arrives on the day"),
        ("{value:either nothing|something} on hand", 1.0, "nothing on hand"),
        ("{value:either nothing|something} on hand", 0.0, "something on hand"),
        ("the price is {value:share above|below|just} it", 0.04, "the price is 4.0% above it"),
        ("the price is {value:share above|below|just} it", -0.25, "the price is 25.0% below it"),
        ("the price is {value:share above|below|just} it", -0.0001, "the price is just it"),
        ("booked on a {value:weekday}", 1.0, "booked on a Monday"),
        ("booked on a {value:weekday}", 7.0, "booked on a Sunday"),
        ("asked in {value:month}", 12.0, "asked in December"),
        ("{value:.0%} of lines", 0.25, "25% of lines"),
        ("moved by {value:+.0%}", -0.004, "moved by 0%"),
        ("moved by {value:+.0%}", -0.04, "moved by -4%"),
        ("{value:,.2f} in all", -0.0, "0.00 in all"),
        ("type: {value}", "A-0", "type: A-0"),
    ],
)
def test_a_value_reads_as_people_say_it(sentence: str, value: float | str, text: str) -> None:
    assert word_sentence(sentence, value) == text


@given(st.floats(-1e9, 1e9))
def test_no_number_is_a_negative_nothing_or_one_of_many(value: float) -> None:
    text = word_sentence("{value:.0f} {value:+.1%} {value:count day|days}", value)
    numbers = text.replace("%", "").replace(",", "").split()[:2]
    assert not any(n.startswith("-") and float(n) == 0 for n in numbers)
    assert not text.endswith(" 1 days")
