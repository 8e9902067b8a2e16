"""What invoice_mismatch knows of an invoice line when it is booked."""

from features.tasks.invoice_mismatch import feature_set
from tests.spec.features.purchasing import tells
from tests.spec.paths import Asking

ORDERS = """
    po_line_id | po_id | supplier_id | site_id | item_id | quantity_ordered | po_unit_price | happened_at
    a          | 1     | acme        | north   | bolt    | 100              | 2.00          | 2026-01-01
    b          | 2     | acme        | north   | bolt    | 100              | 2.00          | 2026-01-01
"""
ITEMS = """
    item_id | base_unit | pack_size | known_at
    bolt    | EA        | 50        | 2025-01-01
"""
OUTCOMES = """
    invoice_line_id | exception_class | resolution   | known_at
    i1              | PRICE_VARIANCE  | CREDIT_NOTE  | 2026-01-15
    i2              | CLEAN           | NONE_NEEDED  | 2026-02-12
    i3              |                 | BLOCK_REMOVED| 2026-04-01
"""
INVOICES = """
    invoice_line_id | invoice_id | supplier_id | site_id | po_line_id | quantity_invoiced | invoice_unit | line_amount | freight_amount | known_at
    i1              | d1         | acme        | north   | a          | 100               | EA           | 220.00      | 11             | 2026-01-10
    i2              | d2         | acme        | north   | b          | 1                 | CS           | 100.00      |                | 2026-01-13
    i3              | d3         | acme        | north   |            | 100               | EA           | 200.00      |                | 2026-01-20
"""


def test_outcomes_count_only_when_clean_lines_had_their_time_too(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | site_id | item_id | asked_at
        acme        | north   | bolt    | 2026-02-09
        acme        | north   | bolt    | 2026-02-10
        acme        | north   | bolt    | 2026-02-13
        acme        | north   | bolt    | 2026-04-02
        """,
        """
        supplier_exceptions_share_364d | supplier_price_share_364d | supplier_blocked_share_364d | supplier_events_364d | supplier_item_exceptions_share_364d
        -------------------------------+---------------------------+-----------------------------+----------------------+------------------------------------
                                       |                           |                             |                      |
        1.00                           | 1.00                      | 0.00                        | 1                    | 1.00
        0.50                           | 0.50                      | 0.00                        | 2                    | 0.50
        0.67                           | 0.33                      | 0.33                        | 3                    | 0.50
        """,
        past="supplier_outcomes supplier_item_outcomes",
        tables={
            "purchase_orders": ORDERS,
            "items": ITEMS,
            "invoices": INVOICES,
            "invoice_outcomes": OUTCOMES,
        },
    )


def test_an_unseen_supplier_has_no_share_of_exceptions_rather_than_none_at_all(
    ask: Asking,
) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | site_id | asked_at
        newcomer    | north   | 2026-03-01
        """,
        """
        supplier_exceptions_share_364d | supplier_site_price_share_364d | site_exceptions_share_91d | supplier_events_28d
                                       |                                | 0.50                      |
        """,
        past="supplier_outcomes supplier_site_outcomes site_outcomes supplier_invoices",
        tables={"invoices": INVOICES, "invoice_outcomes": OUTCOMES},
    )


