"""Which open order lines are asked about, when, and what was known of them."""

from datetime import UTC, datetime

from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.spec.training.ask_tables import expect_asks, expect_children, expect_labels, store, task
from training.dataset.builder import AsOfStore
from training.tasks.supplier_delay.asks import query_asks, query_open_asks
from training.tasks.supplier_delay.labels import label_asks

DELAY = task(SUPPLIER_DELAY.name)

LINES = """
    po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at      | known_at
    -----------+-------+---------+-------------+---------+------------------+------------------+-----------------
    kept       | PO1   | north   | acme        | bolt    | 10               | 2026-02-20       | 2026-02-01 09:00
    late       | PO2   | north   | acme        | bolt    | 10               | 2026-02-20 16:00 | 2026-02-01 00:00
    never      | PO3   | north   | acme        | bolt    | 10               | 2026-02-20       | 2026-02-01 09:00
    undated    | PO4   | north   | acme        | bolt    | 10               |                  | 2026-02-01 09:00 """

RECEIPTS = """
    po_line_id | quantity_received | final | happened_at      | known_at
    -----------+-------------------+-------+------------------+-----------------
    kept       | 10                |       | 2026-02-12       | 2026-02-12 10:00
    late       | 4                 |       | 2026-02-12       | 2026-02-13 00:00
    late       | 6                 |       | 2026-02-22 08:00 | 2026-02-25 08:00
    never      | 3                 |       | 2026-02-13       | 2026-02-13 00:01
    other      | 1                 |       | 2026-03-01       | 2026-03-01 00:00 """


def test_a_line_is_asked_about_when_ordered_and_before_its_promise_while_it_is_open() -> None:
    found = query_asks(store(purchase_orders=LINES, receipts=RECEIPTS), DELAY)
    expect_asks(
        found,
        """
        ask_id            | asked_at   | group
        ------------------+------------+------
        kept@2026-02-02   | 2026-02-02 | PO1
        late@2026-02-02   | 2026-02-02 | PO2
        never@2026-02-02  | 2026-02-02 | PO3
        late@2026-02-13   | 2026-02-13 | PO2
        never@2026-02-13  | 2026-02-13 | PO3
        late@2026-02-18   | 2026-02-18 | PO2
        never@2026-02-18  | 2026-02-18 | PO3 """,
    )


def test_an_ask_sees_only_receipts_known_by_then_and_the_same_moment_counts() -> None:
    found = query_asks(store(purchase_orders=LINES, receipts=RECEIPTS), DELAY)
    expect_children(
        found,
        "receipts",
        """
        ask_id           | quantity_received | known_at
        -----------------+-------------------+-----------------
        late@2026-02-13  | 4                 | 2026-02-13
        late@2026-02-18  | 4                 | 2026-02-13
        never@2026-02-18 | 3                 | 2026-02-13 00:01 """,
    )


def test_a_line_promised_within_a_day_of_its_order_is_asked_about_once() -> None:
    lines = """
        po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | known_at
        rush       | PO1   | north   | acme        | bolt    | 10               | 2026-02-04  | 2026-02-01 09:00 """
    expect_asks(
        query_asks(store(purchase_orders=lines), DELAY),
        """
        ask_id          | asked_at
        rush@2026-02-02 | 2026-02-02 """,
    )


def test_labels_mature_when_the_promise_is_over_and_not_before_the_receipt_is_known() -> None:
    tables = store(purchase_orders=LINES, receipts=RECEIPTS)
    found = query_asks(tables, DELAY, until=datetime(2026, 2, 3, tzinfo=UTC))
    expect_labels(
        found,
        label_asks(tables, found, DELAY),
        """
        ask_id           | label | target | matured_at
        -----------------+-------+--------+-----------------
        kept@2026-02-02  | 0     | -8     | 2026-02-21
        late@2026-02-02  | 1     | 2      | 2026-02-25 08:00
        never@2026-02-02 | 1     |        | 2026-02-21 """,
    )


