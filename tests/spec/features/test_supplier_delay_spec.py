"""What supplier_delay knows of an open order line."""

import pytest

from features.tasks.supplier_delay import feature_set
from tests.spec.features.purchasing import tells
from tests.spec.paths import Asking

ORDERS = """
    po_line_id | po_id | supplier_id | site_id | item_id | quantity_ordered | line_value | promised_at | happened_at
    -----------+-------+-------------+---------+---------+------------------+------------+-------------+------------
    a          | 1     | acme        | north   | bolt    | 10               | 100        | 2026-01-10  | 2026-01-01
    b          | 2     | acme        | north   | bolt    | 20               | 200        | 2026-01-20  | 2026-01-05
    c          | 3     | acme        | south   | nut     | 30               | 300        | 2026-02-10  | 2026-01-20
    d          | 4     | acme        | south   | nut     | 40               |            |             | 2026-01-21
"""
RECEIPTS = """
    po_line_id | quantity_received | quantity_damaged | final | happened_at | known_at
    -----------+-------------------+------------------+-------+-------------+-----------
    a          | 10                |                  |       | 2026-01-10  | 2026-01-12
    b          | 20                | 1                |       | 2026-01-23  | 2026-01-25
    c          | 30                |                  |       | 2026-02-08  | 2026-02-09
    d          | 40                |                  |       | 2026-02-10  | 2026-02-10
"""


def test_late_share_counts_only_what_was_known_before_the_ask(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | asked_at
        acme        | 2026-01-12 09:00
        acme        | 2026-01-13 09:00
        acme        | 2026-01-25 23:59
        acme        | 2026-01-26 00:00
        acme        | 2026-02-20 00:00
        """,
        """
        supplier_late_share_91d | supplier_delay_days_last | supplier_events_364d | supplier_delay_days_mean_364d
        ------------------------+--------------------------+----------------------+------------------------------
                                |                          |                      |
        0.00                    | 0                        | 1                    | 0.00
        0.00                    | 0                        | 1                    | 0.00
        0.50                    | 3                        | 2                    | 1.50
        0.33                    | -2                       | 4                    | 0.33
        """,
        past="supplier_deliveries",
        tables={"purchase_orders": ORDERS, "receipts": RECEIPTS},
    )


def test_an_unseen_supplier_is_missing_and_not_zero(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | site_id | item_id | asked_at
        newcomer    | south   | nut     | 2026-02-20
                    | south   | nut     | 2026-02-20
        acme        | south   | nut     | 2026-02-20
        """,
        """
        supplier_late_share_364d | supplier_events_364d | supplier_open_ever | supplier_site_late_share_364d | site_late_share_364d
        -------------------------+----------------------+--------------------+-------------------------------+---------------------
                                 |                      |                    |                               | 0.00
                                 |                      |                    |                               | 0.00
        0.33                     | 4                    | 0                  | 0.00                          | 0.00
        """,
        past="supplier_deliveries supplier_site_deliveries site_deliveries supplier_orders",
        tables={"purchase_orders": ORDERS, "receipts": RECEIPTS},
    )


def test_a_line_in_parts_is_delivered_when_its_last_part_is_in(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | item_id | asked_at
        acme        | bolt    | 2026-01-10
        acme        | bolt    | 2026-01-15
        acme        | bolt    | 2026-01-20
        """,
        """
        supplier_events_364d | supplier_late_share_91d | supplier_delay_days_mean_91d | supplier_short_share_364d | supplier_item_events_364d
        ---------------------+-------------------------+------------------------------+---------------------------+--------------------------
                             |                         |                              |                           |
        1                    | 1.00                    | 4.0                          | 0.00                      | 1
        2                    | 0.50                    | 1.5                          | 0.50                      | 2
        """,
        past="supplier_deliveries supplier_item_deliveries",
        tables={
            "purchase_orders": ORDERS,
            "receipts": """
                po_line_id | quantity_received | final | happened_at
                a          | 4                 |       | 2026-01-08
                a          | 5                 |       | 2026-01-09
                a          | 1                 |       | 2026-01-14
                a          | -1                |       | 2026-01-16
                a          | 1                 |       | 2026-01-18
                b          | 12                | yes   | 2026-01-19
            """,
        },
    )


def test_a_receipt_posted_later_counts_from_its_posting_and_with_its_real_delay(
    ask: Asking,
) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | asked_at
        acme        | 2026-01-12
        acme        | 2026-01-30
        acme        | 2026-01-31
        """,
        """
        supplier_delay_days_last | supplier_overdue_ever | supplier_open_ever
        -------------------------+-----------------------+-------------------
                                 | 1                     | 2
                                 | 2                     | 4
        1                        | 1                     | 3
        """,
        past="supplier_deliveries supplier_orders",
        tables={
            "purchase_orders": ORDERS,
            "receipts": """
                po_line_id | quantity_received | happened_at | known_at
                a          | 10                | 2026-01-11  | 2026-01-30
            """,
        },
    )


