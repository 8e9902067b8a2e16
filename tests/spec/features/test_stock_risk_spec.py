"""What is said of a site's stock of an item."""

from features.tasks.stock_risk import feature_set
from tests.spec.paths import Asking
from tests.spec.tables import expect

# Month-end records, as public stock cards come: 10 a month, 40 in the month a year before.
MONTHLY = """
    site_id | item_id | movement_kind | quantity_moved | known_at
    --------+---------+---------------+----------------+-----------
    north   | bolt    | issue         |            -40 | 2025-03-31
    north   | bolt    | issue         |            -10 | 2025-11-30
    north   | bolt    | receipt       |             60 | 2025-11-30
    north   | bolt    | issue         |            -10 | 2025-12-31
    north   | bolt    | issue         |            -10 | 2026-01-31
    north   | bolt    | issue         |             -8 | 2026-02-28
"""


def test_windows_hold_one_three_six_and_twelve_month_end_records(ask: Asking) -> None:
    answer = ask.features(
        feature_set,
        {"stock_movements": MONTHLY},
        """
        site_id | item_id | on_hand | asked_at
        north   | bolt    |      28 | 2026-03-01
        """,
    )
    expect(
        answer,
        """
        days_of_supply_28d | days_of_supply_84d | days_of_supply_364d | demand_trend_28d_84d
        -------------------+--------------------+---------------------+---------------------
        98.00              | 84.00              | 130.67              | -0.08
        """,
    )


def test_a_receipt_is_cover_from_today_to_the_last_day_of_the_horizon(ask: Asking) -> None:
    """10 on hand and a third a day; a promise is a day, whatever its hour."""
    answer = ask.features(
        feature_set,
        {"stock_movements": MONTHLY},
        """
        site_id | item_id | on_hand | asked_at
        north   | bolt    |      10 | 2026-03-01 12:00
        north   | bolt    |      10 | 2026-03-01 12:00
        north   | bolt    |      10 | 2026-03-01 12:00
        """,
        {
            "scheduled_receipts": """
                row | quantity_open | promised_at
                0   |             5 | 2026-02-28
                0   |             6 | 2026-03-01
                0   |             7 | 2026-03-15 18:00
                0   |           100 | 2026-03-16
                1   |            50 |
                2   |             4 | 2026-02-28 23:00
            """
        },
    )
    expect(
        answer,
        """
        due_inside_horizon | due_outside_horizon | overdue_quantity | projected_balance
        -------------------+---------------------+------------------+------------------
        13                 | 100                 | 5                | 18.33
        0                  | 0                   | 0                | 5.33
        0                  | 0                   | 4                | 5.33
        """,
    )
    expect(
        answer,
        """
        days_to_next_receipt | due_outside_share
        0                    | 0.885
                             |
                             |
        """,
    )


def test_a_promise_is_a_day_at_the_site(ask: Asking) -> None:
    """Asked at 03:00 UTC, which is the evening before in Chicago."""
    answer = ask.features(
        feature_set,
        {"stock_movements": MONTHLY},
        """
        site_id | item_id | time_zone       | on_hand | asked_at
        north   | bolt    | America/Chicago |      10 | 2026-03-02 03:00
        north   | bolt    | Europe/Berlin   |      10 | 2026-03-02 03:00
        north   | bolt    |                 |      10 | 2026-03-02 03:00
        """,
        {
            "scheduled_receipts": """
                row | quantity_open | promised_at
                0   |             1 | 2026-03-01
                0   |             2 | 2026-03-16 04:00
                0   |             4 | 2026-03-16
                1   |             1 | 2026-03-01
                1   |             2 | 2026-03-16 22:59
                1   |             4 | 2026-03-16 23:00
                2   |             2 | 2026-03-16 23:59
            """
        },
    )
    expect(
        answer,
        """
        overdue_quantity | due_inside_horizon | due_outside_horizon | days_to_next_receipt
        0                | 3                  | 4                   | 0
        1                | 2                  | 4                   | 14
        0                | 2                  | 0                   | 14
        """,
    )


def test_a_line_that_is_cancelled_or_closed_short_is_no_cover(ask: Asking) -> None:
    answer = ask.features(
        feature_set,
        {"stock_movements": MONTHLY},
        """
        site_id | item_id | on_hand | asked_at
        north   | bolt    |      10 | 2026-03-01
        """,
        {
            "scheduled_receipts": """
                row | quantity_open | promised_at | line_state
                0   |             1 | 2026-03-05  | cancelled
                0   |             2 | 2026-02-05  | closed_short
                0   |             4 | 2026-03-06  | open
                0   |             8 | 2026-03-20  | cancelled
                0   |            16 | 2026-03-20  |
            """
        },
    )
    expect(
        answer,
        """
        due_inside_horizon | due_outside_horizon | overdue_quantity | days_to_next_receipt
        4                  | 16                  | 0                | 5
        """,
    )


ONE_A_DAY = """
    site_id | item_id | movement_kind | quantity_moved | known_at
    north   | bolt    | issue         |            -84 | 2026-02-10
"""


