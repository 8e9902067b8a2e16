"""Properties of the tables of every simulated world."""

import hashlib

import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.simulator.simulation import simulate
from data.simulator.world.size import WorldSize

pytestmark = pytest.mark.slow(3)

TINY = WorldSize(sites=3, suppliers=12, items=60, months=8)
END = pd.Timestamp("2025-12-01", tz="UTC")  # of the busy world


def digest(frames):
    total = hashlib.sha256()
    for name, frame in frames.items():
        total.update(name.encode())
        total.update(pd.util.hash_pandas_object(frame).to_numpy().tobytes())
    return total.hexdigest()


@pytest.mark.parametrize("name", TABLES)
def test_every_table_keeps_its_contract(busy, name):
    table = TABLES[name]
    frame = busy[name]
    pd.testing.assert_frame_equal(frame, table.conform(frame))
    table.schema.validate(frame)
    assert not frame.duplicated([str(column) for column in table.key]).any()
    assert len(frame) > 0 or name == "decisions"


def test_the_same_seed_gives_the_same_tables_and_another_seed_does_not(tiny):
    assert digest(simulate(TINY, seed=3)) == digest(tiny)
    assert digest(simulate(TINY, seed=8)) != digest(tiny)


def test_nothing_is_known_before_it_happened_nor_after_the_end(busy):
    for name, frame in busy.items():
        assert (frame["known_at"] >= frame["happened_at"]).all(), name
        assert (frame["known_at"] < END).all(), name


def test_times_are_whole_minutes(busy):
    for name, frame in busy.items():
        for column in ("happened_at", "known_at"):
            stamps = frame[column].astype("int64")
            assert (stamps % 60_000_000 == 0).all(), f"{name}.{column}"


def test_the_world_ends_with_things_open(busy):
    lines, receipts = busy["purchase_orders"], busy["receipts"]
    complete = receipts.loc[receipts["final"], "po_line_id"]
    waiting = ~lines["po_line_id"].isin(complete) & (lines["promised_at"] > END)
    assert waiting.sum() > 50
    invoices, outcomes = busy["invoices"], busy["invoice_outcomes"]
    late = invoices[invoices["known_at"] > END - pd.Timedelta(days=20)]
    assert len(late) > 50
    assert late["invoice_line_id"].isin(outcomes["invoice_line_id"]).mean() < 0.5
    assert busy["stock_levels"]["happened_at"].max() > END - pd.Timedelta(days=1)


def test_references_lead_to_rows(busy):
    lines = busy["purchase_orders"]["po_line_id"]
    for name in ("receipts", "supplier_events"):
        assert busy[name]["po_line_id"].isin(lines).all(), name
    assert busy["invoices"]["po_line_id"].dropna().isin(lines).all()
    assert (
        busy["invoice_outcomes"]["invoice_line_id"].isin(busy["invoices"]["invoice_line_id"]).all()
    )
    assert lines.is_unique
    for name in ("order_lines", "stock_levels", "stock_movements", "purchase_orders"):
        assert busy[name]["item_id"].isin(busy["items"]["item_id"]).all(), name


def test_progress_is_told_up_to_the_end():
    told = []
    simulate(WorldSize(sites=1, suppliers=2, items=5, months=2), 1, lambda *step: told.append(step))
    assert told[-1] == ("tables", 1.0)
    assert all(0 <= done <= 1 for _, done in told)


@pytest.mark.parametrize(
    ("measure", "value", "takes"),
    [("sites", 0, "1 to 99"), ("items", -1, "1 to 99999"), ("months", 0, "1 to 120")],
)
def test_a_size_that_cannot_be_is_refused_with_what_it_takes(measure, value, takes):
    with pytest.raises(ValueError, match=f"{measure} is {value}, it takes {takes}"):
        WorldSize(**{measure: value})


def test_a_world_that_begins_on_the_last_of_a_month_ends_in_a_month_that_is():
    from datetime import date

    assert WorldSize(start=date(2024, 8, 31), months=6).end == date(2025, 2, 28)
