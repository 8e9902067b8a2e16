"""Whatever the asks: nothing of what is scored is learnt from, and nothing is scored twice."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from models.training_set import TrainingSet
from tests.support import synthetic_task
from training.backtest.protocols.protocol import BacktestProtocol, ProtocolData
from training.backtest.splits import (
    RollingRequest,
    grouped_folds,
    labels_complete_until,
    scored_periods,
    split_for_period,
)

HOUR = np.timedelta64(1, "h")
START = np.datetime64("2026-01-01", "us")
SPAN = 24 * 120

drawn_asks = st.lists(
    st.tuples(
        st.integers(24 * 30, SPAN),  # hour of asking
        st.integers(0, 24 * 40),  # hours until its end is known
        st.integers(0, 12),  # group
    ),
    min_size=1,
    max_size=60,
)


def evidence(drawn) -> TrainingSet:
    """The drawn asks, sixty old ones that teach, and one a day so that no stretch is empty."""
    old = [(hour, 1, 100 + hour) for hour in range(60)]
    daily = [(24 * day, 5, 1000 + day) for day in range(30, SPAN // 24 + 1)]
    rows = [*old, *daily, *drawn]
    asked = np.array([START + hour * HOUR for hour, _, _ in rows])
    return TrainingSet(
        inputs=pd.DataFrame({"id": np.arange(len(rows), dtype=np.float64)}),
        label=np.zeros(len(rows), dtype=np.int64),
        target=None,
        asked_at=asked,
        matured_at=asked + np.array([wait * HOUR for _, wait, _ in rows]),
        group=np.array([f"g{group}" for _, _, group in rows], dtype=object),
        site=np.array(["s"] * len(rows)),
    )


def protocol(*, apart: bool = True, dated: bool = True) -> BacktestProtocol:
    return BacktestProtocol(
        "made_up", synthetic_task.make_task(), lambda *_: None, dated=dated, apart=apart
    )


def trials(asks: TrainingSet, folds: int, *, apart: bool = True):
    gathered = ProtocolData(asks, np.array([], "datetime64[us]"))
    plan = scored_periods(protocol(apart=apart), asks, RollingRequest(folds, test_days=70 // folds))
    made = [
        split_for_period(protocol(apart=apart), gathered, s, k, folds) for k, s in enumerate(plan)
    ]
    return plan, made


def ids(asks: TrainingSet) -> list[float]:
    return sorted(asks.inputs["id"])


@given(drawn_asks, st.integers(1, 4), st.booleans())
def test_training_asks_matured_before_any_scored_ask(drawn, folds, apart):
    plan, made = trials(evidence(drawn), folds, apart=apart)
    for stretch, trial in zip(plan, made, strict=True):
        cut = np.datetime64(stretch.cut, "us")
        assert trial.training_asks.matured_at.max() <= cut <= trial.scored.asked_at.min()
        assert trial.training_asks.asked_at.max() < cut


@given(drawn_asks, st.integers(1, 4))
def test_no_group_is_on_both_sides_of_a_cut(drawn, folds):
    for trial in trials(evidence(drawn), folds)[1]:
        assert not set(trial.training_asks.group) & set(trial.scored.group)


@given(drawn_asks, st.integers(1, 4))
def test_every_ask_from_the_first_cut_to_the_last_end_is_scored_once(drawn, folds):
    asks = evidence(drawn)
    plan, made = trials(asks, folds)
    first, last = (np.datetime64(day, "us") for day in (plan[0].cut, plan[-1].until))
    inside = asks.take((asks.asked_at >= first) & (asks.asked_at < last))
    assert sorted(n for trial in made for n in ids(trial.scored)) == ids(inside)
    assert np.datetime64(plan[-1].until) <= labels_complete_until(asks)


@given(drawn_asks, st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(drawn, folds, random):
    asks = evidence(drawn)
    order = list(range(len(asks)))
    random.shuffle(order)
    plan, made = trials(asks, folds)
    other_plan, others = trials(asks.take(np.array(order)), folds)
    assert plan == other_plan
    for trial, other in zip(made, others, strict=True):
        assert ids(trial.training_asks) == ids(other.training_asks)
        assert ids(trial.scored) == ids(other.scored)
        assert trial.excluded == other.excluded


@given(drawn_asks, st.integers(2, 6), st.randoms(use_true_random=False))
def test_folds_without_dates_keep_groups_whole_and_score_every_ask_once(drawn, folds, random):
    asks = evidence(drawn)
    order = list(range(len(asks)))
    random.shuffle(order)
    made, others = (
        grouped_folds(asks, folds, 17),
        grouped_folds(asks.take(np.array(order)), folds, 17),
    )
    assert sorted(n for trial in made for n in ids(trial.scored)) == ids(asks)
    for trial, other in zip(made, others, strict=True):
        assert not set(trial.training_asks.group) & set(trial.scored.group)
        assert ids(trial.scored) == ids(other.scored)


def test_the_newest_asks_are_left_out_when_only_quick_ends_are_known() -> None:
    """Slow ends take 30 days: those of the last 30 days are not known, the quick ones are."""
    hours = np.arange(0, 24 * 120, 6)
    slow = np.arange(len(hours)) % 2 == 0
    asked = START + hours * HOUR
    ended = asked + np.where(slow, 30 * 24, 24) * HOUR
    known = ended <= START + 24 * 120 * HOUR
    asks = TrainingSet(
        pd.DataFrame({"id": hours[known] * 1.0}),
        np.zeros(known.sum(), dtype=np.int64),
        None,
        asked[known],
        ended[known],
        hours[known].astype(str),
        np.array(["s"] * known.sum()),
    )
    assert labels_complete_until(asks) == np.datetime64("2026-04-01")
