"""What an entity's past says at a moment."""

import ibis

from data.contracts.items import ITEM_ID
from data.contracts.sites import SITE_ID
from features.history.integer_measures import scaled_integer
from features.history.stream import Stream, Tables
from tests.spec.paths import Asking
from tests.spec.tables import expect


def moves(tables: Tables) -> ibis.Table:
    rows = tables["stock_movements"]
    return rows.select(
        SITE_ID, ITEM_ID, "known_at", moved=scaled_integer(rows.quantity_moved, 1_000)
    )


MOVES = Stream("moves", (SITE_ID, ITEM_ID), moves, {"moved": 1_000}, (7, 28), ("moved",))

MOVEMENTS = {
    "stock_movements": """
        site_id | item_id | quantity_moved | known_at
        --------+---------+----------------+--------------------
        north   | bolt    |            5.5 | 2026-03-01 09:00
        north   | bolt    |             -2 | 2026-03-01 23:59:59.9
        north   | bolt    |             10 | 2026-03-20 00:00
        south   | bolt    |              7 | 2026-03-05 12:00
    """
}


def test_a_window_holds_the_days_from_its_start_up_to_but_without_the_day_of_the_ask(
    ask: Asking,
) -> None:
    answer = ask.past(
        [MOVES],
        MOVEMENTS,
        """
        site_id | item_id | as_of
        north   | bolt    | 2026-03-02
        north   | bolt    | 2026-03-08
        north   | bolt    | 2026-03-09
        north   | bolt    | 2026-03-20
        north   | bolt    | 2026-03-21
        """,
    )
    expect(
        answer,
        """
        moves_moved_7d | moves_moved_28d | moves_events_28d | moves_events_ever
        ---------------+-----------------+------------------+------------------
        3.5            | 3.5             | 2                | 2
        3.5            | 3.5             | 2                | 2
        0              | 3.5             | 2                | 2
        0              | 3.5             | 2                | 2
        10             | 13.5            | 3                | 3
        """,
    )


def test_an_entity_without_a_past_is_missing_and_one_that_was_quiet_is_zero(ask: Asking) -> None:
    answer = ask.past(
        [MOVES],
        MOVEMENTS,
        """
        site_id | item_id | as_of
        north   | bolt    | 2026-03-01
        north   | nut     | 2026-06-01
                | bolt    | 2026-06-01
        south   | bolt    | 2026-06-01
        """,
    )
    expect(
        answer,
        """
        moves_moved_28d | moves_moved_ever | moves_moved_last | moves_days_since
        ----------------+------------------+------------------+-----------------
                        |                  |                  |
                        |                  |                  |
                        |                  |                  |
        0               | 7                | 7                | 88
        """,
    )


def test_the_last_value_is_the_one_known_last_and_of_equals_the_greatest(ask: Asking) -> None:
    answer = ask.past(
        [MOVES],
        {
            "stock_movements": """
                site_id | item_id | quantity_moved | known_at
                north   | bolt    |              3 | 2026-03-01 10:00
                north   | bolt    |              8 | 2026-03-01 10:00
                north   | bolt    |              9 | 2026-03-01 09:00
                north   | bolt    |                | 2026-03-02 10:00
            """
        },
        """
        site_id | item_id | as_of
        north   | bolt    | 2026-03-02
        north   | bolt    | 2026-04-02
        """,
    )
    expect(
        answer,
        """
        moves_moved_last | moves_days_since | moves_events_ever
        8                | 1                | 3
        8                | 31               | 4
        """,
    )
