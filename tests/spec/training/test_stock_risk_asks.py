"""Which reports of stock are asked about, what was on order, and when it ended short."""

from datetime import UTC, datetime

import pytest

from models.tasks.stock_risk import STOCK_RISK
from tests.spec.training.ask_tables import expect_asks, expect_children, expect_labels, store, task
from tests.support.synthetic_recommendations import CATALOGUE, POLICY, example_fields
from training.tasks.stock_risk.asks import query_asks, query_open_asks
from training.tasks.stock_risk.labels import label_asks

SERVED = CATALOGUE[STOCK_RISK.name]
RISK = task(STOCK_RISK.name, horizon_days=14)

LEVELS = """
    site_id | item_id | on_hand | active | average_demand | happened_at      | known_at
    --------+---------+---------+--------+----------------+------------------+-----------------
    north   | bolt    | 9       | yes    | 2              | 2026-02-01 20:00 | 2026-02-01 20:00
    north   | bolt    | 5       |        | 2              | 2026-02-08 20:00 | 2026-02-09 00:00
    north   | nut     | 0       | no     |                | 2026-02-08 20:00 | 2026-02-09 00:00
    north   | bolt    | 0       | yes    | 2              | 2026-02-16 20:00 | 2026-02-16 20:00
    north   | nut     | 0       | no     |                | 2026-03-30 20:00 | 2026-03-30 20:00 """


def test_a_report_is_asked_about_at_the_midnight_after_it_was_known() -> None:
    expect_asks(
        query_asks(store(stock_levels=LEVELS), RISK),
        """
        ask_id                | asked_at   | group      | on_hand
        ----------------------+------------+------------+--------
        north/bolt@2026-02-02 | 2026-02-02 | north/bolt | 9
        north/bolt@2026-02-10 | 2026-02-10 | north/bolt | 5
        north/bolt@2026-02-17 | 2026-02-17 | north/bolt | 0 """,
    )


def test_money_at_risk_is_what_is_short_at_worst_at_a_cost_that_was_known() -> None:
    items = """
        item_id | unit_cost | currency | known_at
        bolt    | 3         | EUR      | 2026-02-09 12:00 """
    expect_asks(
        query_asks(store(stock_levels=LEVELS, items=items), RISK),
        """
        ask_id                | unit_cost | money_at_risk
        north/bolt@2026-02-02 |           |
        north/bolt@2026-02-10 | 3         | 69
        north/bolt@2026-02-17 | 3         | 84 """,
    )


AT_STAKE = [
    # on hand, backordered, demand a day, 10 due within the horizon: expected, or in which state
    (50, None, 2, None, 0),
    (30, None, 2, "open", 0),
    (20, None, 2, "open", 16),  # 8 short if the 10 that are due did not come
    (20, 5, 2, "cancelled", 26),
    (20, 5, 2, "open", 26 - 20),
    (-5, 5, 0, None, 10),
    (-5, None, None, None, 10),
    (5, None, None, None, None),
    (0, None, None, None, None),
    (0, None, 0, None, 0),
]


@pytest.mark.parametrize(("on_hand", "backordered", "demand", "due", "money"), AT_STAKE)
def test_training_and_service_put_the_same_money_at_risk(
    on_hand: int, backordered: int | None, demand: int | None, due: str | None, money: int | None
) -> None:
    tables = store(
        stock_levels=f"""
        site_id | item_id | on_hand   | backordered         | average_demand  | known_at
        north   | bolt    | {on_hand} | {cell(backordered)} | {cell(demand)}  | 2026-02-01 """,
        items="""
        item_id | unit_cost | currency | known_at
        bolt    | 2         | EUR      | 2026-01-01 """,
        purchase_orders=f"""
        po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | line_state | known_at
        line       | PO1   | north   | acme        | bolt    | {10 if due else 0} | 2026-02-08 | {due or "open"} | 2026-01-01 """,
    )
    expected = "" if money is None else money
    expect_asks(query_asks(tables, RISK), f"money_at_risk | on_hand\n{expected} | {on_hand}")
    row = {"quantity_open": 10, "promised_at": "2026-02-08T00:00:00Z", "line_state": due}
    case = example_fields(
        STOCK_RISK.name,
        on_hand=on_hand,
        backordered=backordered,
        average_demand=demand,
        unit_cost=2,
        asked_at="2026-02-02T00:00:00Z",
        scheduled_receipts=[row | {"known_at": "2026-01-01T00:00:00Z"}] if due else [],
    )
    findings = SERVED.rules(case, POLICY, case["asked_at"])
    assert SERVED.amount_at_risk(case, findings)[0] == money


def cell(value: int | None) -> str:
    return "" if value is None else str(value)


