"""Events of the simulated world, checked as a person would by hand."""

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow(3)

KEY = ["site_id", "item_id"]


def test_opening_stock_and_movements_make_every_level(tiny):
    levels = tiny["stock_levels"].sort_values("happened_at")
    opening = levels.drop_duplicates(KEY).set_index(KEY)
    first = levels["happened_at"].min()
    opening = opening[opening["happened_at"] == first]["on_hand"]
    moves = tiny["stock_movements"].sort_values("happened_at")
    moves["moved"] = moves.groupby(KEY)["quantity_moved"].cumsum()
    joined = pd.merge_asof(
        levels, moves[[*KEY, "happened_at", "moved"]], on="happened_at", by=KEY
    ).fillna({"moved": 0})
    expected = opening.loc[list(zip(joined["site_id"], joined["item_id"], strict=True))]
    assert len(joined) > 1000
    np.testing.assert_array_equal(expected.to_numpy() + joined["moved"], joined["on_hand"])


def test_demand_is_served_or_short_and_stock_is_never_negative(tiny):
    lines = tiny["order_lines"]
    assert (lines["quantity_short"] <= lines["quantity_demanded"]).all()
    assert (tiny["stock_levels"]["on_hand"] >= 0).all()
    assert 0.01 < (lines["quantity_short"] > 0).mean() < 0.3


def test_goods_come_after_they_were_ordered_and_confirmed(busy):
    joined = busy["receipts"].merge(
        busy["purchase_orders"], on="po_line_id", suffixes=("", "_of_order")
    )
    assert (joined["happened_at"] > joined["happened_at_of_order"]).all()
    assert (joined["known_at"] > joined["known_at_of_order"]).all()


def test_order_quantities_are_whole_packs(tiny):
    joined = tiny["purchase_orders"].merge(tiny["items"], on="item_id")
    assert (joined["quantity_ordered"] % joined["pack_size"] == 0).all()


def test_only_rotterdam_lets_receipts_lie_before_posting_them(busy):
    receipts = busy["receipts"]
    site = receipts["po_line_id"].str[:3]
    days = (receipts["known_at"] - receipts["happened_at"]).dt.total_seconds() / 86400
    late = (days > 1).groupby(site).mean()
    assert late["S03"] > 0.3
    assert (late.drop("S03") < 0.12).all()


def test_suppliers_differ_in_how_late_they_are(busy):
    receipts = busy["receipts"]
    final = receipts[receipts["final"]]
    lines = busy["purchase_orders"].merge(final, on="po_line_id", suffixes=("", "_in"))
    late = lines["happened_at_in"] >= lines["promised_at"] + pd.Timedelta(days=1)
    by_supplier = late.groupby(lines["supplier_id"]).agg(["mean", "size"])
    by_supplier = by_supplier[by_supplier["size"] > 60]["mean"]
    assert 0.08 < late.mean() < 0.35
    assert by_supplier.max() - by_supplier.min() > 0.2


def test_messages_speak_of_lines_after_they_were_placed(busy):
    joined = busy["supplier_events"].merge(
        busy["purchase_orders"], on="po_line_id", suffixes=("", "_of_order")
    )
    assert (joined["happened_at"] > joined["happened_at_of_order"]).all()
    kinds = set(joined["event_kind"])
    assert {"acknowledgement", "asn", "delay_notice", "revised_promise", "order_change"} <= kinds


def test_some_shipments_are_never_announced_though_agreed(busy):
    lines = busy["purchase_orders"].merge(busy["suppliers"], on="supplier_id")
    came = lines[lines["po_line_id"].isin(busy["receipts"]["po_line_id"])]
    events = busy["supplier_events"]
    notices = events.loc[events["event_kind"] == "asn", "po_line_id"]
    announced = came["po_line_id"].isin(notices).groupby(came["sends_asn"]).mean()
    assert announced[False] == 0
    assert 0.6 < announced[True] < 0.98
