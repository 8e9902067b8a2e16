"""A corrected row counts from when the correction was known; before that the old one does."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.contracts.items import ITEM_ID
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.ingest import ingest
from data.source_batch import batches_from_frames
from data.store import Store
from features.history.deliveries import deliveries_by
from features.history.invoices import invoice_lines_by
from features.history.order_book import order_book_by
from features.history.stock import issues_by, stock_reports_by
from tests.spec.paths import Serving, training
from tests.spec.tables import canonical

ORDERS = """
    po_line_id | supplier_id | site_id | item_id | quantity_ordered | po_unit_price | line_value | promised_at | happened_at | known_at
    -----------+-------------+---------+---------+------------------+---------------+------------+-------------+-------------+-----------
    p1         | acme        | s1      | bolt    | 10               | 2             | 20         | 2026-03-05  | 2026-03-01  | 2026-03-01
"""
RECEIPTS = """
    receipt_id | po_line_id | quantity_received | happened_at | known_at
    -----------+------------+-------------------+-------------+-----------
    r1         | p1         | 10                | 2026-03-08  | 2026-03-08
"""
STREAMS = (
    order_book_by("book", SUPPLIER_ID, windows=(28,)),
    deliveries_by("came", SUPPLIER_ID, windows=(28,)),
    invoice_lines_by("billed", SUPPLIER_ID, windows=(28,)),
    issues_by("issued", (SITE_ID, ITEM_ID), windows=(28,)),
    stock_reports_by("stock", (SITE_ID, ITEM_ID), windows=(28,)),
)


@pytest.fixture(params=["training", "serving"])
def as_of(request, tmp_path: Path) -> Callable[..., dict[str, float]]:
    """Load tables one after the other, and ask for history as of a day of March."""
    path = training if request.param == "training" else Serving(tmp_path)

    def ask(day: int, *loads: dict[str, pd.DataFrame]) -> dict[str, float]:
        folder = tmp_path / "lake"
        for frames in loads:
            report = ingest(batches_from_frames(frames, "test"), folder, tmp_path / "aside")
            assert report.quarantined == 0, report.messages
        asked = {"supplier_id": ["acme"], "site_id": ["s1"], "item_id": ["bolt"]}
        asks = pd.DataFrame(asked).assign(as_of=pd.Timestamp(2026, 3, day))
        with Store.from_folder(folder) as store:
            found = path(STREAMS, store, asks)
        return {name: float(value[0]) for name, value in found.items()}

    return ask


def orders(**changes) -> dict[str, pd.DataFrame]:
    return {
        "purchase_orders": canonical("purchase_orders", ORDERS).assign(**{"po_id": "o1"} | changes)
    }


def receipts(**changes) -> dict[str, pd.DataFrame]:
    return {"receipts": canonical("receipts", RECEIPTS).assign(**changes)}


def on(day: int) -> pd.Timestamp:
    return pd.Timestamp(datetime(2026, 3, day, 9, tzinfo=UTC))


def test_a_corrected_order_value_counts_from_its_correction(as_of):
    dearer = orders(po_unit_price=3.0, line_value=30.0, known_at=on(4))
    assert as_of(4, orders(), dearer)["book_value_28d"] == 20
    after = as_of(5)
    assert after["book_value_28d"] == 30
    assert (after["book_lines_28d"], after["book_open_ever"]) == (1, 1)


def test_a_corrected_quantity_decides_when_a_line_is_complete(as_of):
    more = orders(quantity_ordered=12.0, known_at=on(10))
    before = as_of(10, orders(), receipts(), more)
    assert (before["came_events_28d"], before["book_open_ever"]) == (1, 0)
    after = as_of(11)
    assert (after["came_events_28d"], after["book_open_ever"]) == (0, 1)


def test_a_corrected_promise_decides_how_late_a_delivery_was(as_of):
    later = orders(promised_at=pd.Timestamp("2026-03-07T00:00Z"), known_at=on(10))
    assert as_of(10, orders(), receipts(), later)["came_delay_days_28d"] == 3
    after = as_of(11)
    assert (after["came_delay_days_28d"], after["came_events_28d"]) == (1, 1)


def test_a_corrected_promise_decides_what_is_overdue(as_of):
    later = orders(promised_at=pd.Timestamp("2026-03-20T00:00Z"), known_at=on(10))
    assert as_of(10, orders(), later)["book_overdue_ever"] == 1
    assert as_of(11)["book_overdue_ever"] == 0
    assert as_of(22)["book_overdue_ever"] == 1


def test_a_corrected_receipt_counts_with_its_own_quantity_and_day(as_of):
    earlier = receipts(happened_at=on(6), known_at=on(12))
    assert as_of(12, orders(), receipts(), earlier)["came_delay_days_28d"] == 3
    after = as_of(13)
    assert (after["came_delay_days_28d"], after["came_events_28d"]) == (1, 1)
    less = receipts(happened_at=on(6), quantity_received=4.0, known_at=on(14))
    last = as_of(15, less)
    assert (last["came_events_28d"], last["book_open_ever"]) == (0, 1)


def test_a_price_variance_stays_that_of_the_order_known_at_booking(as_of):
    invoice = {
        "invoice_line_id": ["i1"], "invoice_id": "i", "supplier_id": "acme", "site_id": "s1",
        "po_line_id": "p1", "quantity_invoiced": 10.0, "line_amount": 30.0,
        "happened_at": on(3), "known_at": on(3),
    }  # fmt: skip
    dearer = orders(po_unit_price=3.0, line_value=30.0, known_at=on(6))
    booked = {"invoices": TABLES["invoices"].conform(pd.DataFrame(invoice))}
    assert as_of(9, orders(), dearer, booked)["billed_varied_28d"] == 1
    right = {"invoices": booked["invoices"].assign(line_amount=20.0, known_at=on(9))}
    assert as_of(9, right)["billed_amount_28d"] == 30
    assert as_of(10)["billed_amount_28d"] == 20


def test_corrected_issues_of_a_day_are_one_day_of_demand(as_of):
    move = {
        "movement_id": ["m1", "m2"], "site_id": "s1", "item_id": "bolt",
        "movement_kind": "issue", "quantity_moved": [-4.0, -6.0],
        "happened_at": on(2), "known_at": on(2),
    }  # fmt: skip
    moved = TABLES["stock_movements"].conform(pd.DataFrame(move))
    fewer = moved.iloc[1:].assign(quantity_moved=-1.0, known_at=on(7))
    loads = ({"stock_movements": moved}, {"stock_movements": fewer})
    before = as_of(7, *loads)
    assert [before[f"issued_{m}_28d"] for m in ("events", "quantity", "quantity_sq")] == [
        1,
        10,
        100,
    ]
    after = as_of(8)
    assert [after[f"issued_{m}_28d"] for m in ("events", "quantity", "quantity_sq")] == [1, 5, 25]


def test_a_corrected_stock_report_is_one_report(as_of):
    report = {
        "site_id": ["s1"], "item_id": "bolt", "on_hand": 0.0,
        "happened_at": on(2), "known_at": on(2),
    }  # fmt: skip
    level = TABLES["stock_levels"].conform(pd.DataFrame(report))
    loads = ({"stock_levels": level}, {"stock_levels": level.assign(on_hand=8.0, known_at=on(5))})
    assert as_of(5, *loads)["stock_zero_28d"] == 1
    after = as_of(6)
    assert (after["stock_zero_28d"], after["stock_events_28d"]) == (0, 1)
    assert after["stock_on_hand_last"] == 8


def test_loads_day_by_day_in_any_order_are_as_one_load_of_everything(tmp_path):
    rng = np.random.default_rng(7)
    rows = pd.concat(
        [orders(po_line_id=f"p{k}", known_at=on(int(rng.integers(1, 9))))["purchase_orders"] for k in range(40)],
        ignore_index=True,
    )  # fmt: skip
    fixes = rows.sample(15, random_state=1).assign(
        known_at=lambda some: some["known_at"] + pd.to_timedelta(rng.integers(1, 6, 15), "D"),
        quantity_ordered=lambda some: rng.integers(5, 15, len(some)).astype(float),
        promised_at=pd.Timestamp("2026-03-07T00:00Z"),
    )
    came = pd.concat(
        [receipts(receipt_id=f"r{k}", po_line_id=f"p{k}", known_at=on(int(rng.integers(9, 15))))["receipts"] for k in range(40)],
        ignore_index=True,
    )  # fmt: skip
    recounted = came.sample(10, random_state=2).assign(quantity_received=7.0, known_at=on(16))
    everything = {
        "purchase_orders": pd.concat([rows, fixes], ignore_index=True),
        "receipts": pd.concat([came, recounted], ignore_index=True),
    }
    days = rng.permutation(10)  # late rows: what a day brings became known on any other day
    loads = [
        {name: frame.iloc[day::10].reset_index(drop=True) for name, frame in everything.items()}
        for day in days
    ]
    asks = pd.DataFrame(
        {"supplier_id": "acme", "site_id": "s1", "item_id": "bolt"}, index=range(27)
    )
    asks["as_of"] = [pd.Timestamp(2026, 3, day) for day in range(2, 29)]
    found = []
    for name, parts in (("once", [everything]), ("daily", loads)):
        for frames in parts:
            ingest(batches_from_frames(frames, "test"), tmp_path / name, tmp_path / "aside")
        with Store.from_folder(tmp_path / name) as store:
            found.append(training(STREAMS, store, asks))
    for measure, values in found[0].items():
        np.testing.assert_array_equal(values, found[1][measure], err_msg=measure)
    assert np.nanmax(found[0]["came_delay_days_28d"]) > 0
