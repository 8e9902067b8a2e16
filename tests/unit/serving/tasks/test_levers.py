"""Levers change only what people could bring about, and never the past."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.tasks.invoice_mismatch.levers import InvoiceLever
from serving.tasks.stock_risk.levers import StockLever
from serving.tasks.supplier_delay.levers import DelayLever, possible_arrival_days
from tests.support.synthetic_recommendations import (
    ASKED_AT,
    CATALOGUE,
    EXAMPLES,
    example_fields,
    reread,
)

STOCK, INVOICE, DELAY = STOCK_RISK.name, INVOICE_MISMATCH.name, SUPPLIER_DELAY.name

DAY = timedelta(days=1)
PAST = {
    "supplier_id",
    "site_id",
    "item_id",
    "promised_at",
    "requested_at",
    "ordered_at",
    "quantity_ordered",
    "document_at",
    "earlier_invoices",
    "average_demand",
    "invoice_number",
}


def plain(task, **changes):
    return reread(CATALOGUE[task].request, json.loads(json.dumps(EXAMPLES[task] | changes)))


def pull(task, name, amount=1, **changes):
    """The words of a lever, and what it changes of the example."""
    case = plain(task, **changes)
    (lever,) = [one for one in CATALOGUE[task].levers(case, ASKED_AT) if one.name is name][:1]
    after = lever.change(case, amount)
    return lever.words(amount), {k: v for k, v in after.items() if v != case[k]}


def names(task, **changes):
    return [lever.name for lever in CATALOGUE[task].levers(plain(task, **changes), ASKED_AT)]


moments = st.integers(-40, 90).map(lambda days: (ASKED_AT + days * DAY).isoformat())
known = st.integers(0, 60).map(lambda days: (ASKED_AT - days * DAY).isoformat())
amounts = st.one_of(st.none(), st.floats(0, 5000))
quantities = st.floats(0, 5000)
lines = st.fixed_dictionaries(
    {"quantity_open": amounts, "promised_at": st.none() | moments, "known_at": known}
)
receipts = st.fixed_dictionaries(
    {
        "quantity_received": quantities,
        "quantity_damaged": quantities,
        "happened_at": known,
        "known_at": known,
    }
)
cases = {
    STOCK: st.fixed_dictionaries(
        {
            "on_hand": st.floats(-50, 5000),
            "on_order": amounts,
            "average_demand": amounts,
            "scheduled_receipts": st.lists(lines, max_size=4),
        }
    ),
    DELAY: st.fixed_dictionaries(
        {
            "quantity_ordered": quantities,
            "promised_at": moments,
            "receipts": st.lists(receipts, max_size=2),
        }
    ),
    INVOICE: st.fixed_dictionaries(
        {
            "quantity_invoiced": st.floats(-100, 5000),
            "quantity_ordered": amounts,
            "line_amount": st.floats(-1000, 90_000),
            "invoice_unit_price": amounts,
            "po_unit_price": amounts,
            "freight_amount": amounts,
            "tax_amount": amounts,
            "receipts": st.lists(receipts, max_size=2),
        }
    ),
}


@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_only_declared_fields_differ_and_the_case_can_still_be_asked(task, data):
    case = plain(task, **data.draw(cases[task]))
    for lever in CATALOGUE[task].levers(case, ASKED_AT):
        assert not lever.fields & PAST
        assert lever.most >= 1
        amount = data.draw(st.integers(1, lever.most))
        before = json.dumps(case, default=str)
        after = lever.change(case, amount)
        assert json.dumps(case, default=str) == before  # the given one stays
        assert {name for name in case if after[name] != case[name]} <= lever.fields
        reread(CATALOGUE[task].request, json.loads(json.dumps(after, default=str)))
        assert lever.words(amount)


@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_day_that_is_suggested_lies_in_the_past(task, data):
    case = plain(task, **data.draw(cases[task]))
    for lever in CATALOGUE[task].levers(case, ASKED_AT):
        after = lever.change(case, lever.most)
        for child, name in (("scheduled_receipts", "promised_at"), ("events", "expected_at")):
            given_days = [row[name] for row in case.get(child, ())]
            days = [row[name] for row in after.get(child, ())]
            assert all(day > ASKED_AT for day in days if day and day not in given_days)


def test_a_receipt_comes_earlier_by_whole_days():
    words, changes = pull(STOCK, StockLever.EARLIER_RECEIPT, 5)
    assert words == ("the 200 units promised for 20 Mar 2026 came 5 days earlier, on 15 Mar 2026")
    ((row,),) = changes.values()
    assert row["promised_at"].isoformat() == "2026-03-15T00:00:00+00:00"


# Asked on 10 March at 8:00 UTC: until which day of March a receipt can come earlier.
SITES_DAYS = [
    ("Europe/Berlin", "2026-03-12T00:00:00Z", ["11"]),
    ("Europe/Berlin", "2026-03-11T23:30:00Z", ["11"]),  # 12 March there
    ("Europe/Berlin", "2026-03-11T00:00:00Z", []),
    ("America/Chicago", "2026-03-13T03:00:00Z", ["11"]),  # still 12 March
    ("America/Chicago", "2026-03-12T03:00:00Z", []),
    ("Pacific/Kiritimati", "2026-03-12T00:00:00Z", ["11"]),
]


@pytest.mark.parametrize(("zone", "promised", "days"), SITES_DAYS)
def test_a_receipt_is_hurried_by_days_at_the_site(zone, promised, days):
    row = plain(STOCK)["scheduled_receipts"][0] | {"promised_at": promised}
    line = json.loads(json.dumps(row, default=str))
    case = plain(STOCK, time_zone=zone, scheduled_receipts=[line])
    hurried = [
        lever
        for lever in CATALOGUE[STOCK].levers(case, ASKED_AT)
        if lever.name == StockLever.EARLIER_RECEIPT
    ]
    found = [lever.change(case, lever.most)["scheduled_receipts"][0] for lever in hurried]
    assert [f"{row['promised_at']:%d}" for row in found] == days
    assert [
        lever.words(1).endswith(f"on {day} Mar 2026")
        for lever, day in zip(hurried, days, strict=True)
    ] == [True] * len(days)


def test_nothing_can_be_hurried_on_a_line_that_is_cancelled():
    row = plain(STOCK)["scheduled_receipts"][0]
    for state, tried in (("cancelled", False), ("closed_short", False), ("open", True)):
        line = json.loads(json.dumps(row | {"line_state": state}, default=str))
        found = names(STOCK, scheduled_receipts=[line])
        assert (StockLever.EARLIER_RECEIPT in found) is tried
        assert (StockLever.UNITS_RECEIPTED in found) is tried


def test_units_receipted_are_on_hand_and_no_longer_on_order():
    words, changes = pull(STOCK, StockLever.UNITS_RECEIPTED, 60, on_order=200)
    assert words == "60 of the 200 units on order were receipted now"
    assert (changes["on_hand"], changes["on_order"]) == (180, 140)
    assert [row["quantity_open"] for row in changes["scheduled_receipts"]] == [140]
    _, all_of_it = pull(STOCK, StockLever.UNITS_RECEIPTED, 200, on_order=200)
    assert (all_of_it["on_order"], all_of_it["scheduled_receipts"]) == (0, [])


def test_units_transferred_in_leave_what_is_on_order():
    words, changes = pull(STOCK, StockLever.UNITS_TRANSFERRED_IN, 12)
    assert (words, changes) == ("12 more units were transferred in", {"on_hand": 132})


def test_without_open_orders_the_lever_is_a_receipt_in_a_week():
    words, changes = pull(STOCK, StockLever.LARGER_RECEIPT, 30, scheduled_receipts=[])
    assert words == "30 units were on order, promised for 17 Mar 2026"
    assert [row["quantity_open"] for row in changes["scheduled_receipts"]] == [30]


def test_an_accepted_line_is_not_acknowledged_again():
    assert DelayLever.ACKNOWLEDGED not in names(DELAY)
    words, changes = pull(DELAY, DelayLever.ACKNOWLEDGED, events=[])
    assert words == "the supplier acknowledged the line as ordered"
    assert [row["ack_status"] for row in changes["events"]] == ["IA"]


def test_a_ship_notice_is_of_all_that_is_out_and_not_later_than_the_promise():
    due = (ASKED_AT + 5 * DAY).isoformat()
    words, changes = pull(DELAY, DelayLever.SHIP_NOTICE, 2, promised_at=due)
    assert words == "a ship notice announced all 100 units for 14 Mar 2026"
    assert changes["events"][-1]["event_quantity"] == 100


def test_a_promise_that_has_passed_can_still_be_met_tomorrow_at_best():
    (day,) = possible_arrival_days(ASKED_AT - 9 * DAY, ASKED_AT)
    assert day.isoformat() == "2026-03-11T00:00:00+00:00"
    days = possible_arrival_days(ASKED_AT + 3 * DAY, ASKED_AT)
    assert [d.day for d in days] == [13, 12, 11]


def test_a_line_is_received_in_part_never_in_full():
    case = example_fields(DELAY)
    (lever,) = [
        v for v in CATALOGUE[DELAY].levers(case, ASKED_AT) if v.name is DelayLever.RECEIVED_IN_PART
    ]
    assert lever.most == 99
    assert DelayLever.RECEIVED_IN_PART not in names(DELAY, quantity_ordered=1)


def test_the_missing_receipt_is_of_what_is_invoiced_and_not_received():
    words, changes = pull(INVOICE, InvoiceLever.RECEIPT_POSTED, receipts=[])
    assert words == "the missing receipt of 100 units were posted, the goods being there"
    assert [row["quantity_received"] for row in changes["receipts"]] == [100]
    assert InvoiceLever.RECEIPT_POSTED not in names(INVOICE)  # the example's goods have come


def test_a_price_is_settled_by_amending_the_order_or_by_a_credit_note():
    words, changes = pull(INVOICE, InvoiceLever.ORDER_AMENDED)
    assert words == (
        "the order were amended to 4.62, should that be what was agreed (it says 4.20)"
    )
    assert changes["po_unit_price"] == 4.62
    assert changes["line_value"] == pytest.approx(462)
    words, changes = pull(INVOICE, InvoiceLever.PRICE_CREDITED)
    assert words == ("a credit note brought the price to the order's 4.20 (invoiced at 4.62)")
    assert changes["line_amount"] == pytest.approx(420)
    assert changes["tax_amount"] == pytest.approx(79.8)


def test_a_price_below_the_orders_takes_no_credit_note():
    assert InvoiceLever.PRICE_CREDITED not in names(
        INVOICE, invoice_unit_price=4.0, line_amount=400.0
    )


@pytest.mark.parametrize("price", [0.004, 4300.0])
def test_a_price_a_thousand_times_off_is_not_a_price_to_settle(price):
    lever_names = names(INVOICE, invoice_unit_price=price, line_amount=100 * price)
    assert not {InvoiceLever.ORDER_AMENDED, InvoiceLever.PRICE_CREDITED} & set(lever_names)


def test_prices_in_packs_are_compared_a_base_unit():
    packs = {"invoice_unit": "CS", "pack_size": 12, "invoice_unit_price": 50.4}
    lever_names = names(INVOICE, **packs, quantity_invoiced=10, line_amount=504.0)
    assert not {InvoiceLever.ORDER_AMENDED, InvoiceLever.PRICE_CREDITED} & set(lever_names)


def test_a_quantity_is_credited_down_to_the_lesser_of_ordered_and_received():
    words, changes = pull(INVOICE, InvoiceLever.QUANTITY_CREDITED, quantity_ordered=80)
    assert words == (
        "a credit note brought the quantity to the 80 units ordered (invoiced: 100 units)"
    )
    assert changes["quantity_invoiced"] == pytest.approx(80)
    assert changes["line_amount"] == pytest.approx(0.8 * 462)


def test_tax_and_freight_are_settled_where_they_differ():
    words, changes = pull(INVOICE, InvoiceLever.TAX_SETTLED, tax_amount=50.0)
    assert words == "the tax were settled at the 19.0% of the tax code (charged: 50.00)"
    assert changes == {"tax_amount": 87.78}
    words, changes = pull(INVOICE, InvoiceLever.FREIGHT_CREDITED, freight_amount=38.0)
    assert words == "a credit note took back the freight of 38.00"
    assert changes["freight_amount"] == 0
