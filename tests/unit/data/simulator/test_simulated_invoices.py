"""Invoices go wrong for reasons, and nothing but the reasons gives the outcome away."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from data.contracts.invoice_outcomes import ExceptionClass

pytestmark = pytest.mark.slow(3)


@pytest.fixture(scope="module")
def ended(busy):
    """Invoice lines with their outcome, in the order of the table."""
    invoices = busy["invoices"].assign(row=np.arange(len(busy["invoices"])))
    return invoices.merge(
        busy["invoice_outcomes"], on="invoice_line_id", suffixes=("", "_of_end")
    ).sort_values("row")


def test_every_class_occurs_and_most_lines_are_clean(ended):
    share = ended["exception_class"].value_counts(normalize=True)
    assert set(share.index) == {str(kind) for kind in ExceptionClass}
    assert 0.72 < share["CLEAN"] < 0.88
    assert share.drop("CLEAN").max() < 0.07


def test_late_posting_makes_rotterdam_wait_for_receipts(ended):
    waits = (ended["exception_class"] == "NO_RECEIPT").groupby(ended["site_id"]).mean()
    assert waits["S03"] == waits.max()
    assert waits["S03"] > 1.5 * waits.drop("S03").median()


def test_a_price_variance_is_not_the_whole_story(busy, ended):
    lines = ended.merge(busy["purchase_orders"][["po_line_id", "po_unit_price"]], on="po_line_id")
    lines = lines[lines["invoice_unit"] == "EA"]
    off = (lines["invoice_unit_price"] / lines["po_unit_price"] - 1).between(0.015, 0.1)
    stopped = lines["exception_class"] == "PRICE_VARIANCE"
    assert 0.1 < stopped[off].mean() < 0.9
    assert (stopped & ~off).sum() > 5


def test_a_duplicate_looks_like_any_invoice(ended):
    twice = ended[ended["exception_class"] == "DUPLICATE"]
    other = ended[ended["exception_class"] != "DUPLICATE"]
    assert set(twice["invoice_line_id"].str.len()) <= set(other["invoice_line_id"].str.len())
    again = twice["invoice_number"].isin(other["invoice_number"])
    assert 0.3 < again.mean() < 1.0


def test_neither_ids_nor_row_order_tell_who_is_stopped(ended):
    """Within a day, so that a drift of the rates over time is not taken for a leak."""
    stopped = (ended["exception_class"] != "CLEAN").to_numpy()
    number = ended["invoice_id"].str.extract(r"-(\d+)$")[0].astype(int).to_numpy()
    week = ended["known_at"].dt.strftime("%G-%V")
    for clue in (number, ended["row"].to_numpy(), ended["known_at"].dt.minute.to_numpy()):
        place = pd.Series(clue, index=week.index).groupby(week).rank(pct=True)
        assert abs(roc_auc_score(stopped, place) - 0.5) < 0.03


def test_a_clean_line_is_known_to_be_clean_when_its_window_is_over(ended):
    clean = ended["exception_class"] == "CLEAN"
    days = (ended["known_at_of_end"] - ended["known_at"]).dt.total_seconds() / 86400
    assert (days[clean] >= 30).all()
    assert (days > 0).all()
    assert days[~clean].median() < 20
    resolutions = set(ended.loc[clean, "resolution"])
    assert resolutions == {"NONE_NEEDED", "RELEASED_IN_TOLERANCE"}


def test_sites_resolve_at_their_own_pace(ended):
    stopped = ended[ended["exception_class"] != "CLEAN"]
    days = (stopped["known_at_of_end"] - stopped["known_at"]).dt.total_seconds() / 86400
    pace = days.groupby(stopped["site_id"]).median()
    assert pace["S05"] > 1.5 * pace["S07"]