def test_late_lines_and_punctual_ones_mature_together_once_labels_have_settled() -> None:
    tables = store(purchase_orders=LINES, receipts=RECEIPTS)
    settling = task(SUPPLIER_DELAY.name, settle_days=5)
    found = query_asks(tables, settling, until=datetime(2026, 2, 3, tzinfo=UTC))
    expect_labels(
        found,
        label_asks(tables, found, settling),
        """
        ask_id           | label | target | matured_at
        -----------------+-------+--------+-----------
        kept@2026-02-02  | 0     | -8     | 2026-02-26
        late@2026-02-02  | 1     | 2      | 2026-02-26
        never@2026-02-02 | 1     |        | 2026-02-26 """,
    )


def test_days_within_the_tolerance_are_on_time_and_delay_the_label() -> None:
    tables = store(purchase_orders=LINES, receipts=RECEIPTS)
    tolerant = task(SUPPLIER_DELAY.name, tolerance_days=2)
    found = query_asks(tables, tolerant, until=datetime(2026, 2, 3, tzinfo=UTC))
    expect_labels(
        found,
        label_asks(tables, found, tolerant),
        """
        ask_id           | label | target | matured_at
        -----------------+-------+--------+-----------------
        kept@2026-02-02  | 0     | -8     | 2026-02-23
        late@2026-02-02  | 0     | 2      | 2026-02-25 08:00
        never@2026-02-02 | 1     |        | 2026-02-23 """,
    )


def test_an_open_line_whose_promise_is_not_over_when_the_data_end_has_no_label() -> None:
    receipts = RECEIPTS.replace("2026-03-01", "2026-02-20")
    tables = store(purchase_orders=LINES, receipts=receipts.replace("2026-02-25", "2026-02-20"))
    found = query_asks(tables, DELAY, until=datetime(2026, 2, 3, tzinfo=UTC))
    expect_labels(
        found,
        label_asks(tables, found, DELAY),
        """
        ask_id           | label | target | matured_at
        -----------------+-------+--------+-----------
        kept@2026-02-02  | -1    |        |
        late@2026-02-02  | -1    |        |
        never@2026-02-02 | -1    |        | """,
    )


def test_a_final_receipt_completes_a_line_and_a_cancelled_one_does_not() -> None:
    lines = """
        po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | known_at
        closed     | PO1   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01
        corrected  | PO2   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01 """
    receipts = """
        po_line_id | quantity_received | final | happened_at
        closed     | 7                 | yes   | 2026-02-21
        corrected  | 6                 |       | 2026-02-10
        corrected  | -6                |       | 2026-02-10
        corrected  | 6                 |       | 2026-02-12
        corrected  | 4                 |       | 2026-02-24
        other      | 1                 |       | 2026-03-01 """
    tables = store(purchase_orders=lines, receipts=receipts)
    found = query_asks(tables, DELAY, until=datetime(2026, 2, 3, tzinfo=UTC))
    expect_labels(
        found,
        label_asks(tables, found, DELAY),
        """
        ask_id               | label | target
        closed@2026-02-02    | 1     | 1
        corrected@2026-02-02 | 1     | 4 """,
    )


def test_lines_of_one_shipment_are_one_group() -> None:
    lines = """
        po_line_id | po_id | shipment_id | site_id | supplier_id | item_id | quantity_ordered | line_value | po_unit_price | promised_at | known_at
        a          | PO1   | ship        | north   | acme        | bolt    | 10               | 250        |               | 2026-02-04  | 2026-02-01
        b          | PO2   | ship        | north   | acme        | bolt    | 10               |            | 3             | 2026-02-04  | 2026-02-01 """
    expect_asks(
        query_asks(store(purchase_orders=lines), DELAY),
        """
        ask_id       | group | money_at_risk
        a@2026-02-02 | ship  | 250
        b@2026-02-02 | ship  | 30 """,
    )