def test_prices_of_the_past_are_compared_in_base_units(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | item_id | base_unit | pack_size | invoice_unit | quantity_invoiced | invoice_unit_price | line_amount | freight_amount | asked_at
        acme        | bolt    | EA        | 50        | EA           | 10                | 2.40               | 24.00       | 2.4            | 2026-01-12
        acme        | bolt    | EA        | 50        | CS           | 2                 | 100                | 200.00      |                | 2026-02-01
        """,
        """
        supplier_item_variance_last | supplier_item_varied_share_364d | price_vs_last_invoice | supplier_varied_share_364d | freight_vs_usual
        ----------------------------+---------------------------------+-----------------------+----------------------------+-----------------
        0.10                        | 1.0                             | 0.091                 | 1.00                       | 0.050
        0.00                        | 0.5                             | 0.000                 | 0.50                       |
        """,
        past="supplier_invoices supplier_item_invoices",
        tables={"purchase_orders": ORDERS, "items": ITEMS, "invoices": INVOICES},
    )


def test_prices_of_the_past_take_packs_of_the_item_and_leave_out_units_that_do_not_convert(
    ask: Asking,
) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | item_id | invoice_unit | asked_at
        acme        | bolt    | Stk.         | 2026-01-12
        acme        | bolt    | case         | 2026-01-15
        acme        | bolt    |              | 2026-02-01
        """,
        """
        supplier_item_variance_last | supplier_item_varied_share_364d | invoice_unit
        ----------------------------+---------------------------------+-------------
        0.00                        | 0.0                             | EA
        0.25                        | 0.5                             | XCS
        0.25                        | 0.5                             |
        """,
        past="supplier_item_invoices",
        tables={
            "purchase_orders": ORDERS,
            "items": ITEMS,
            "item_units": """
                item_id | supplier_id | unit | base_units | known_at
                bolt    | acme        | XCS  | 20         | 2025-01-01
            """,
            "invoices": """
                invoice_line_id | invoice_id | supplier_id | site_id | po_line_id | quantity_invoiced | invoice_unit | line_amount | known_at
                i1              | d1         | acme        | north   | a          | 10                | H87          | 20.00       | 2026-01-10
                i2              | d2         | acme        | north   | b          | 2                 | XCS          | 100.00      | 2026-01-13
                i3              | d3         | acme        | north   | b          | 2                 | KGM          | 100.00      | 2026-01-20
            """,
        },
    )


def test_packs_and_pieces_are_brought_together_and_a_mix_up_shows_as_one_pack_size(
    ask: Asking,
) -> None:
    tells(
        ask,
        feature_set,
        """
        invoice_unit | base_unit | order_unit | pack_size | quantity_invoiced | invoice_unit_price | line_amount | quantity_ordered | po_unit_price | line_value | asked_at
        -------------+-----------+------------+-----------+-------------------+--------------------+-------------+------------------+---------------+------------+-----------
        CS           | EA        | EA         | 12        | 10                | 24.00              | 240.00      | 120              | 2.00          | 240.00     | 2026-03-02
        EA           | EA        | EA         | 12        | 10                | 24.00              | 240.00      | 120              | 2.00          | 240.00     | 2026-03-02
        CS           |           | EA         | 12        | 120               | 2.00               | 240.00      | 120              | 2.00          | 240.00     | 2026-03-02
                     |           |            |           | 120               |                    | 252.00      | 120              | 2.00          | 240.00     | 2026-03-02
        """,
        """
        price_variance | price_packs_apart | quantity_vs_ordered | quantity_packs_apart | unit_differs | amount_vs_order | price_as_written_ratio
        ---------------+-------------------+---------------------+----------------------+--------------+-----------------+-----------------------
        0.00           | 0.00              | 1.00                | 0.00                 | 1            | 1.00            | 12.00
        11.00          | 1.00              | 0.08                | -1.00                | 0            | 1.00            | 12.00
        -0.92          | -1.00             | 12.00               | 1.00                 | 1            | 1.00            | 1.00
        0.05           |                   | 1.00                |                      |              | 1.05            |
        """,
    )


