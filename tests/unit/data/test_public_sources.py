"""Adapters of the public sets, on invented folders with the same columns."""

import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.sources.public_sets import backorders, bpic19, scms_delivery, stockouts_cdi
from data.sources.public_sets.raw_tables import SourceError


def check(frames):
    for name, frame in frames.items():
        TABLES[name].schema.validate(frame)
    return frames


def delivery(number, **given):
    row = dict.fromkeys(scms_delivery.COLUMNS, "x") | {
        "id": number,
        "asn_dn_no": f"ASN-{number}",
        "fulfill_via": "Direct Drop",
        "pq_first_sent_to_client_date": None,
        "po_sent_to_vendor_date": "2012-01-10",
        "scheduled_delivery_date": "2012-05-01",
        "delivered_to_client_date": "2012-05-03",
        "delivery_recorded_date": "2012-05-09",
        "unit_of_measure_per_pack": 30,
        "line_item_quantity": 10,
        "line_item_value": 50.0,
        "pack_price": 5.0,
    }
    return row | given


def write(folder, name, rows, ending="parquet"):
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(rows)
    if ending == "csv":
        frame.to_csv(folder / f"{name}.csv", index=False)
    else:
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_delivery_is_known_when_recorded_and_its_order_before_the_plan(tmp_path, ending):
    late_order = delivery(2, fulfill_via="From RDC", po_sent_to_vendor_date="2012-04-28")
    folder = write(tmp_path, "deliveries", [delivery(1), late_order], ending)
    frames = check(scms_delivery.read(folder))
    receipt = frames["receipts"].iloc[0]
    assert (receipt["happened_at"].day, receipt["known_at"].day) == (3, 9)
    orders = frames["purchase_orders"].set_index("po_line_id")
    assert orders.loc["1", "known_at"] == pd.Timestamp("2012-01-10", tz="UTC")
    assert orders.loc["2", "known_at"] == pd.Timestamp("2012-03-31", tz="UTC")
    assert orders["channel"].tolist() == ["direct", "warehouse"]
    # Ordered on 28 April: nobody could say so when the plan for 1 May stood.
    assert orders.loc["2", "happened_at"] == pd.Timestamp("2012-03-31", tz="UTC")
    assert orders["order_type"].tolist() == ["ordered", "no date noted"]


def test_rows_that_both_folders_hold_are_taken_once(tmp_path):
    first = write(tmp_path / "a", "deliveries", [delivery(1), delivery(2)])
    again = delivery(2, scheduled_delivery_date="2012-05-01 00:00:00")  # the same day
    second = write(tmp_path / "b", "deliveries", [again, delivery(3)])
    orders = scms_delivery.read(first, second)["purchase_orders"]
    assert orders["po_line_id"].tolist() == ["1", "2", "3"]


def test_a_missing_file_says_what_the_folder_holds(tmp_path):
    folder = write(tmp_path, "delivery", [delivery(1)])
    with pytest.raises(SourceError, match=r"has no deliveries.parquet or .*holds delivery.parquet"):
        scms_delivery.read(folder)


def test_a_missing_column_says_which_and_what_there_is(tmp_path):
    row = delivery(1)
    del row["vendor"]
    with pytest.raises(SourceError, match=r"column vendor is missing; the file has id, po_so_no"):
        scms_delivery.read(write(tmp_path, "deliveries", [row]))


def card(month, issued, end, **given):
    row = dict.fromkeys(stockouts_cdi.COLUMNS, 0) | {
        "year": 2018,
        "month": month,
        "region": "R",
        "district": "D",
        "site_code": "C1",
        "product_code": "P1",
        "stock_distributed": issued,
        "stock_end": end,
    }
    return row | given


def test_a_pair_is_active_for_six_records_after_its_last_issue(tmp_path):
    cards = [card(month, issued=5 if month == 1 else 0, end=7) for month in range(1, 9)]
    frames = check(stockouts_cdi.read(write(tmp_path, "stock_monthly", cards)))
    levels = frames["stock_levels"]
    assert levels["active"].tolist() == [True] * 6 + [False] * 2
    assert levels["known_at"].iloc[1] == pd.Timestamp("2018-02-28", tz="UTC")
    assert frames["stock_movements"]["quantity_moved"].tolist() == [-5.0]
    assert frames["sites"]["site_type"].isna().all()  # no list of sites in this folder