def test_open_lines_are_those_overdue_by_a_month_or_promised_within_three_weeks() -> None:
    tables = store(
        purchase_orders="""
        po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | known_at
        forgotten  | PO1   | north   | acme        | bolt    | 10               | 2026-01-01  | 2025-10-01
        overdue    | PO1   | north   | acme        | bolt    | 10               | 2026-01-02  | 2025-10-01
        soon       | PO2   | north   | acme        | bolt    | 10               | 2026-02-22  | 2026-01-01
        far        | PO3   | north   | acme        | bolt    | 10               | 2026-02-23  | 2026-01-01
        received   | PO4   | north   | acme        | bolt    | 10               | 2026-02-02  | 2026-01-01
        later      | PO5   | north   | acme        | bolt    | 10               | 2026-02-02  | 2026-02-01 10:01 """,
        receipts="""
        po_line_id | quantity_received | happened_at | known_at
        received   | 10                | 2026-01-30  | 2026-02-01 10:00
        soon       | 10                | 2026-02-01  | 2026-02-01 10:01 """,
    )
    expect_asks(
        query_open_asks(tables, DELAY, datetime(2026, 2, 1, 10, 0, tzinfo=UTC)),
        """
        ask_id             | asked_at
        overdue@2026-02-01 | 2026-02-01 10:00
        soon@2026-02-01    | 2026-02-01 10:00 """,
    )


SITES = """
    site_id | time_zone       | site_name | known_at
    berlin  | Europe/Berlin   | Hamburg   | 2025-01-01
    chicago | America/Chicago | Chicago   | 2025-01-01 """


def test_a_delay_is_counted_in_days_at_the_site_and_matures_when_the_day_is_over_there() -> None:
    lines = """
        po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | known_at
        by day     | PO1   | berlin  | acme        | bolt    | 10               | 2026-04-01  | 2026-03-20
        next day   | PO2   | berlin  | acme        | bolt    | 10               | 2026-04-01  | 2026-03-20
        evening    | PO3   | chicago | acme        | bolt    | 10               | 2026-03-31  | 2026-03-20 """
    receipts = """
        po_line_id | quantity_received | happened_at
        by day     | 10                | 2026-04-01 21:59
        next day   | 10                | 2026-04-01 22:00
        evening    | 10                | 2026-04-01 00:30
        other      | 1                 | 2026-05-01 """
    tables = store(purchase_orders=lines, receipts=receipts, sites=SITES)
    found = query_asks(tables, DELAY, until=datetime(2026, 3, 22, tzinfo=UTC))
    expect_labels(
        found,
        label_asks(tables, found, DELAY),
        """
        ask_id              | label | target | matured_at
        --------------------+-------+--------+-----------------
        by day@2026-03-21   | 0     | 0      | 2026-04-01 22:00
        evening@2026-03-21  | 0     | 0      | 2026-04-01 05:00
        next day@2026-03-21 | 1     | 1      | 2026-04-01 22:00 """,
    )


def test_a_promise_at_midnight_is_asked_about_before_that_day_in_any_zone() -> None:
    lines = """
        po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at      | known_at
        day        | PO1   | chicago | acme        | bolt    | 10               | 2026-04-10       | 2026-04-01
        moment     | PO2   | berlin  | acme        | bolt    | 10               | 2026-04-09 22:00 | 2026-04-01 """
    tables = store(purchase_orders=lines, sites=SITES)
    expect_asks(
        query_asks(tables, DELAY, since=datetime(2026, 4, 3, tzinfo=UTC)),
        """
        ask_id            | time_zone       | site_name
        day@2026-04-03    | America/Chicago | Chicago
        moment@2026-04-03 | Europe/Berlin   | Hamburg
        day@2026-04-08    | America/Chicago | Chicago
        moment@2026-04-08 | Europe/Berlin   | Hamburg """,
    )


STATES = """
    po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | known_at   | line_state   | state_known_at
    cancelled  | PO1   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01 | cancelled    | 2026-02-14
    deleted    | PO2   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01 |              |
    short      | PO3   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01 | closed_short | 2026-02-25
    none       | PO4   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01 | closed_short | 2026-02-14
    open       | PO5   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01 | open         | """