def test_invoices_before_add_up_with_this_one_against_order_and_receipts(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        po_line_id | invoice_unit | base_unit | pack_size | quantity_invoiced | line_amount | quantity_ordered | po_unit_price | line_value | asked_at
        a          | EA           | EA        | 10        | 40                | 80          | 100              | 2             | 200        | 2026-03-10
        a          | EA           | EA        | 10        | 40                | 80          | 100              | 2             | 200        | 2026-03-10
        """,
        """
        quantity_so_far_vs_ordered | amount_so_far_vs_order | quantity_vs_received | quantity_so_far_vs_received | uncovered_share | received_share | damaged_share | receipts | cancelled_receipts | new_receipts | receipt_posting_days | first_receipt_age_days | last_receipt_age_days
        ---------------------------+------------------------+----------------------+-----------------------------+-----------------+----------------+---------------+----------+--------------------+--------------+----------------------+------------------------+----------------------
        0.70                       | 0.70                   | 1.00                 | 1.75                        | 0.30            | 0.40           | 0.125         | 2        | 1                  | 1            | 0                    | 6                      | 2
        0.40                       | 0.40                   |                      |                             | 0.40            | 0.00           |               | 0        | 0                  | 0            |                      |                        |
        """,
        children={
            "receipts": """
                row | quantity_received | quantity_damaged | happened_at | known_at
                0   | 50                | 5                | 2026-03-01  | 2026-03-04
                0   | -10               |                  | 2026-03-08  | 2026-03-08
            """,
            "earlier_invoices": """
                row | po_line_id | quantity_invoiced | invoice_unit | line_amount | known_at
                0   | a          | 3                 | CS           | 60          | 2026-03-06
                0   | other      | 99                | EA           | 99          | 2026-03-06
            """,
        },
    )


def test_look_alikes_show_by_number_by_amount_and_on_the_same_order_line(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        invoice_number | po_line_id | line_amount | document_at | asked_at
        A-17           | a          | 100.00      | 2026-03-01  | 2026-03-10
                       |            | 100.00      | 2026-03-01  | 2026-03-10
        """,
        """
        earlier_same_number | earlier_same_amount | earlier_same_line_and_amount | same_amount_age_days | same_amount_document_gap_days | earlier_invoices_on_line | po_reference_missing
        --------------------+---------------------+------------------------------+----------------------+-------------------------------+--------------------------+---------------------
        3                   | 2                   | 2                            | 5                    | 2                             | 2                        | 0
        0                   | 0                   | 0                            |                      |                               | 0                        | 1
        """,
        children={
            "earlier_invoices": """
                row | invoice_number | po_line_id | line_amount | happened_at | known_at
                0   | A-17           | a          | 100.00      | 2026-03-01  | 2026-03-02
                0   | A17            | a          | 100.00      | 2026-02-27  | 2026-03-05
                0   | A-17           | b          | 250.00      | 2026-03-01  | 2026-03-06
                1   |                |            | 100.01      | 2026-03-01  | 2026-03-06
            """,
        },
    )


def test_charges_are_held_against_what_was_expected(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        quantity_invoiced | invoice_unit_price | line_amount | freight_amount | tax_amount | tax_rate_expected | currency | po_currency | asked_at
        10                | 10.00              | 100.00      | 10.00          | 20.90      | 0.19              | EUR      | EUR         | 2026-03-31
        10                | 10.00              | 110.00      |                | 7.70       | 0.19              | GBP      | EUR         | 2026-04-01
        10                |                    | 123.45      |                |            | 0.19              |          | EUR         | 2026-04-01
        """,
        """
        freight_share | tax_rate_gap | amount_arithmetic_gap | currency_differs | amount_roundness | quarter_days_left | booking_weekday
        --------------+--------------+-----------------------+------------------+------------------+-------------------+----------------
        0.10          | 0.00         | 0.00                  | 0                | 4                | 0                 | 2
                      | -0.12        | 0.10                  | 1                | 3                | 90                | 3
                      |              |                       |                  | 0                | 90                | 3
        """,
    )


def test_changes_of_the_order_are_told_by_the_words_of_the_source(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        asked_at         | document_at
        2026-03-10 12:00 | 2026-03-01 23:59
        2026-03-10 12:00 |
        """,
        """
        order_changes | price_changes | quantity_changes | approvals | acknowledged_price_change | documents_sent | latest_message  | order_change_age_days | booking_lag_days
        --------------+---------------+------------------+-----------+---------------------------+----------------+-----------------+-----------------------+-----------------
        2             | 1             | 1                | 1         | 1                         | 1              | Change Quantity | 1.5                   | 8.5
        0             | 0             | 0                | 0         | 0                         | 0              | asn             |                       |
        """,
        children={
            "events": """
                row | event_kind      | detail                 | ack_status | known_at
                0   | order_approval  | SRM: Created           |            | 2026-02-01
                0   | acknowledgement |                        | IP         | 2026-02-02
                0   | order_change    | Change Price           |            | 2026-02-20
                0   | order_change    | Change Quantity        |            | 2026-03-09
                0   | invoice_sent    | Vendor creates invoice |            | 2026-03-10 12:00
                1   | asn             |                        |            | 2026-03-08
            """,
        },
    )