def test_open_lines_and_overdue_lines_rise_and_fall(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | asked_at
        acme        | 2026-01-06
        acme        | 2026-01-12
        acme        | 2026-01-13
        acme        | 2026-02-20
        """,
        """
        supplier_open_ever | supplier_overdue_ever | supplier_overdue_share
        -------------------+-----------------------+-----------------------
        2                  | 0                     | 0.00
        2                  | 1                     | 0.50
        1                  | 0                     | 0.00
        0                  | 0                     |
        """,
        past="supplier_orders",
        tables={"purchase_orders": ORDERS, "receipts": RECEIPTS},
    )


def test_a_line_without_a_promise_is_a_delivery_but_neither_late_nor_punctual(
    ask: Asking,
) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | asked_at
        acme        | 2026-02-20
        """,
        """
        supplier_events_364d | supplier_late_share_364d | supplier_delay_days_mean_364d | supplier_delay_days_last
        1                    |                          |                               |
        """,
        past="supplier_deliveries",
        tables={
            "purchase_orders": ORDERS,
            "receipts": """
                po_line_id | quantity_received | happened_at
                d          | 40                | 2026-02-10
            """,
        },
    )


def test_messages_tell_what_was_said_last_against_the_promise(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        promised_at | ordered_at | quantity_ordered | asked_at
        2026-03-10  | 2026-03-01 | 10               | 2026-03-08 12:00
        2026-03-10  | 2026-03-01 | 10               | 2026-03-08 12:00
        """,
        """
        acknowledgements | bad_acknowledgements | acknowledgement_status | acknowledgement_wait_days | acknowledged_shift_days | ship_notice_shift_days | ship_notice_share | delay_notices | revised_shift_days | announced_shift_days | message_age_days
        -----------------+----------------------+------------------------+---------------------------+-------------------------+------------------------+-------------------+---------------+--------------------+----------------------+-----------------
        2                | 1                    | DR                     | 1                         | 0                       | 2                      | 0.6               | 1             | 4                  | 2                    | 0
        0                | 0                    |                        |                           |                         |                        | 0.0               | 0             |                    |                      |
        """,
        children={
            "events": """
                row | event_kind      | ack_status | expected_at | event_quantity | happened_at      | known_at
                0   | acknowledgement | IA         | 2026-03-10  | 10             | 2026-03-02       | 2026-03-02 08:00
                0   | delay_notice    |            | 2026-03-14  |                | 2026-03-05       | 2026-03-05
                0   | asn             |            | 2026-03-12  | 6              | 2026-03-08 00:00 | 2026-03-08 06:00
                0   | acknowledgement | DR         |             |                | 2026-03-08 06:00 | 2026-03-08 07:00
            """
        },
    )


def test_the_clock_runs_to_the_promise_and_past_it(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        ordered_at | requested_at | promised_at | asked_at
        2026-03-01 | 2026-03-09   | 2026-03-11  | 2026-03-06 12:00
        2026-03-01 |              | 2026-03-11  | 2026-03-13
                   |              |             | 2026-03-13
        """,
        """
        days_to_promise | promised_lead_days | elapsed_share | request_gap_days | promise_weekday | promise_month | promise_day_of_month
        ----------------+--------------------+---------------+------------------+-----------------+---------------+---------------------
        5               | 10                 | 0.50          | 2                | 3               | 3             | 11
        -2              | 10                 | 1.20          |                  | 3               | 3             | 11
                        |                    |               |                  |                 |               |
        """,
    )


