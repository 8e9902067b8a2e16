"""A rolling backtest: every ask scored once, stopped and gone on with, and compared fairly."""

import json
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pytest

from models.fitting.fit import fit
from tests.unit.training.backtest_worlds import QUICK, asks, protocol, protocol_of
from training.backtest import rolling_origin
from training.backtest.champion_baseline import ChampionBaseline
from training.backtest.report import render_rolling_backtest, rolling_markdown
from training.backtest.splits import BacktestError, RollingRequest, scored_periods
from training.evaluation.bootstrap import BootstrapSettings

pytestmark = pytest.mark.slow(3)

TWO = RollingRequest(2, test_days=20)
roll = partial(rolling_origin.roll_protocol, draws=BootstrapSettings(times=60))


class StoppedError(Exception):
    """The power went out."""


@pytest.fixture(scope="module")
def rolled(tmp_path_factory):
    return roll(protocol(asks()), tmp_path_factory.mktemp("source"), TWO)


def test_stretches_follow_each_other_up_to_the_end_of_complete_labels():
    plan = scored_periods(protocol(asks()), asks(), RollingRequest(3, test_days=10))
    assert [(str(s.cut), str(s.until)) for s in plan] == [
        ("2026-03-02", "2026-03-12"),
        ("2026-03-12", "2026-03-22"),
        ("2026-03-22", "2026-04-01"),
    ]
    earlier = scored_periods(protocol(asks()), asks(), RollingRequest(1, date(2026, 3, 5), 10))
    assert [(str(s.cut), str(s.until)) for s in earlier] == [("2026-02-23", "2026-03-05")]


def test_the_figures_of_all_stretches_are_those_of_every_ask_scored_once(rolled):
    assert rolled.figures["n"] == sum(fold["n"] for fold in rolled.folds) == 400
    assert len(set(rolled.scored.asks.asked_at)) == 400
    assert list(rolled.figures["baselines"]) == [
        "class_shares",
        "low_cover",
        "logistic_regression",
        "lightgbm_defaults",
    ]
    alone = rolled.folds[0]
    assert set(alone) <= set(rolled.figures)
    assert set(rolled.figures["segments"]) == {"all", "early"}
    json.dumps(rolled.figures, allow_nan=False)


def test_a_stretch_learns_from_all_that_ended_before_it(rolled):
    taught = [fold["trained_on"]["n"] for fold in rolled.folds]
    assert taught[0] < taught[1]
    assert rolled.folds[0]["excluded"]["asked_before_cut_and_known_after"] > 0


def test_a_second_call_fits_nothing_and_reads_no_source(rolled, tmp_path):
    (tmp_path / "source").mkdir()
    first = roll(protocol(asks()), tmp_path / "source", TWO, keep=tmp_path / "kept")

    def never():
        raise AssertionError("the source was read again")

    again = roll(protocol_of(never), tmp_path / "source", TWO, keep=tmp_path / "kept")
    assert (first.kept, again.kept) == (0, 2)
    assert again.figures == first.figures == rolled.figures
    assert again.folds == first.folds


def test_a_call_that_was_stopped_goes_on_where_it_was(rolled, tmp_path):
    (tmp_path / "source").mkdir()

    def stop_in_the_second(what, done):
        if what.startswith("fold 2 of 2"):
            raise StoppedError

    kept = tmp_path / "kept"
    with pytest.raises(StoppedError):
        roll(protocol(asks()), tmp_path / "source", TWO, keep=kept, progress=stop_in_the_second)
    said = []
    again = roll(
        protocol(asks()),
        tmp_path / "source",
        TWO,
        keep=kept,
        progress=lambda what, done: said.append(what),
    )
    assert again.kept == 1
    assert any("fold 1 of 2" in what and "from an earlier call" in what for what in said)
    assert again.figures == rolled.figures