def test_the_later_of_two_reports_known_on_one_day_is_the_ask() -> None:
    levels = """
        site_id | item_id | on_hand | happened_at      | known_at
        north   | bolt    | 9       | 2026-02-01 08:00 | 2026-02-03 20:00
        north   | bolt    | 4       | 2026-02-02 08:00 | 2026-02-03 20:00 """
    expect_asks(
        query_asks(store(stock_levels=levels), RISK),
        """
        ask_id                | on_hand
        north/bolt@2026-02-04 | 4 """,
    )


def test_scheduled_receipts_are_what_was_ordered_and_had_not_come_as_known_then() -> None:
    tables = store(
        stock_levels=LEVELS,
        purchase_orders="""
        po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | known_at
        whole      | PO1   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01
        part       | PO2   | north   | acme        | bolt    | 10               | 2026-02-12  | 2026-01-20
        elsewhere  | PO3   | south   | acme        | bolt    | 10               | 2026-02-12  | 2026-01-20
        younger    | PO4   | north   | acme        | bolt    | 10               | 2026-03-12  | 2026-02-10 00:01 """,
        receipts="""
        po_line_id | quantity_received | known_at
        part       | 4                 | 2026-02-10
        part       | 6                 | 2026-02-17 """,
    )
    expect_children(
        query_asks(tables, RISK),
        "scheduled_receipts",
        """
        ask_id                | quantity_open | promised_at | known_at
        ----------------------+---------------+-------------+-----------------
        north/bolt@2026-02-02 | 10            | 2026-02-12  | 2026-01-20
        north/bolt@2026-02-02 | 10            | 2026-02-20  | 2026-02-01
        north/bolt@2026-02-10 | 6             | 2026-02-12  | 2026-01-20
        north/bolt@2026-02-10 | 10            | 2026-02-20  | 2026-02-01
        north/bolt@2026-02-17 | 10            | 2026-02-20  | 2026-02-01
        north/bolt@2026-02-17 | 10            | 2026-03-12  | 2026-02-10 00:01 """,
    )


def test_an_empty_shelf_or_a_short_line_within_the_horizon_is_a_stock_out() -> None:
    levels = """
        site_id | item_id | on_hand | happened_at | known_at
        --------+---------+---------+-------------+-----------------
        north   | full    | 9       | 2026-02-01  | 2026-02-01
        north   | full    | 8       | 2026-02-16  | 2026-02-16
        north   | full    | 0       | 2026-02-17  | 2026-02-17
        north   | empty   | 9       | 2026-02-01  | 2026-02-01
        north   | empty   | 0       | 2026-02-16  | 2026-02-16
        north   | short   | 9       | 2026-02-01  | 2026-02-01
        north   | unseen  | 0       | 2026-02-01  | 2026-02-01 """
    lines = """
        site_id | item_id | quantity_demanded | quantity_short | happened_at      | known_at
        north   | short   | 5                 | 1              | 2026-02-16       | 2026-02-20 00:00
        north   | full    | 5                 | 1              | 2026-02-02       | 2026-02-02 00:00
        north   | full    | 5                 | 1              | 2026-02-16 00:01 | 2026-02-16 00:01
        south   | full    | 5                 | 1              | 2026-02-05       | 2026-02-05 00:00 """
    tables = store(stock_levels=levels, order_lines=lines)
    found = query_asks(tables, RISK, until=datetime(2026, 2, 3, tzinfo=UTC))
    expect_labels(
        found,
        label_asks(tables, found, RISK),
        """
        ask_id                  | label | matured_at
        ------------------------+-------+-----------
        north/empty@2026-02-02  | 1     | 2026-02-16
        north/full@2026-02-02   | 0     | 2026-02-16
        north/short@2026-02-02  | 1     | 2026-02-20
        north/unseen@2026-02-02 | -1    | """,
    )


def test_a_horizon_that_is_not_over_when_the_data_end_has_no_label_even_if_short() -> None:
    levels = """
        site_id | item_id | on_hand | happened_at | known_at
        north   | empty   | 9       | 2026-02-01  | 2026-02-01
        north   | empty   | 0       | 2026-02-10  | 2026-02-15 """
    tables = store(stock_levels=levels)
    found = query_asks(tables, RISK, until=datetime(2026, 2, 3, tzinfo=UTC))
    expect_labels(
        found,
        label_asks(tables, found, RISK),
        """
        ask_id                 | label | matured_at
        north/empty@2026-02-02 | -1    | """,
    )


def test_monthly_reports_have_exactly_one_report_in_a_horizon_of_31_days() -> None:
    levels = """
        site_id | item_id | on_hand | happened_at      | known_at
        north   | bolt    | 9       | 2026-01-31 23:00 | 2026-01-31 23:00
        north   | bolt    | 0       | 2026-02-28 23:00 | 2026-02-28 23:00
        north   | bolt    | 5       | 2026-03-31 23:00 | 2026-03-31 23:00
        north   | bolt    | 0       | 2026-04-30 23:00 | 2026-04-30 23:00
        north   | bolt    | 0       | 2026-05-31 23:00 | 2026-05-31 23:00 """
    tables, monthly = store(stock_levels=levels), task(STOCK_RISK.name, horizon_days=31)
    found = query_asks(tables, monthly)
    expect_labels(
        found,
        label_asks(tables, found, monthly),
        """
        ask_id                | label | matured_at
        north/bolt@2026-02-01 | 1     | 2026-03-04
        north/bolt@2026-03-01 | 0     | 2026-04-01
        north/bolt@2026-04-01 | 1     | 2026-05-02
        north/bolt@2026-05-01 | -1    |
        north/bolt@2026-06-01 | -1    | """,
    )