def test_days_are_counted_at_the_site(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        time_zone        | ordered_at       | requested_at | promised_at      | asked_at
        -----------------+------------------+--------------+------------------+------------------
                         | 2026-03-01 23:30 | 2026-03-10   | 2026-03-12       | 2026-03-12 23:59
                         | 2026-03-01 23:30 | 2026-03-10   | 2026-03-12       | 2026-03-13 00:00
        America/Chicago  | 2026-03-02 05:30 | 2026-03-10   | 2026-03-12       | 2026-03-13 04:59
        America/Chicago  | 2026-03-02 05:30 | 2026-03-10   | 2026-03-12       | 2026-03-13 05:00
        America/Chicago  | 2026-03-02 06:00 | 2026-03-10   | 2026-03-13 04:00 | 2026-03-13 04:59
        Pacific/Auckland | 2026-03-01 11:30 | 2026-03-10   | 2026-03-12       | 2026-03-12 10:59
        Pacific/Auckland | 2026-03-01 11:30 | 2026-03-10   | 2026-03-12       | 2026-03-12 11:00
        Asia/Kolkata     | 2026-03-01 18:30 | 2026-03-10   | 2026-03-12       | 2026-03-11 18:30
        """,
        """
        days_to_promise | promised_lead_days | days_since_order | request_gap_days | promise_weekday | promise_day_of_month
        ----------------+--------------------+------------------+------------------+-----------------+---------------------
        0               | 11                 | 11               | 2                | 4               | 12
        -1              | 11                 | 12               | 2                | 4               | 12
        0               | 11                 | 11               | 2                | 4               | 12
        -1              | 11                 | 12               | 2                | 4               | 12
        0               | 10                 | 10               | 2                | 4               | 12
        0               | 10                 | 10               | 2                | 4               | 12
        -1              | 10                 | 11               | 2                | 4               | 12
        0               | 10                 | 10               | 2                | 4               | 12
        """,
    )


def test_a_change_of_the_clock_does_not_change_a_number_of_days(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        time_zone       | ordered_at       | promised_at      | asked_at
        ----------------+------------------+------------------+------------------
        Europe/Berlin   | 2026-03-28 22:30 | 2026-03-30       | 2026-03-29 21:59
        Europe/Berlin   | 2026-03-28 23:00 | 2026-03-29 22:00 | 2026-03-29 22:00
        Europe/Berlin   | 2026-10-24 22:00 | 2026-10-25 22:59 | 2026-10-25 22:59
        Europe/Berlin   | 2026-10-24 22:00 | 2026-10-25 23:00 | 2026-10-25 23:00
        America/Chicago | 2026-11-01 05:00 | 2026-11-01       | 2026-11-02 05:59
        """,
        """
        days_to_promise | promised_lead_days | days_since_order | elapsed_share | promise_month
        ----------------+--------------------+------------------+---------------+--------------
        1               | 2                  | 1                | 0.50          | 3
        0               | 1                  | 1                | 1.00          | 3
        0               | 0                  | 0                |               | 10
        0               | 1                  | 1                | 1.00          | 10
        0               | 0                  | 0                |               | 11
        """,
    )


def test_messages_announce_days_at_the_site(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        time_zone       | ordered_at       | promised_at | asked_at
        ----------------+------------------+-------------+------------------
        America/Chicago | 2026-03-02 03:00 | 2026-03-10  | 2026-03-09 04:00
        Europe/Berlin   | 2026-03-01 22:00 | 2026-03-10  | 2026-03-09 04:00
        """,
        """
        acknowledgement_wait_days | acknowledged_shift_days | ship_notice_shift_days | ship_notice_age_days | revised_shift_days | message_age_days
        --------------------------+-------------------------+------------------------+----------------------+--------------------+-----------------
        0                         | 0                       | 0                      | 1                    | 1                  | 0
        1                         | 0                       | 1                      | 2                    | 1                  | 0
        """,
        children={
            "events": """
                row | event_kind      | expected_at      | happened_at      | known_at
                0   | acknowledgement | 2026-03-10       | 2026-03-02 05:00 | 2026-03-02 05:00
                0   | asn             | 2026-03-11 03:00 | 2026-03-08 02:00 | 2026-03-08 02:00
                0   | delay_notice    | 2026-03-11       | 2026-03-09 05:02 | 2026-03-09 04:00
                1   | acknowledgement | 2026-03-10       | 2026-03-02 05:00 | 2026-03-02 05:00
                1   | asn             | 2026-03-11 03:00 | 2026-03-07 02:00 | 2026-03-07 02:00
                1   | delay_notice    | 2026-03-10 23:00 | 2026-03-09 02:00 | 2026-03-09 02:00
            """
        },
    )


def test_shares_are_of_what_is_ordered_after_the_last_change(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        promised_at | quantity_ordered | asked_at
        ------------+------------------+-----------
        2026-03-10  | 10               | 2026-03-08
        2026-03-10  | 10               | 2026-03-08
        2026-03-10  | 10               | 2026-03-08
        2026-03-10  | 10               | 2026-03-08
        """,
        """
        ship_notice_share | received_share
        ------------------+---------------
        0.60              | 0.40
        1.50              | 1.00
        0.30              | 0.20
        0.60              | 0.10
        """,
        children={
            "events": """
                row | event_kind   | event_quantity | detail | happened_at | known_at
                0   | asn          | 6              |        | 2026-03-05  | 2026-03-05
                0   | order_change |                | price  | 2026-03-06  | 2026-03-06
                1   | asn          | 6              |        | 2026-03-05  | 2026-03-05
                1   | order_change | 4              |        | 2026-03-06  | 2026-03-06
                2   | order_change | 4              |        | 2026-03-04  | 2026-03-04
                2   | asn          | 6              |        | 2026-03-05  | 2026-03-05
                2   | order_change | 20             |        | 2026-03-06  | 2026-03-06
                3   | asn          | 6              |        | 2026-03-05  | 2026-03-05
            """,
            "receipts": """
                row | quantity_received | posting_kind | happened_at | known_at
                0   | 4                 |              | 2026-03-06  | 2026-03-06
                1   | 4                 | receipt      | 2026-03-06  | 2026-03-06
                2   | 4                 |              | 2026-03-06  | 2026-03-06
                3   | 4                 |              | 2026-03-06  | 2026-03-06
                3   | 4                 | reversal     | 2026-03-06  | 2026-03-06
                3   | 2                 |              | 2026-03-07  | 2026-03-07
                3   | -1                | return       | 2026-03-07  | 2026-03-07
            """,
        },
    )