def test_an_order_that_became_known_after_the_booking_tells_nothing_of_the_invoice(
    ask: Asking,
) -> None:
    tells(
        ask,
        feature_set,
        """
        supplier_id | item_id | asked_at
        acme        | bolt    | 2026-02-01
        """,
        """
        supplier_events_28d | supplier_varied_share_364d | supplier_item_days_since
        3                   |                            |
        """,
        past="supplier_invoices supplier_item_invoices",
        tables={
            "purchase_orders": """
                po_line_id | po_id | supplier_id | site_id | item_id | quantity_ordered | po_unit_price | happened_at | known_at
                a          | 1     | acme        | north   | bolt    | 100              | 2.00          | 2026-01-01  | 2026-01-11
            """,
            "invoices": INVOICES,
        },
    )


def test_units_convert_as_the_rules_convert_them_and_unknown_ones_are_never_multiplied(
    ask: Asking,
) -> None:
    tells(
        ask,
        feature_set,
        """
        invoice_unit | base_unit | order_unit | pack_size | quantity_invoiced | invoice_unit_price | line_amount | quantity_ordered | po_unit_price | asked_at
        c62          | EA        | CS         | 6         | 120               | 2.00               | 240.00      | 120              | 2.00          | 2026-03-02
        DZN          | EA        | EA         | 6         | 10                | 24.00              | 240.00      | 120              | 2.00          | 2026-03-02
        GRM          | KG        | KG         |           | 500               | 0.01               | 5.00        | 1                | 10.00         | 2026-03-02
        PX           | EA        | EA         | 6         | 2                 | 120.00             | 240.00      | 120              | 2.00          | 2026-03-02
        BLOB         | EA        | EA         | 6         | 120               | 2.00               | 240.00      | 120              | 2.00          | 2026-03-02
        """,
        """
        price_variance | quantity_vs_ordered | unit_differs
        ---------------+---------------------+-------------
        0.00           | 1.00                | 0
        0.00           | 1.00                | 1
        0.00           | 0.50                | 1
        0.00           | 1.00                | 1
        0.00           | 1.00                | 1
        """,
        children={
            "item_units": """
                row | unit | base_units | known_at
                3   | XPX  | 60         | 2026-01-01
            """
        },
    )


def test_the_price_is_what_the_amount_comes_to_and_a_rounded_print_is_no_variance(
    ask: Asking,
) -> None:
    tells(
        ask,
        feature_set,
        """
        quantity_invoiced | invoice_unit_price | price_base_quantity | charge_amount | line_amount | po_unit_price | asked_at
        1000              | 0.06               |                     |               | 55.80       | 0.0558        | 2026-03-02
        1000              | 55.80              | 1000                |               | 55.80       | 0.0558        | 2026-03-02
        100               | 2.00               |                     | 5.00          | 205.00      | 2.00          | 2026-03-02
        100               | 2.00               |                     |               | 2000.00     | 2.00          | 2026-03-02
        -100              | 2.00               |                     |               | -200.00     | 2.00          | 2026-03-02
        """,
        """
        price_variance | amount_arithmetic_gap
        ---------------+----------------------
        0.00           | -0.07
        0.00           | 0.00
        0.00           | 0.00
        9.00           | 9.00
        0.00           |
        """,
    )


def test_days_from_the_promise_are_days_at_the_site(ask: Asking) -> None:
    tells(
        ask,
        feature_set,
        """
        promised_at      | document_at | time_zone       | asked_at
        2026-03-02       | 2026-02-20  | America/Chicago | 2026-03-10
        2026-03-03 01:00 | 2026-02-20  | America/Chicago | 2026-03-10
        2026-03-03 01:00 | 2026-02-20  |                 | 2026-03-10
        """,
        """
        document_after_promise_days | receipt_after_promise_days
        ----------------------------+---------------------------
        -10                         | 0
        -10                         | 1
        -11                         |
        """,
        children={
            "receipts": """
                row | quantity_received | happened_at      | known_at
                0   | 5                 | 2026-03-03 02:00 | 2026-03-04
                1   | 5                 | 2026-03-03 12:00 | 2026-03-04
            """
        },
    )
