"""What stock risk knows of the past: reports at zero, shortages, daily demand."""

from features.tasks.stock_risk import feature_set
from tests.spec.paths import Asking
from tests.spec.tables import expect

REPORTS = """
    site_id | item_id | on_hand | active | quantity_requested | known_at
    --------+---------+---------+--------+--------------------+-----------
    north   | bolt    |       0 | yes    |                 20 | 2026-01-31
    north   | bolt    |       6 | yes    |                    | 2026-02-14
    north   | nut     |       0 | no     |                    | 2026-02-14
    south   | bolt    |       0 |        |                 10 | 2026-02-14
    north   | bolt    |       2 | yes    |                    | 2026-03-01
"""
SITES = """
    site_id | region | known_at
    north   | coast  | 2020-01-01
    south   | coast  | 2026-02-20
"""


def test_reports_at_zero_are_counted_here_in_the_region_and_for_the_site(ask: Asking) -> None:
    answer = ask.features(
        feature_set,
        {"stock_levels": REPORTS, "sites": SITES},
        """
        site_id | item_id | region | on_hand | asked_at
        north   | bolt    | coast  |       2 | 2026-03-01
        north   | bolt    | coast  |       2 | 2026-03-02
        south   | bolt    | coast  |       0 | 2026-02-16
        """,
    )
    expect(
        answer,
        """
        zero_share_28d | zero_share_84d | site_zero_share_84d | item_zero_share_84d | days_since_zero
        ---------------+----------------+---------------------+---------------------+----------------
        0.00           | 0.500          | 0.500               | 0.667               | 29
        0.00           | 0.333          | 0.333               | 0.500               | 30
        1.00           | 1.000          | 1.000               | 0.667               | 2
        """,
    )
    # The south's region became known on the 20th only: until then its reports are no one's.
    expect(
        answer,
        """
        region_item_zero_share_84d | days_since_stock
        0.667                      | 15
        0.500                      | 1
        0.500                      |
        """,
    )


def test_shortages_are_weighed_by_quantity(ask: Asking) -> None:
    answer = ask.features(
        feature_set,
        {
            "order_lines": """
                site_id | item_id | quantity_demanded | quantity_short | known_at
                north   | bolt    |                 8 |              2 | 2026-02-10
                north   | bolt    |                 8 |              2 | 2026-02-11
                north   | bolt    |               100 |            100 | 2026-03-01
                south   | bolt    |                 4 |              4 | 2026-02-11
            """,
            "stock_levels": REPORTS,
            "stock_movements": """
                site_id | item_id | movement_kind | quantity_moved | known_at
                north   | bolt    | receipt       |             10 | 2026-02-10
                north   | bolt    | transfer_in   |              6 | 2026-02-20
                north   | bolt    | adjustment    |             -2 | 2026-02-21
                north   | bolt    | scrap         |             -1 | 2026-02-21
                north   | bolt    | adjustment    |              1 | 2026-02-21
                north   | bolt    | issue         |             -8 | 2026-02-21
            """,
        },
        """
        site_id | item_id | on_hand | asked_at
        north   | bolt    |       2 | 2026-03-01
        """,
    )
    expect(
        answer,
        """
        short_share_28d | item_short_share_28d | requests_served_175d | corrections_share_364d | days_since_receipt
        0.25            | 0.40                 | 0.8                  | 0.5                    | 9
        """,
    )
    expect(
        answer,
        """
        received_to_issued_84d | days_between_receipts
        0.33                   | 182
        """,
    )


def test_demand_of_several_issues_a_day_is_one_day_of_demand(ask: Asking) -> None:
    answer = ask.features(
        feature_set,
        {
            "stock_movements": """
                site_id | item_id | movement_kind | quantity_moved | known_at
                north   | bolt    | issue         |           -1.5 | 2026-02-10 08:00
                north   | bolt    | issue         |           -2.5 | 2026-02-10 17:00
                north   | bolt    | issue         |             -8 | 2026-02-12
                south   | bolt    | issue         |           -100 | 2026-02-12
            """
        },
        """
        site_id | item_id | on_hand | asked_at
        north   | bolt    |      12 | 2026-03-01
        """,
    )
    expect(
        answer,
        """
        days_with_demand_28d | demand_size_variation | last_issue_to_mean | demand_28d | days_since_issue
        0.0714               | 0.3333                | 1.3333             | 0.4286     | 17
        """,
    )
