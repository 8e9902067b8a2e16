"""When an order line counts as open, overdue and delivered: days at the site, states, reversals."""

import pytest

from data.contracts.suppliers import SUPPLIER_ID
from features.history.deliveries import deliveries_by
from features.history.order_book import order_book_by
from features.history.stream import Stream
from tests.spec.paths import Asking, Tables
from tests.spec.tables import expect

pytestmark = pytest.mark.slow(20)

BOOK = order_book_by("book", SUPPLIER_ID, windows=(28,))
DELIVERED = deliveries_by("came", SUPPLIER_ID, windows=(28,), last=("delay_days",))

SITES = """
    site_id | time_zone        | known_at
    berlin  | Europe/Berlin    | 2025-01-01
    chicago | America/Chicago  | 2025-01-01 """


def past(ask: Asking, stream: Stream, tables: Tables, days: str, expected: str) -> None:
    asks = "\n".join(
        ["supplier_id | as_of", *(f"acme | {day.strip()}" for day in days.strip().splitlines())]
    )
    expect(ask.past([stream], {"sites": SITES} | tables, asks), expected)


def line(promised: str, site: str = "berlin", more: str = "", value: str = "") -> str:
    """One order line of ten bolts from acme; `more` names further columns, `value` their cells."""
    return f"""
        po_line_id | po_id | supplier_id | site_id | item_id | quantity_ordered | promised_at | happened_at {more and "| " + more}
        a          | 1     | acme        | {site}  | bolt    | 10               | {promised}  | 2026-01-01  {value and "| " + value}"""


RECEIPT = "po_line_id | quantity_received | posting_kind | happened_at | known_at"


@pytest.mark.parametrize(
    ("site", "promised", "came", "late", "delay"),
    [
        ("berlin", "2026-04-01 00:00", "2026-04-01 08:00", 0, 0),
        ("berlin", "2026-04-01 00:00", "2026-04-01 21:59", 0, 0),
        ("berlin", "2026-04-01 00:00", "2026-04-01 22:00", 1, 1),
        ("chicago", "2026-03-31 00:00", "2026-04-01 00:30", 0, 0),
        ("chicago", "2026-03-31 00:00", "2026-04-01 05:00", 1, 1),
        ("chicago", "2026-03-31 05:00", "2026-04-01 04:59", 0, 0),
        # The day on which clocks go forward has 23 hours.
        ("berlin", "2026-03-29 00:00", "2026-03-29 22:00", 1, 1),
        ("unheard of", "2026-04-01 00:00", "2026-04-01 23:59", 0, 0),
        ("unheard of", "2026-04-01 00:00", "2026-04-02 00:00", 1, 1),
    ],
)
def test_a_delivery_is_late_when_it_came_after_the_promised_day_at_the_site(
    ask: Asking, site: str, promised: str, came: str, late: int, delay: int
) -> None:
    receipts = f"{RECEIPT}\na | 10 | | {came} | {came}"
    past(
        ask,
        DELIVERED,
        {"purchase_orders": line(promised, site), "receipts": receipts},
        "2026-04-03",
        f"""
        came_late_ever | came_delay_days_ever
        {late}         | {delay} """,
    )


@pytest.mark.parametrize(
    ("site", "promised", "overdue"),
    [
        ("berlin", "2026-04-01 00:00", (0, 1)),  # over at 22:00 UTC
        ("chicago", "2026-04-01 00:00", (0, 0)),  # over at 05:00 UTC of the next day
        ("chicago", "2026-03-31 00:00", (0, 1)),
        ("chicago", "2026-03-30 00:00", (1, 1)),
    ],
)
def test_a_line_is_overdue_when_its_promised_day_is_over_at_the_site(
    ask: Asking, site: str, promised: str, overdue: tuple[int, int]
) -> None:
    past(
        ask,
        BOOK,
        {"purchase_orders": line(promised, site)},
        """
        2026-04-01
        2026-04-02 """,
        f"""
        book_open_ever | book_overdue_ever
        1              | {overdue[0]}
        1              | {overdue[1]} """,
    )


REVERSED_AT_ONCE = f"""{RECEIPT}
    a | 10  | {{receipt}}  | 2026-03-30 08:00 | 2026-03-30 10:00
    a | -10 | {{reversal}} | 2026-03-30 08:00 | 2026-03-30 13:00
    a | 10  | {{receipt}}  | 2026-04-23 08:00 | 2026-04-23 10:00 """


@pytest.mark.parametrize("stated", [True, False])
def test_a_posting_that_was_reversed_never_was(ask: Asking, *, stated: bool) -> None:
    kinds = (
        {"receipt": "receipt", "reversal": "reversal"}
        if stated
        else dict.fromkeys(("receipt", "reversal"), "")
    )
    tables = {
        "purchase_orders": line("2026-04-01"),
        "receipts": REVERSED_AT_ONCE.format(**kinds),
    }
    days = """
        2026-03-31
        2026-04-03
        2026-04-24 """
    past(
        ask,
        DELIVERED,
        tables,
        days,
        """
        came_events_ever | came_late_ever | came_delay_days_ever | came_delay_days_last
                         |                |                      |
                         |                |                      |
        1                | 1              | 22                   | 22 """,
    )
    past(
        ask,
        BOOK,
        tables,
        days,
        """
        book_open_ever | book_overdue_ever
        1              | 0
        1              | 1
        0              | 0 """,
    )