def test_the_balance_is_looked_at_day_by_day(ask: Asking) -> None:
    """One a day: 5 last until the 6th, and what comes on the last day mends no day before it."""
    answer = ask.features(
        feature_set,
        {"stock_movements": ONE_A_DAY},
        """
        site_id | item_id | on_hand | backordered | asked_at
        north   | bolt    |       5 |             | 2026-03-01
        north   | bolt    |       5 |             | 2026-03-01
        north   | bolt    |       5 |             | 2026-03-01
        north   | bolt    |       5 |           8 | 2026-03-01
        north   | bolt    |      14 |             | 2026-03-01
        """,
        {
            "scheduled_receipts": """
                row | quantity_open | promised_at
                0   |           100 | 2026-03-15
                1   |           100 | 2026-03-07
                2   |           100 | 2026-03-06
                3   |           100 | 2026-03-02
            """
        },
    )
    expect(
        answer,
        """
        first_dry_day | lowest_balance | projected_balance | dry_days_before_receipt
        6             | -8.0           | 91                | 9
                      | 0.0            | 91                | 1
                      | 1.0            | 91                | 0
        0             | -3.0           | 83                | 1
                      | 0.0            | 0                 |
        """,
    )


def test_a_promise_that_only_stands_for_none_is_no_receipt(ask: Asking) -> None:
    answer = ask.features(
        feature_set,
        {"stock_movements": MONTHLY},
        """
        site_id | item_id | on_hand | asked_at
        north   | bolt    |      10 | 2026-03-01 12:00
        """,
        {
            "scheduled_receipts": """
                row | quantity_open | promised_at
                0   |           100 | 9999-12-31
            """
        },
    )
    expect(
        answer,
        """
        due_inside_horizon | due_outside_horizon | overdue_quantity
        -------------------+---------------------+------------------
        0                  | 0                   | 0
        """,
    )


def test_stock_that_never_moved_is_missing_not_zero(ask: Asking) -> None:
    answer = ask.features(
        feature_set,
        {"stock_movements": MONTHLY},
        """
        site_id | item_id | on_hand | asked_at
        north   | nut     |       0 | 2026-03-01
        """,
    )
    expect(
        answer,
        """
        is_out | demand_28d | days_of_supply_84d | projected_balance | zero_share_84d
        1      |            |                    |                   |
        """,
    )


def test_levels_the_site_keeps_are_compared_with_what_is_there(ask: Asking) -> None:
    answer = ask.features(
        feature_set,
        {},
        """
        site_id | item_id | on_hand | on_order | backordered | reorder_point | safety_stock | asked_at
        north   | bolt    |      10 |       30 |           4 |            40 |            5 | 2026-03-01
        north   | bolt    |      -3 |          |             |            40 |            0 | 2026-03-01
        north   | bolt    |      10 |          |             |               |              | 2026-03-01
        """,
    )
    expect(
        answer,
        """
        on_hand_to_reorder_point | position_to_reorder_point | on_hand_to_safety_stock
        0.25                     | 0.90                      | 2.0
        0.00                     | -0.075                    |
                                 |                           |
        """,
    )


def test_a_piece_that_is_owed_is_subtracted_once(ask: Asking) -> None:
    """Below zero and backordered are the same pieces; what is owed lasts no day."""
    answer = ask.features(
        feature_set,
        {"stock_movements": ONE_A_DAY},
        """
        site_id | item_id | on_hand | backordered | average_demand | reorder_point | asked_at
        north   | bolt    |      -7 |           7 |              2 |            10 | 2026-03-01
        north   | bolt    |      -7 |             |              2 |            10 | 2026-03-01
        north   | bolt    |      -7 |           9 |              2 |            10 | 2026-03-01
        north   | bolt    |      12 |           7 |              2 |            10 | 2026-03-01
        north   | bolt    |      12 |          15 |              2 |            10 | 2026-03-01
        """,
    )
    expect(
        answer,
        """
        position_to_reorder_point | projected_balance | days_of_supply_84d | days_of_supply_own
        -0.7                      | -21               | 0.0                | 0.0
        -0.7                      | -21               | 0.0                | 0.0
        -0.9                      | -23               | 0.0                | 0.0
        0.5                       | -9                | 5.0                | 2.5
        -0.3                      | -17               | 0.0                | 0.0
        """,
    )


def test_the_season_is_the_same_six_weeks_of_last_year_where_anyone_looked(ask: Asking) -> None:
    answer = ask.features(
        feature_set,
        {
            "stock_movements": MONTHLY,
            "stock_levels": """
                site_id | item_id | on_hand | known_at
                north   | bolt    |      50 | 2025-03-31
            """,
        },
        """
        site_id | item_id | on_hand | asked_at
        north   | bolt    |      28 | 2026-03-01
        north   | bolt    |      28 | 2026-06-01
        """,
    )
    expect(
        answer,
        """
        season | month
        4.44   | 3
               | 6
        """,
    )
