"""What is known of an invoice line when it is booked, and in what class it ended."""

from datetime import UTC, datetime

import pytest

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from tests.spec.training.ask_tables import expect_asks, expect_children, expect_labels, store, task
from training.tasks.invoice_mismatch.asks import query_asks, query_open_asks
from training.tasks.invoice_mismatch.labels import label_asks

MISMATCH = task(INVOICE_MISMATCH.name, horizon_days=30)

INVOICES = """
    invoice_line_id | invoice_id | invoice_number | supplier_id | site_id | po_line_id | quantity_invoiced | line_amount | happened_at | known_at
    ----------------+------------+----------------+-------------+---------+------------+-------------------+-------------+-------------+-----------------
    a               | I1         | 77             | acme        | north   | L1         | 5                 | 100         | 2026-02-01  | 2026-02-03 10:15
    b               | I2         | 77             | acme        | north   |            | 5                 | -40         | 2026-02-05  | 2026-02-08 10:00
    c               | I3         | 80             | acme        | north   | L1         | 5                 | 100         | 2026-02-08  | 2026-02-08 10:00
    d               | I3         | 80             | acme        | north   | L2         | 5                 | 100         | 2026-02-08  | 2026-02-08 10:00 """

ORDERS = """
    po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | currency | happened_at | known_at
    L1         | PO1   | south   | other       | bolt    | 10               | USD      | 2026-01-05  | 2026-01-05
    L2         | PO2   | north   | acme        | nut     | 10               | EUR      | 2026-02-08  | 2026-02-08 10:01 """


def test_a_line_is_asked_about_when_booked_with_its_own_site_and_the_orders_facts() -> None:
    expect_asks(
        query_asks(store(invoices=INVOICES, purchase_orders=ORDERS), MISMATCH),
        """
        ask_id | asked_at         | group | site_id | supplier_id | item_id | po_currency | money_at_risk
        -------+------------------+-------+---------+-------------+---------+-------------+--------------
        a      | 2026-02-03 10:15 | PO1   | north   | acme        | bolt    | USD         | 100
        b      | 2026-02-08 10:00 | I2    | north   | acme        |         |             | 40
        c      | 2026-02-08 10:00 | PO1   | north   | acme        | bolt    | USD         | 100
        d      | 2026-02-08 10:00 | I3    | north   | acme        |         |             | 100 """,
    )


def test_receipts_and_messages_of_the_order_line_count_up_to_the_minute_of_booking() -> None:
    tables = store(
        invoices=INVOICES,
        purchase_orders=ORDERS,
        receipts="""
        po_line_id | quantity_received | quantity_damaged | happened_at | known_at
        L1         | 5                 | 1                | 2026-02-02  | 2026-02-03 10:15
        L1         | 5                 |                  | 2026-02-02  | 2026-02-03 10:16 """,
        supplier_events="""
        po_line_id | event_kind | known_at
        L1         | asn        | 2026-02-02
        L2         | asn        | 2026-02-02 """,
    )
    found = query_asks(tables, MISMATCH)
    expect_children(
        found,
        "receipts",
        """
        ask_id | quantity_received | quantity_damaged | known_at
        a      | 5                 | 1                | 2026-02-03 10:15
        c      | 5                 | 1                | 2026-02-03 10:15
        c      | 5                 |                  | 2026-02-03 10:16 """,
    )
    expect_children(
        found,
        "events",
        """
        ask_id | event_kind | known_at
        a      | asn        | 2026-02-02
        c      | asn        | 2026-02-02
        d      | asn        | 2026-02-02 """,
    )


def test_earlier_invoices_are_on_the_line_or_look_the_same_and_are_other_documents() -> None:
    invoices = (
        INVOICES
        + """
    old             | I0         | 80             | acme        | north   |            | 5                 | 7           | 2025-08-01  | 2025-08-01
    recent          | I9         | 80             | acme        | north   |            | 5                 | 7           | 2025-08-13  | 2025-08-13
    foreign         | I8         | 80             | bolts       | north   |            | 5                 | 100         | 2026-01-13  | 2026-01-13 """
    )
    expect_children(
        query_asks(store(invoices=invoices, purchase_orders=ORDERS), MISMATCH),
        "earlier_invoices",
        """
        ask_id | invoice_number | line_amount | po_line_id | known_at
        -------+----------------+-------------+------------+-----------------
        recent | 80             | 7           |            | 2025-08-01
        b      | 77             | 100         | L1         | 2026-02-03 10:15
        c      | 80             | 7           |            | 2025-08-13
        c      | 77             | 100         | L1         | 2026-02-03 10:15
        d      | 80             | 7           |            | 2025-08-13
        d      | 77             | 100         | L1         | 2026-02-03 10:15 """,
    )