AGAIN_OR_NOT = """
        line       | {number} | asn | | 2026-01-08 | {quantity} | {said} | {known} """


@pytest.mark.parametrize(
    ("number", "quantity", "said", "known", "notices"),
    [
        ("N-1", "6", "2026-01-05 09:00", "2026-01-06 09:00", 1.0),
        ("N-1", "6", "2026-01-06 08:00", "2026-01-06 09:00", 1.0),  # stamped anew
        ("N-2", "6", "2026-01-05 09:00", "2026-01-06 09:00", 2.0),
    ],
)
def test_a_message_that_is_sent_again_counts_once_in_the_history(
    ask: Asking, number: str, quantity: str, said: str, known: str, notices: float
) -> None:
    copy = AGAIN_OR_NOT.format(number=number, quantity=quantity, said=said, known=known)
    assert_notices_per_line(ask, SENT_ONCE + copy, notices)


@pytest.mark.parametrize(("quantity", "notices"), [("4", 2.0), ("5", 3.0)])
def test_a_message_without_a_number_is_the_same_where_all_it_says_is(
    ask: Asking, quantity: str, notices: float
) -> None:
    unnumbered = {"number": "", "said": "2026-01-06 09:00"}
    once = AGAIN_OR_NOT.format(quantity="4", known="2026-01-06 10:00", **unnumbered)
    again = AGAIN_OR_NOT.format(quantity=quantity, known="2026-01-06 11:00", **unnumbered)
    assert_notices_per_line(ask, SENT_ONCE + once + again, notices)


SENT_ONCE = """
        po_line_id | message_number | event_kind | ack_status | expected_at | event_quantity | happened_at      | known_at
        line       | N-1            | asn        |            | 2026-01-08  | 6              | 2026-01-05 09:00 | 2026-01-05 09:00 """


def assert_notices_per_line(ask: Asking, messages: str, notices: float) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | asked_at
        acme        | 2026-01-10 09:00
        """,
        f"""
        supplier_asns_per_line_182d
        {notices} """,
        past="supplier_messages supplier_orders",
        tables={
            "purchase_orders": """
                po_line_id | po_id | supplier_id | site_id | item_id | quantity_ordered | promised_at | happened_at
                line       | 1     | acme        | north   | bolt    | 10               | 2026-01-09  | 2026-01-01""",
            "supplier_events": messages,
        },
    )


def test_an_order_is_measured_against_what_the_supplier_usually_gets_and_needs(
    ask: Asking,
) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | item_id | quantity_ordered | line_value | ordered_at | promised_at | asked_at
        acme        | bolt    | 30               | 300        | 2026-01-25 | 2026-02-04  | 2026-01-26
        acme        | screw   | 30               | 300        | 2026-01-25 | 2026-02-04  | 2026-01-26
        """,
        """
        quantity_vs_usual | value_vs_usual | lead_gap_days | item_lead_gap_days
        ------------------+----------------+---------------+-------------------
        2.00              | 2.00           | -3.5          | -3.5
                          | 2.00           | -3.5          |
        """,
        past="supplier_orders supplier_item_orders supplier_deliveries supplier_item_deliveries",
        tables={"purchase_orders": ORDERS, "receipts": RECEIPTS},
    )
