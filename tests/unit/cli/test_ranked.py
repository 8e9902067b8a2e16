"""The table that a newcomer sees first."""

from datetime import UTC, datetime

from serving.commands.scores import ranking_table

ANSWER = {
    "task": "supplier_delay",
    "case": {"po_line_id": "po-1"},
    "explained_class": "LATE",
    "abstained": False,
    "exception_probability": 0.997,
    "money_at_risk": None,
    "currency": "EUR",
    "route": "buyer",
    "id": "0123456789",
    "priority": 0.0,
}


def test_the_table_claims_no_certainty_and_announces_no_unlikely_end():
    table = ranking_table([ANSWER], datetime(2026, 10, 1, tzinfo=UTC))
    cells = {column.header: next(column.cells) for column in table.columns}
    assert cells["exception"] == "over 99%"
    assert cells["may end as"] == "LATE"


def test_a_case_without_advice_says_so_in_the_place_of_an_end():
    table = ranking_table([ANSWER | {"abstained": True}], datetime(2026, 10, 1, tzinfo=UTC))
    cells = {column.header: next(column.cells) for column in table.columns}
    assert cells["may end as"] == "no advice"