def test_a_number_written_otherwise_is_found_over_the_suppliers_whole_history() -> None:
    expect_children(
        query_asks(
            store(
                invoices="""
                invoice_line_id | invoice_id | invoice_number | supplier_id | site_id | po_line_id | quantity_invoiced | line_amount | known_at
                plain           | I1         | RG/007-410     | acme        | north   | L1         | 1                 | 10          | 2026-02-01
                other           | I2         | RG/007-411     | acme        | north   | L2         | 1                 | 20          | 2026-02-02
                copied          | I3         | rg7 41O copy   | acme        | south   |            | 1                 | 30          | 2026-02-03
                nameless        | I4         | 000            | acme        | south   |            | 1                 | 40          | 2026-02-04
                unnamed         | I5         | COPY           | acme        | south   |            | 1                 | 50          | 2026-02-05 """,
            ),
            MISMATCH,
        ),
        "earlier_invoices",
        """
        ask_id | invoice_line_id | invoice_id | supplier_id
        copied | plain           | I1         | acme """,
    )


def test_a_supplier_with_the_same_account_is_searched_for_the_number_once_that_is_known() -> None:
    suppliers = """
        supplier_id | bank_account | vat_id | known_at
        acme        | A1           | V1     | 2026-01-01
        acme-north  | A1           | V2     | 2026-01-01
        acme-south  | A3           | V1     | 2026-02-20
        bolts       | A4           | V4     | 2026-01-01 """
    invoices = """
        invoice_line_id | invoice_id | invoice_number | supplier_id | site_id | quantity_invoiced | line_amount | known_at
        by-account      | I1         | 9              | acme-north  | north   | 1                 | 10          | 2026-02-01
        by-tax-number   | I2         | 9              | acme-south  | north   | 1                 | 20          | 2026-02-02
        by-none         | I3         | 9              | bolts       | north   | 1                 | 30          | 2026-02-03
        same-amount     | I4         | 8              | acme-north  | north   | 1                 | 30          | 2026-02-03
        asked           | I5         | 9              | acme        | north   | 1                 | 30          | 2026-02-10
        asked-later     | I6         | 09             | acme        | north   | 1                 | 40          | 2026-02-21 """
    found = query_asks(store(invoices=invoices, suppliers=suppliers), MISMATCH)
    of_acme = found.children["earlier_invoices"]
    ids = found.frame["ask_id"].to_numpy()[of_acme["row"].to_numpy()]
    pairs = sorted(zip(ids, of_acme["invoice_line_id"], of_acme["supplier_id"], strict=True))
    assert [pair for pair in pairs if pair[0].startswith("asked")] == [
        ("asked", "by-account", "acme-north"),
        ("asked-later", "asked", "acme"),
        ("asked-later", "by-account", "acme-north"),
        ("asked-later", "by-tax-number", "acme-south"),
    ]


def test_packs_of_the_supplier_lead_over_those_of_all_suppliers() -> None:
    expect_children(
        query_asks(
            store(
                invoices=INVOICES,
                purchase_orders=ORDERS,
                item_units="""
                item_id | supplier_id | unit | base_units | known_at
                bolt    |             | XCS  | 10         | 2026-01-01
                bolt    | acme        | XCS  | 12         | 2026-02-04
                bolt    | bolts       | XCS  | 99         | 2026-01-01
                bolt    |             | XPX  | 480        | 2026-01-01
                nut     |             | XCS  | 7          | 2026-01-01 """,
            ),
            MISMATCH,
        ),
        "item_units",
        """
        ask_id | unit | base_units
        a      | XCS  | 10
        a      | XPX  | 480
        c      | XPX  | 480
        c      | XCS  | 12 """,
    )