def test_a_line_that_was_cancelled_deleted_or_closed_has_no_label_and_is_asked_about_until_then() -> (
    None
):
    tables = store(
        purchase_orders=STATES,
        supplier_events="""
        po_line_id | event_kind   | event_quantity | known_at
        deleted    | order_change | 0              | 2026-02-14 """,
        receipts="""
        po_line_id | quantity_received | happened_at
        cancelled  | 4                 | 2026-02-10
        short      | 9                 | 2026-02-22
        other      | 1                 | 2026-03-01 """,
    )
    found = query_asks(tables, DELAY)
    expect_labels(
        found,
        label_asks(tables, found, DELAY),
        """
        ask_id               | label | target
        cancelled@2026-02-02 | -1    |
        deleted@2026-02-02   | -1    |
        none@2026-02-02      | -1    |
        open@2026-02-02      | 1     |
        short@2026-02-02     | 1     | 2
        cancelled@2026-02-13 | -1    |
        deleted@2026-02-13   | -1    |
        none@2026-02-13      | -1    |
        open@2026-02-13      | 1     |
        short@2026-02-13     | 1     | 2
        open@2026-02-18      | 1     |
        short@2026-02-18     | 1     | 2 """,
    )
    assert set(found.frame["line_state"].dropna()) == {"open"}


def test_a_state_known_later_is_not_known_to_a_training_set_of_before() -> None:
    tables = AsOfStore(store(purchase_orders=STATES), datetime(2026, 2, 14, tzinfo=UTC))
    states = tables.table("purchase_orders").to_pandas().set_index("po_line_id")["line_state"]
    assert states.dropna().to_dict() == {"open": "open"}


def test_a_posting_that_was_reversed_is_no_arrival() -> None:
    lines = """
        po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | known_at
        mistaken   | PO1   | berlin  | acme        | bolt    | 10               | 2026-03-01  | 2026-02-01
        control    | PO2   | berlin  | acme        | bolt    | 10               | 2026-03-01  | 2026-02-01
        returned   | PO3   | berlin  | acme        | bolt    | 10               | 2026-03-01  | 2026-02-01
        undone     | PO4   | berlin  | acme        | bolt    | 10               | 2026-03-01  | 2026-02-01 """
    receipts = """
        po_line_id | quantity_received | posting_kind | happened_at      | known_at
        mistaken   | 10                |              | 2026-02-27       | 2026-02-27 10:00
        mistaken   | -10               |              | 2026-02-27       | 2026-02-27 13:00
        mistaken   | 10                |              | 2026-03-20       | 2026-03-20 10:00
        control    | 10                |              | 2026-03-20       | 2026-03-20 10:00
        returned   | 10                | receipt      | 2026-02-27       | 2026-02-27 10:00
        returned   | -10               | return       | 2026-03-10       | 2026-03-10 13:00
        undone     | 10                | receipt      | 2026-02-27       | 2026-02-27 10:00
        undone     | 10                | reversal     | 2026-03-10       | 2026-03-10 13:00
        other      | 1                 |              | 2026-04-01       | 2026-04-01 00:00 """
    tables = store(purchase_orders=lines, receipts=receipts, sites=SITES)
    found = query_asks(tables, DELAY, until=datetime(2026, 2, 3, tzinfo=UTC))
    expect_labels(
        found,
        label_asks(tables, found, DELAY),
        """
        ask_id              | label | target
        control@2026-02-02  | 1     | 19
        mistaken@2026-02-02 | 1     | 19
        returned@2026-02-02 | 0     | -2
        undone@2026-02-02   | 1     | """,
    )
    asked = query_asks(tables, DELAY, since=datetime(2026, 2, 27, tzinfo=UTC))
    expect_asks(
        asked,
        """
        ask_id
        control@2026-02-27
        mistaken@2026-02-27
        returned@2026-02-27
        undone@2026-02-27 """,
    )
