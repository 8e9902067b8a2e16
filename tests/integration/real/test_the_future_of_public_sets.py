"""What is known only after an ask may be anything: what the ask is told stays the same."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from training.backtest.protocols.catalogue import PROTOCOLS
from training.backtest.splits import split_at_cut

AFTER = ("weight_kilograms", "freight_cost_usd", "line_item_insurance_usd")
PAPERS = ("po_sent_to_vendor_date", "pq_first_sent_to_client_date")
ENDS = ("delivered_to_client_date", "delivery_recorded_date")


def deliveries(folder):
    rows = pd.read_parquet(folder / "scms_delivery" / "deliveries.parquet")
    dates = [name for name in rows if name.endswith("_date")]
    rows[dates] = rows[dates].apply(pd.to_datetime)
    return rows[rows["scheduled_delivery_date"] > "2011-07-01"]


def other_deliveries(rows, until):
    """Deliveries recorded from `until` on come at some other day; so do papers dated then."""
    random = np.random.default_rng(1)
    rows = rows.assign(**{name: random.random(len(rows)) for name in AFTER})
    ask = rows["scheduled_delivery_date"] - pd.Timedelta(days=30)
    unknown = rows[list(ENDS)].max(axis=1) >= until
    days = pd.to_timedelta(random.integers(20, 400, len(rows)), "D")
    for name in ENDS:
        rows[name] = rows[name].mask(unknown, np.maximum(ask, until) + days)
    for name in PAPERS:
        rows[name] = rows[name].mask(rows[name] >= until, rows[name] + days)
    return rows


def cards(folder):
    rows = pd.read_parquet(folder / "stockouts_cdi" / "stock_monthly.parquet")
    return rows[rows["site_code"].isin(sorted(rows["site_code"].unique())[::4])]


def other_cards(rows, until):
    """Months that end after `until` hold other quantities."""
    later = pd.to_datetime(rows["period"]) >= until - pd.Timedelta(days=1)
    random = np.random.default_rng(1)
    moved = [name for name in rows if name.startswith(("stock_", "average_"))]
    drawn = {name: random.integers(0, 900, len(rows)) * random.integers(0, 2) for name in moved}
    return rows.assign(**{name: rows[name].mask(later, drawn[name]) for name in moved})


@pytest.mark.parametrize(
    ("source", "file", "read", "change", "cut", "until"),
    [
        (
            "scms_delivery",
            "deliveries",
            deliveries,
            other_deliveries,
            date(2013, 3, 10),
            date(2013, 3, 18),
        ),
        ("stockouts_cdi", "stock_monthly", cards, other_cards, date(2018, 4, 1), date(2018, 4, 2)),
    ],
)
def test_later_knowledge_changes_neither_training_rows_nor_asks(
    real_data, tmp_path, source, file, read, change, cut, until
):
    rows = read(real_data)
    changed = change(rows, pd.Timestamp(until))
    protocol, trials = PROTOCOLS[source], []
    for name, frame in {"as_it_was": rows, "otherwise": changed}.items():
        (tmp_path / name).mkdir()
        frame.to_parquet(tmp_path / name / f"{file}.parquet")
        gathered = protocol.gather(protocol.task, tmp_path / name, None)
        moments = (np.datetime64(str(day), "us") for day in (cut, until))
        trials.append(split_at_cut(protocol, gathered, *moments))
    one, other = trials
    assert len(one.scored) > 20
    assert (one.scored.label != other.scored.label).any()  # the ends did change
    pd.testing.assert_frame_equal(one.scored.inputs, other.scored.inputs, check_exact=True)
    pd.testing.assert_frame_equal(
        one.training_asks.inputs, other.training_asks.inputs, check_exact=True
    )
    assert (one.training_asks.label == other.training_asks.label).all()
    for rule, score in one.scored.rules.items():
        assert np.array_equal(score, other.scored.rules[rule], equal_nan=True)
