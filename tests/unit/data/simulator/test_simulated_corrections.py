"""Days at the sites, cancelled and closed lines, reversed postings, returns, planted duplicates."""

import numpy as np
import pandas as pd
import pytest

from data.calendar_days import local_days, promise_days

pytestmark = pytest.mark.slow(3)


def moments(column: pd.Series) -> np.ndarray:
    return column.dt.tz_localize(None).to_numpy("datetime64[us]")


@pytest.fixture(scope="module")
def arrivals(busy):
    """Receipts of goods with their order lines and sites."""
    lines = busy["purchase_orders"].merge(busy["sites"][["site_id", "time_zone"]], on="site_id")
    receipts = busy["receipts"][busy["receipts"]["posting_kind"] == "receipt"]
    return receipts.merge(lines, on="po_line_id", suffixes=("", "_of_line"))


def test_promises_are_days_without_a_time(busy):
    promised = busy["purchase_orders"]["promised_at"]
    assert (promised == promised.dt.normalize()).all()


def test_some_goods_come_on_another_day_in_utc_than_at_their_site(arrivals):
    zones = arrivals["time_zone"].to_numpy(dtype=object)
    came = moments(arrivals["happened_at"])
    there = local_days(came, zones)
    promised = promise_days(moments(arrivals["promised_at"]), zones)
    other = there != came.astype("datetime64[D]")
    assert other.any()
    assert set(arrivals["site_id"][other]) == {"S07"}
    late_by_utc = (came.astype("datetime64[D]") > promised) & ~(there > promised)
    assert late_by_utc.any()


def test_cancelled_lines_say_so_when_the_buyers_change_is_known(busy):
    lines, events = busy["purchase_orders"], busy["supplier_events"]
    changes = events[events["event_kind"] == "order_change"].set_index("po_line_id")["known_at"]
    cancelled = lines[lines["line_state"] == "cancelled"].set_index("po_line_id")
    assert len(cancelled) > 50
    assert (cancelled["state_known_at"] == changes[cancelled.index]).all()
    assert not cancelled.index.isin(busy["receipts"]["po_line_id"]).any()
    assert lines.loc[lines["line_state"] == "open", "state_known_at"].isna().all()


def test_lines_closed_short_lack_goods_and_no_receipt_closed_them(busy):
    lines, receipts = busy["purchase_orders"], busy["receipts"]
    closed = lines[lines["line_state"] == "closed_short"].set_index("po_line_id")
    of_closed = receipts[receipts["po_line_id"].isin(closed.index)]
    received = of_closed.groupby("po_line_id")["quantity_received"].sum()
    assert len(closed) > 50
    assert (received < closed["quantity_ordered"][received.index]).all()
    assert not of_closed["final"].any()


def test_every_reversal_takes_back_a_posting_of_goods_that_came_later(busy):
    receipts = busy["receipts"]
    reversals = receipts[receipts["posting_kind"] == "reversal"]
    posted = receipts[receipts["posting_kind"] == "receipt"]
    assert len(reversals) > 20
    pairs = reversals.merge(posted, on="po_line_id", suffixes=("", "_of"))
    mistaken = pairs[
        (pairs["happened_at_of"] == pairs["happened_at"])
        & (pairs["quantity_received_of"] == -pairs["quantity_received"])
    ]
    assert set(mistaken["receipt_id"]) == set(reversals["receipt_id"])
    assert (mistaken["known_at_of"] < mistaken["known_at"]).all()
    assert not mistaken["final_of"].any()


def test_returned_goods_are_credited(busy):
    receipts, invoices = busy["receipts"], busy["invoices"]
    returns = receipts[receipts["posting_kind"] == "return"]
    credited = invoices[invoices["line_amount"] < 0]
    assert len(credited) > 50
    assert (returns["quantity_received"] < 0).all()
    assert credited["po_line_id"].isin(returns["po_line_id"]).all()
    assert (credited["quantity_invoiced"] < 0).all()
    assert set(credited["document_type"]) == {"credit_note"}
    assert set(invoices.loc[invoices["line_amount"] > 0, "document_type"]) == {"invoice"}
    ends = busy["invoice_outcomes"].merge(credited, on="invoice_line_id")
    assert set(ends["exception_class"]) == {"CLEAN"}


def test_copies_of_an_invoice_are_found_in_all_five_patterns(busy):
    """Of pairs on one order line the later one, booked as a duplicate in the end."""
    invoices = busy["invoices"].merge(
        busy["invoice_outcomes"][["invoice_line_id", "exception_class"]], on="invoice_line_id"
    )
    invoices = invoices.merge(busy["suppliers"][["supplier_id", "vat_id"]], on="supplier_id")
    pairs = invoices.merge(invoices, on=["po_line_id", "vat_id"], suffixes=("", "_first"))
    pairs = pairs[
        (pairs["known_at_first"] < pairs["known_at"])
        & (pairs["quantity_invoiced"] == pairs["quantity_invoiced_first"])
        & (pairs["exception_class"] == "DUPLICATE")
    ]
    same = {
        name: pairs[name] == pairs[f"{name}_first"]
        for name in ("invoice_number", "line_amount", "happened_at", "supplier_id")
    }
    patterns = pd.DataFrame(same)
    assert (patterns.all(axis=1)).any()
    for name in same:
        others = [other for other in same if other != name]
        assert (~patterns[name] & patterns[others].all(axis=1)).any(), name


def test_suppliers_of_one_group_share_a_tax_number_and_an_account(busy):
    suppliers = busy["suppliers"]
    shared = suppliers["vat_id"].duplicated(keep=False)
    assert 0 < shared.sum() < len(suppliers) / 2
    assert suppliers.groupby("vat_id")["bank_account"].nunique().eq(1).all()


def test_packs_and_rates_are_in_tables_of_their_own(busy):
    packs = busy["item_units"].merge(busy["items"], on="item_id")
    assert (packs["base_units"] == packs["pack_size"]).all()
    rates = busy["exchange_rates"]
    used = set(busy["purchase_orders"]["currency"]) | set(busy["invoices"]["currency"])
    assert used <= set(rates["currency"])
    assert (rates.loc[rates["currency"] == "EUR", "exchange_rate"] == 1).all()