def test_other_data_and_other_parameters_are_another_backtest(tmp_path):
    source, kept = tmp_path / "source", tmp_path / "kept"
    source.mkdir()
    one = RollingRequest(1, test_days=20)
    roll(protocol(asks(400)), source, one, keep=kept)
    (source / "rows.csv").write_text("a row more")
    assert roll(protocol(asks(400)), source, one, keep=kept).kept == 0
    slower = replace(protocol(asks(400)), options=replace(QUICK, rounds=9))
    assert roll(slower, source, one, keep=kept).kept == 0
    assert roll(protocol(asks(400)), source, RollingRequest(1, test_days=15), keep=kept).kept == 0
    assert roll(protocol(asks(400)), source, one, keep=kept).kept == 1


def test_the_order_of_the_rows_does_not_matter(rolled, tmp_path):
    shuffled = asks().take(np.random.default_rng(1).permutation(900))
    other = roll(protocol(shuffled), tmp_path, TWO)
    for segment, own in rolled.figures["segments"].items():
        for name, interval in other.figures["segments"][segment]["metrics"].items():
            assert interval["value"] == pytest.approx(own["metrics"][name]["value"], abs=1e-12)


def test_a_set_without_dates_is_dealt_into_as_many_folds(tmp_path):
    undated = asks(dated=False)
    told = roll(protocol(undated, dated=False), tmp_path, RollingRequest(3))
    assert [stretch.name for stretch in told.stretches] == ["1-of-3", "2-of-3", "3-of-3"]
    assert told.figures["n"] == 900
    assert (told.figures["cut"], told.figures["until"]) == (None, None)
    for asked in (
        RollingRequest(3, date(2026, 3, 1)),
        RollingRequest(3, test_days=9),
        RollingRequest(1),
    ):
        with pytest.raises(BacktestError, match="has no dates"):
            roll(protocol(undated, dated=False), tmp_path, asked)


def test_a_champion_is_compared_only_on_asks_that_are_new_to_it(tmp_path):
    everything = asks()
    made = protocol(everything)
    learnt = everything.take(everything.matured_at <= np.datetime64("2026-03-05"))
    model = fit(made.task, learnt, QUICK).model
    rival = ChampionBaseline("0" * 64, model, np.datetime64("2026-03-15", "us"))
    told = roll(made, tmp_path, TWO, rival=rival)
    fresh = int((told.scored.asks.asked_at >= rival.fresh_from).sum())
    assert 0 < fresh < told.figures["n"]
    assert told.figures["compared"]["all"]["champion"]["log_loss"]["n"] == fresh
    assert told.figures["champion"]["said"] == f"compared on {fresh} asks that are new to it"
    assert "champion" not in told.folds[0]["compared"]["all"]
    assert "champion" not in told.figures["baselines"]
    assert "| all | champion |" in rolling_markdown(told)


def test_a_champion_that_learnt_from_all_the_asks_is_not_compared(tmp_path):
    made = protocol(asks())
    model = fit(made.task, asks(), QUICK).model
    told = roll(
        made, tmp_path, TWO, rival=ChampionBaseline("0", model, np.datetime64("2027-01-01", "us"))
    )
    assert "it learnt from these asks" in told.figures["champion"]["said"]
    assert "champion" not in told.figures["compared"]["all"]


def test_the_table_says_in_words_what_each_comparison_showed(rolled):
    text = rolling_markdown(rolled)
    row = next(line for line in text.splitlines() if line.startswith("| all | class shares |"))
    assert row.count(": better") + row.count(": no difference shown") + row.count(": worse") == 2
    from rich.console import Console

    console = Console(width=120)
    with console.capture() as shown:
        console.print(render_rolling_backtest(rolled))
    assert "all stretches, early" in shown.get()
    assert max(len(line) for line in shown.get().splitlines()) <= 120


def test_many_classes_and_their_two_class_view_roll_too(tmp_path):
    made = protocol(asks(classes=4), classes=4)
    seen = replace(made, two_class_views={"any_exception": "A"})
    told = roll(seen, tmp_path, TWO)
    assert set(told.figures["segments"]) == {"all", "early", "any_exception"}
    assert set(told.figures["compared"]) == {"all", "early", "any_exception"}


def test_no_stretch_and_no_days_are_refused():
    for folds, days in ((0, None), (1, 0)):
        with pytest.raises(BacktestError, match="at least 1"):
            RollingRequest(folds, test_days=days)
