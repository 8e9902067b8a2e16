"""The public sets through the whole line, on short stretches of each."""

import json
from datetime import date

import pandas as pd
import pytest
from rich.console import Console

from training.backtest.report import render_backtest
from training.backtest.single_cut import backtest

pytestmark = pytest.mark.slow(22)

FOLDERS = {
    "scms_delivery": "scms_delivery",
    "stockouts_cdi": "stockouts_cdi",
    "bpic19": "bpic19_invoice_after_gr",
    "backorders": "backorders",
}
BINARY = {"roc_auc", "pr_auc", "log_loss", "brier", "ece"}


def late_deliveries(folder):
    rows = pd.read_parquet(folder / "deliveries.parquet")
    return {"deliveries": rows[pd.to_datetime(rows["scheduled_delivery_date"]) > "2011-07-01"]}


def some_sites(folder):
    rows = pd.read_parquet(folder / "stock_monthly.parquet")
    sites = sorted(rows["site_code"].unique())[::4]
    return {"stock_monthly": rows[rows["site_code"].isin(sites)]}


def some_orders(folder):
    cases = pd.read_parquet(folder / "cases.parquet")
    cases = cases[cases["purchasing_document"] % 3 == 0]
    events = pd.read_parquet(folder / "events.parquet")
    return {"cases": cases, "events": events[events["case_id"].isin(cases["case_id"])]}


def some_parts(folder):
    return {"snapshot_sample": pd.read_parquet(folder / "snapshot_sample.parquet").iloc[::8]}


def smaller(real_data, tmp_path, source, choose):
    for name, frame in choose(real_data / FOLDERS[source]).items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


@pytest.mark.parametrize(
    ("task", "source", "choose", "cut", "segments"),
    [
        (
            "supplier_delay",
            "scms_delivery",
            late_deliveries,
            date(2013, 7, 1),
            {"all", "direct_drop", "rdc"},
        ),
        ("stock_risk", "stockouts_cdi", some_sites, date(2018, 1, 1), {"all", "in_stock"}),
        ("invoice_mismatch", "bpic19", some_orders, date(2018, 7, 1), {"all", "any_exception"}),
    ],
)
def test_a_dated_set_is_learnt_before_the_cut_and_scored_after_it(
    real_data, tmp_path, task, source, choose, cut, segments
):
    folder = smaller(real_data, tmp_path, source, choose)
    result = json.loads(json.dumps(backtest(task, source, folder, cut), allow_nan=False))
    assert set(result["segments"]) == segments
    overall = result["segments"]["all"]
    assert overall["n"] == result["n"] > 100
    assert set(overall["metrics"]) >= BINARY
    assert overall["metrics"]["roc_auc"]["value"] > 0.6
    shares = result["baselines"]["class_shares"]
    assert overall["metrics"]["log_loss"]["value"] < shares["log_loss"]["value"]
    assert set(shares["segments"]) == segments
    assert result["rows"]["read"] == result["rows"]["accepted"] + result["rows"]["quarantined"]


def test_a_set_without_dates_is_scored_on_a_second_folder(real_data, tmp_path):
    folder = smaller(real_data, tmp_path, "backorders", some_parts)
    rows = pd.read_parquet(folder / "snapshot_sample.parquet")
    (tmp_path / "test").mkdir()
    rows.iloc[::4].to_parquet(tmp_path / "test" / "snapshot_sample.parquet")
    result = backtest("stock_risk", "backorders", folder, test_path=tmp_path / "test")
    assert result["n"] == len(rows.iloc[::4])
    assert result["cut"] is None
    # Rows equal to one that is scored do not teach.
    left_out = result["excluded"]["taught_none_of_a_scored_group"]
    assert left_out >= result["n"]
    assert result["trained_on"]["n"] == len(rows) - left_out
    console = Console(width=120, record=True, file=None, quiet=False)
    with console.capture() as shown:
        console.print(render_backtest(result))
    assert "lightgbm" in shown.get()


def test_the_first_invoices_and_their_ends_are_those_the_publisher_counts(real_data):
    from data.sources.public_sets import bpic19

    outcomes = bpic19.read(real_data / FOLDERS["bpic19"])["invoice_outcomes"]
    ended = outcomes["resolution"].value_counts().to_dict()
    assert len(outcomes) == 6859
    assert (ended["REVERSED"], ended["PO_AMENDED"]) == (98, 71)