def test_the_site_says_its_clocks_and_whose_tax_law_applies() -> None:
    found = query_asks(
        store(
            invoices=INVOICES.replace("north   | L2", "south   | L2"),
            sites="""
            site_id | site_name | country | tax_jurisdiction | time_zone        | known_at
            north   | Kiel      | DE      |                  | Europe/Berlin    | 2026-01-01
            south   | Austin    | US      | US-TX            | America/Chicago  | 2026-02-05 """,
        ),
        MISMATCH,
    )
    expect_asks(
        found,
        """
        ask_id | site_name | tax_jurisdiction | time_zone
        a      | Kiel      | DE               | Europe/Berlin
        b      | Kiel      | DE               | Europe/Berlin
        c      | Kiel      | DE               | Europe/Berlin
        d      | Austin    | US-TX            | America/Chicago """,
    )


OUTCOMES = """
    invoice_line_id | exception_class | resolution       | known_at
    a               | PRICE_VARIANCE  | PO_AMENDED       | 2026-02-09
    b               | CLEAN           | NONE_NEEDED      | 2026-04-01
    c               |                 | RECEIPT_ARRIVES  | 2026-03-01 """


def test_a_class_matures_when_it_is_known_but_never_before_the_horizon_is_over() -> None:
    tables = store(invoices=INVOICES, invoice_outcomes=OUTCOMES)
    found = query_asks(tables, MISMATCH)
    expect_labels(
        found,
        label_asks(tables, found, MISMATCH),
        """
        ask_id | label | matured_at
        -------+-------+-----------------
        a      | 1     | 2026-03-05 10:15
        b      | 0     | 2026-04-01
        c      | -1    |
        d      | -1    | """,
    )


def test_an_exception_whose_horizon_is_not_over_when_the_data_end_has_no_label() -> None:
    tables = store(
        invoices=INVOICES,
        invoice_outcomes="""
        invoice_line_id | exception_class | resolution | known_at
        a               | PRICE_VARIANCE  | PO_AMENDED | 2026-02-09
        b               | PRICE_VARIANCE  | PO_AMENDED | 2026-03-06 """,
    )
    found = query_asks(tables, MISMATCH)
    expect_labels(
        found,
        label_asks(tables, found, MISMATCH),
        """
        ask_id | label | matured_at
        a      | 1     | 2026-03-05 10:15
        b      | -1    |
        c      | -1    |
        d      | -1    | """,
    )


def test_another_column_can_tell_the_class_through_a_map() -> None:
    tables = store(invoices=INVOICES, invoice_outcomes=OUTCOMES)
    found = query_asks(tables, MISMATCH)
    classes = {
        "NONE_NEEDED": "CLEAN",
        "PO_AMENDED": "PRICE_VARIANCE",
        "RECEIPT_ARRIVES": "NO_RECEIPT",
    }
    expect_labels(
        found,
        label_asks(tables, found, MISMATCH, told_by="resolution", classes=classes),
        """
        ask_id | label
        a      | 1
        b      | 0
        c      | 2
        d      | -1 """,
    )


def test_an_outcome_that_is_no_class_of_the_task_is_an_error_that_names_the_choices() -> None:
    outcomes = OUTCOMES.replace("CLEAN", "DUPLICATE")
    tables = store(invoices=INVOICES, invoice_outcomes=outcomes)
    with pytest.raises(ValueError) as error:
        label_asks(tables, query_asks(tables, MISMATCH), MISMATCH)
    assert str(error.value) == (
        "exception_class 'DUPLICATE' of an invoice outcome is no class of invoice_mismatch; "
        "it takes CLEAN, PRICE_VARIANCE, NO_RECEIPT"
    )


def test_open_lines_were_booked_in_the_last_week_and_have_no_known_outcome() -> None:
    tables = store(invoices=INVOICES, invoice_outcomes=OUTCOMES)
    expect_asks(
        query_open_asks(tables, MISMATCH, datetime(2026, 2, 8, 10, 0, tzinfo=UTC)),
        """
        ask_id | asked_at
        a      | 2026-02-03 10:15
        b      | 2026-02-08 10:00
        c      | 2026-02-08 10:00
        d      | 2026-02-08 10:00 """,
    )
    expect_asks(
        query_open_asks(tables, MISMATCH, datetime(2026, 2, 9, 10, 0, tzinfo=UTC)),
        """
        ask_id | asked_at
        b      | 2026-02-08 10:00
        c      | 2026-02-08 10:00
        d      | 2026-02-08 10:00 """,
    )
    expect_asks(
        query_open_asks(tables, MISMATCH, datetime(2026, 2, 15, 10, 1, tzinfo=UTC)),
        """
        ask_id | asked_at """,
    )