def log(*events, case="1_1"):
    """Events as (activity, day of 2018, worth)."""
    return [
        {
            "case_id": case,
            "event_no": number,
            "activity": activity,
            "time": pd.Timestamp("2018-01-01 12:00", tz="UTC") + pd.Timedelta(days=day),
            "user": "batch_00" if activity == "Record Invoice Receipt" else "user_1",
            "cumulative_net_worth_eur": 100,
        }
        for number, (activity, day) in enumerate(events, start=1)
    ]


def read_log(folder, events):
    cases = dict.fromkeys(bpic19.CASES, "x") | {"purchasing_document": 1}
    rows = [cases | {"case_id": case} for case in sorted({e["case_id"] for e in events})]
    write(folder, "cases", rows)
    return check(bpic19.read(write(folder, "events", events)))


STORY = (
    ("Create Purchase Order Item", 0),
    ("Vendor creates invoice", 5),
    ("Record Goods Receipt", 8),
    ("Record Invoice Receipt", 10),
    ("Remove Payment Block", 20),
    ("Clear Invoice", 90),
    ("Vendor creates invoice", 91),
)


def test_a_vendors_document_is_known_from_the_booking_that_follows(tmp_path):
    said = read_log(tmp_path, log(*STORY))["supplier_events"]
    sent = said[said["event_kind"] == "invoice_sent"]
    assert len(sent) == 1  # nobody booked the second one
    assert (sent["happened_at"].dt.day.item(), sent["known_at"].dt.day.item()) == (6, 11)


def test_the_first_telling_event_in_thirty_days_says_how_an_invoice_ended(tmp_path):
    calm = log(*STORY[:4], ("Remove Payment Block", 41), ("Clear Invoice", 90), case="2_1")
    still_open = log(*STORY[:2], ("Record Invoice Receipt", 75), case="3_1")
    frames = read_log(tmp_path, log(*STORY) + calm + still_open)
    ended = frames["invoice_outcomes"].set_index("invoice_line_id")["resolution"]
    assert ended.to_dict() == {"1_1/invoice 1": "BLOCK_REMOVED", "2_1/invoice 1": "NONE_NEEDED"}
    assert set(frames["invoices"]["entry_channel"]) == {"automatic"}


def test_an_end_that_a_vendors_document_decides_is_known_when_that_is_booked(tmp_path):
    memo, cancelled = ("Vendor creates debit memo", 20), ("Cancel Invoice Receipt", 70)
    reversed_ = log(*STORY[:4], memo, cancelled, ("Clear Invoice", 90), case="4_1")
    ended = read_log(tmp_path, log(*STORY) + reversed_)["invoice_outcomes"]
    assert ended["resolution"].tolist() == ["BLOCK_REMOVED", "REVERSED"]
    # Days of 2018 counted from the first: 30 after the invoice, and the cancellation.
    assert (ended["known_at"].dt.day_of_year - 1).tolist() == [40, 70]


def part(**given):
    amounts = dict.fromkeys(backorders.AMOUNTS, 1.0)
    flags = dict.fromkeys(backorders.FLAGS, "No")
    return amounts | flags | {backorders.LABEL: "Yes"} | given


def test_flags_in_words_and_unrated_sources_are_read(tmp_path):
    frame = backorders.read(write(tmp_path, "snapshot_sample", [part(perf_6_month_avg=-99)], "csv"))
    assert frame["went_on_backorder"].tolist() == [1]
    assert frame["deck_risk"].tolist() == [0.0]
    assert frame["perf_6_month_avg"].isna().all()


def test_a_flag_that_is_neither_yes_nor_no_says_where_it_stands(tmp_path):
    folder = write(tmp_path, "snapshot_sample", [part(), part(deck_risk="maybe")])
    with pytest.raises(SourceError, match=r"deck_risk 'maybe' in row 2 is not one of yes, no"):
        backorders.read(folder)


def test_a_snapshot_under_another_name_is_read_without_its_footer(tmp_path):
    footer = dict.fromkeys(part()) | {"sku": "(2 rows)"}
    folder = write(tmp_path, "later_snapshot", [part(sku="1"), part(sku="2"), footer], "csv")
    write(folder, "case_control_sample", [part()])
    assert len(backorders.read(folder)) == 2