def test_a_reversal_known_later_does_not_change_what_was_known_before(ask: Asking) -> None:
    receipts = f"""{RECEIPT}
        a | 10  | receipt  | 2026-03-30 | 2026-03-30 10:00
        a | -10 | reversal | 2026-04-02 | 2026-04-04 10:00 """
    tables = {"purchase_orders": line("2026-04-01"), "receipts": receipts}
    days = """
        2026-03-31
        2026-04-04
        2026-04-05 """
    past(
        ask,
        DELIVERED,
        tables,
        days,
        """
        came_events_ever | came_early_ever | came_delay_days_ever
        1                | 1               | -2
        1                | 1               | -2
        0                | 0               | 0 """,
    )
    past(
        ask,
        BOOK,
        tables,
        days,
        """
        book_open_ever | book_overdue_ever
        0              | 0
        0              | 0
        1              | 1 """,
    )


@pytest.mark.parametrize(
    ("second", "still_open"),
    [
        ("-10 | return   | 2026-04-10 | 2026-04-10", 0),
        ("-10 | return   | 2026-03-31 | 2026-03-31", 0),
        ("-10 |          | 2026-04-02 | 2026-04-02", 0),  # after the promise and the posting
        ("-10 |          | 2026-04-01 | 2026-04-01", 1),  # the promised day is not over
        ("-10 | reversal | 2026-04-10 | 2026-04-10", 1),
        ("-3  | reversal | 2026-04-10 | 2026-04-10", 1),
    ],
)
def test_returned_goods_do_not_open_a_complete_line_and_reversed_ones_do(
    ask: Asking, second: str, still_open: int
) -> None:
    receipts = f"{RECEIPT}\na | 10 | | 2026-03-30 | 2026-03-30\na | {second}"
    past(
        ask,
        BOOK,
        {"purchase_orders": line("2026-04-01"), "receipts": receipts},
        "2026-04-20",
        f"""
        book_open_ever | book_overdue_ever
        {still_open}   | {still_open} """,
    )


def test_the_mark_that_closed_a_line_goes_with_the_posting_that_is_reversed(ask: Asking) -> None:
    receipts = """
        po_line_id | quantity_received | posting_kind | final | happened_at
        a          | 7                 | receipt      | yes   | 2026-03-30
        a          | -7                | reversal     |       | 2026-03-31
        a          | 8                 | receipt      | yes   | 2026-04-03 """
    past(
        ask,
        DELIVERED,
        {"purchase_orders": line("2026-04-01"), "receipts": receipts},
        """
        2026-04-01
        2026-04-04 """,
        """
        came_events_ever | came_late_ever | came_short_ever
        0                | 0              | 0
        1                | 1              | 1 """,
    )


MESSAGE = "po_line_id | event_kind | ack_status | event_quantity | happened_at | known_at"


@pytest.mark.parametrize(
    ("state", "messages", "open_before_and_after"),
    [
        (("line_state | state_known_at", "cancelled | 2026-03-25 09:00"), "", (1, 0)),
        (("line_state | state_known_at", "closed_short | 2026-03-25 09:00"), "", (1, 0)),
        (("line_state | state_known_at", "open |"), "", (1, 1)),
        (("", ""), "a | order_change | | 0 | 2026-03-24 | 2026-03-25 09:00", (1, 0)),
        (("", ""), "a | order_change | | 4 | 2026-03-24 | 2026-03-25 09:00", (1, 1)),
        (("", ""), "a | acknowledgement | ID | 0 | 2026-03-24 | 2026-03-25 09:00", (1, 0)),
        (("", ""), "a | acknowledgement | IB | 0 | 2026-03-24 | 2026-03-25 09:00", (1, 1)),
        (
            ("", ""),
            """a | order_change | | 0 | 2026-03-24 | 2026-03-25 09:00
            a | order_change | | 10 | 2026-03-23 | 2026-03-25 10:00""",
            (1, 0),  # the older word arrived later
        ),
        (
            ("", ""),
            """a | order_change | | 0 | 2026-03-24 | 2026-03-25 09:00
            a | order_change | | 10 | 2026-03-25 | 2026-03-25 10:00""",
            (1, 1),
        ),
    ],
)
def test_a_line_that_is_cancelled_deleted_or_closed_short_is_not_open_once_that_is_known(
    ask: Asking, state: tuple[str, str], messages: str, open_before_and_after: tuple[int, int]
) -> None:
    tables = {"purchase_orders": line("2026-04-01", more=state[0], value=state[1])}
    if messages:
        tables["supplier_events"] = f"{MESSAGE}\n{messages}"
    before, after = open_before_and_after
    past(
        ask,
        BOOK,
        tables,
        """
        2026-03-25
        2026-03-26
        2026-04-03 """,
        f"""
        book_open_ever | book_overdue_ever
        {before}       | 0
        {after}        | 0
        {after}        | {after} """,
    )


def test_a_line_closed_short_is_a_delivery_on_the_day_of_its_last_receipt(ask: Asking) -> None:
    orders = line(
        "2026-04-01", more="line_state | state_known_at", value="closed_short | 2026-04-09 09:00"
    )
    receipts = f"{RECEIPT}\na | 7 | receipt | 2026-04-03 | 2026-04-03"
    past(
        ask,
        DELIVERED,
        {"purchase_orders": orders, "receipts": receipts},
        """
        2026-04-09
        2026-04-10 """,
        """
        came_events_ever | came_delay_days_ever | came_short_ever
                         |                      |
        1                | 2                    | 1 """,
    )


def test_a_cancelled_line_is_no_delivery(ask: Asking) -> None:
    orders = line(
        "2026-04-01", more="line_state | state_known_at", value="cancelled | 2026-03-25 09:00"
    )
    receipts = f"{RECEIPT}\na | 3 | receipt | 2026-03-20 | 2026-03-20"
    past(
        ask,
        DELIVERED,
        {"purchase_orders": orders, "receipts": receipts},
        "2026-04-10",
        """
        came_events_ever | came_short_ever
                         |                 """,
    )