def test_open_asks_are_the_latest_known_reports_of_items_that_are_carried() -> None:
    levels = """
        site_id | item_id | on_hand | active | happened_at      | known_at
        north   | bolt    | 9       | yes    | 2026-01-31 23:00 | 2026-01-31 23:00
        north   | bolt    | 4       | yes    | 2026-02-07 23:00 | 2026-02-09 23:00
        north   | dropped | 4       | yes    | 2026-01-31 23:00 | 2026-01-31 23:00
        north   | dropped | 0       | no     | 2026-02-07 23:00 | 2026-02-07 23:00 """
    expect_asks(
        query_open_asks(store(stock_levels=levels), RISK, datetime(2026, 2, 8, 9, tzinfo=UTC)),
        """
        ask_id                | asked_at         | on_hand
        north/bolt@2026-02-08 | 2026-02-08 09:00 | 9 """,
    )


def test_what_is_cancelled_or_closed_is_no_cover_once_that_is_known_and_a_reversal_is() -> None:
    levels = """
        site_id | item_id | on_hand | known_at
        north   | bolt    | 9       | 2026-02-01 20:00
        north   | bolt    | 5       | 2026-02-08 20:00 """
    tables = store(
        stock_levels=levels,
        purchase_orders="""
        po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | known_at   | line_state   | state_known_at
        cancelled  | PO1   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01 | cancelled    | 2026-02-05
        short      | PO2   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01 | closed_short | 2026-02-05
        deleted    | PO3   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01 |              |
        mistaken   | PO4   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01 |              |
        part       | PO5   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01 | open         | """,
        supplier_events="""
        po_line_id | event_kind      | ack_status | known_at
        deleted    | acknowledgement | ID         | 2026-02-05 """,
        receipts="""
        po_line_id | quantity_received | posting_kind | known_at
        mistaken   | 10                | receipt      | 2026-02-01 09:00
        mistaken   | 10                | reversal     | 2026-02-05
        short      | 4                 | receipt      | 2026-02-01 09:00
        part       | 4                 | receipt      | 2026-02-01 09:00 """,
    )
    expect_children(
        query_asks(tables, RISK),
        "scheduled_receipts",
        """
        ask_id                | po_line_id | quantity_open
        north/bolt@2026-02-02 | cancelled  | 10
        north/bolt@2026-02-02 | deleted    | 10
        north/bolt@2026-02-02 | part       | 6
        north/bolt@2026-02-02 | short      | 6
        north/bolt@2026-02-09 | mistaken   | 10
        north/bolt@2026-02-09 | part       | 6 """,
    )


def test_a_horizon_includes_its_last_day_at_the_site() -> None:
    levels = """
        site_id | item_id | on_hand | happened_at      | known_at
        berlin  | in time | 9       | 2026-02-01       | 2026-02-01
        berlin  | in time | 0       | 2026-02-16 22:59 | 2026-02-16 22:59
        berlin  | after   | 9       | 2026-02-01       | 2026-02-01
        berlin  | after   | 8       | 2026-02-16 22:00 | 2026-02-16 22:00
        berlin  | after   | 0       | 2026-02-16 23:01 | 2026-02-16 23:01
        chicago | in time | 9       | 2026-02-01       | 2026-02-01
        chicago | in time | 0       | 2026-02-16 05:59 | 2026-02-16 05:59
        chicago | after   | 9       | 2026-02-01       | 2026-02-01
        chicago | after   | 8       | 2026-02-16 05:00 | 2026-02-16 05:00
        chicago | after   | 0       | 2026-02-16 06:01 | 2026-02-18 06:01 """
    sites = """
        site_id | time_zone       | known_at
        berlin  | Europe/Berlin   | 2025-01-01
        chicago | America/Chicago | 2025-01-01 """
    tables = store(stock_levels=levels, sites=sites)
    found = query_asks(tables, RISK, until=datetime(2026, 2, 3, tzinfo=UTC))
    expect_labels(
        found,
        label_asks(tables, found, RISK),
        """
        ask_id                     | label | matured_at
        berlin/after@2026-02-02    | 0     | 2026-02-16 23:00
        berlin/in time@2026-02-02  | 1     | 2026-02-16 23:00
        chicago/after@2026-02-02   | 0     | 2026-02-16 06:00
        chicago/in time@2026-02-02 | 1     | 2026-02-16 06:00 """,
    )
