from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.training_set import TrainingSet
from training.backtest.protocols.canonical_sets import running_exception_share
from training.backtest.protocols.catalogue import PROTOCOLS
from training.backtest.protocols.protocol import ProtocolData
from training.backtest.single_cut import backtest
from training.backtest.splits import BacktestError, split_at_cut

DAY = np.timedelta64(1, "D")


def evidence(asks):
    """Asks as (day asked, day matured, group), counted from 2018-01-01, many of each."""
    asks = [ask for ask in asks for _ in range(60)]
    start = np.datetime64("2018-01-01", "us")
    asked, matured = (np.array([start + ask[i] * DAY for ask in asks]) for i in (0, 1))
    return TrainingSet(
        inputs=pd.DataFrame({"x": np.zeros(len(asks))}),
        label=np.zeros(len(asks), dtype=np.int64),
        target=None,
        asked_at=asked,
        matured_at=matured,
        group=np.array([ask[2] for ask in asks]),
        site=np.array(["s"] * len(asks)),
    )


def trial(source, asks, unlabelled=()):
    open_ended = np.array(unlabelled, dtype="datetime64[us]")
    gathered = ProtocolData(evidence(asks), open_ended)
    cut, until = np.datetime64("2018-02-01", "us"), np.datetime64("2018-03-01", "us")
    return split_at_cut(PROTOCOLS[source], gathered, cut, until)


def test_labels_known_by_the_cut_train_and_asks_from_the_cut_on_are_scored():
    made = trial("bpic19", [(0, 31, "a"), (5, 40, "b"), (31, 60, "c"), (59, 80, "d")])
    assert set(made.training_asks.group) == {"a"}
    assert set(made.scored.group) == {"c"}
    assert made.excluded["asked_before_cut_and_known_after"] == 60


def test_a_group_that_is_scored_does_not_teach_unless_groups_stand_for_ever():
    asks = [(0, 20, "a"), (1, 20, "b"), (33, 50, "a")]
    assert set(trial("bpic19", asks).training_asks.group) == {"b"}
    assert set(trial("stockouts_cdi", asks).training_asks.group) == {"a", "b"}


def test_asks_without_a_known_end_are_counted():
    made = trial("bpic19", [(0, 20, "a"), (33, 50, "c")], ["2018-02-10", "2018-04-01"])
    assert made.excluded["end_not_known"] == 1


def test_a_period_without_asks_says_which_asks_there_are():
    with pytest.raises(BacktestError, match=r"from 2018-02-01 on; asks there are: 2018-01-01 \.\."):
        trial("bpic19", [(0, 20, "a")])


@pytest.mark.parametrize(
    ("task", "source", "cut", "message"),
    [
        ("stock_risk", "shops", date(2018, 1, 1), "no source 'shops'; there are scms_delivery"),
        ("stock_risk", "bpic19", date(2018, 1, 1), "a source of invoice_mismatch, not of stock"),
        ("stock_risk", "backorders", date(2018, 1, 1), "has no dates, so it takes no cut"),
        ("stock_risk", "stockouts_cdi", None, "has dates: give the cut"),
    ],
)
def test_a_backtest_that_makes_no_sense_says_why(task, source, cut, message):
    with pytest.raises(BacktestError, match=message):
        backtest(task, source, Path("nowhere"), cut)


def test_a_share_so_far_leaves_out_what_became_known_on_the_day_and_later():
    events = pd.DataFrame(
        {
            "key": ["a", "a", "b"],
            "known_at": pd.to_datetime(["2018-01-01", "2018-01-05", "2018-01-02"]),
            "exception": [1.0, 0.0, 0.0],
        }
    )
    asked = pd.DataFrame(
        {"key": ["a", "a"], "as_of": np.array(["2018-01-05", "2018-01-01"], "datetime64[D]")}
    )
    # One exception of one, leaning with 5 rows on one exception of two in all.
    assert running_exception_share(asked, events)[0] == pytest.approx((1 + 5 * 0.5) / 6)
    assert np.isnan(running_exception_share(asked, events)[1])
