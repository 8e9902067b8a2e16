"""Folds lie in time, keep groups whole and wait for labels."""

from dataclasses import replace

import numpy as np
import pytest

from models.folds import FoldShares, split_folds, stopping_windows
from tests.support.synthetic_task import draw_training_set


@pytest.fixture(scope="module")
def dated():
    return draw_training_set(3000).training


def test_each_fold_is_later_than_the_one_before_and_its_labels_were_known(dated):
    folds = split_folds(dated, FoldShares(), seed=1)
    stop_at = dated.asked_at[folds.stop].min()
    calibrate_at = dated.asked_at[folds.calibration].min()
    assert dated.asked_at[folds.fit].max() < stop_at
    assert dated.matured_at[folds.fit].max() <= stop_at
    assert dated.matured_at[folds.stop].max() <= calibrate_at
    assert len(folds.calibration) == pytest.approx(0.18 * len(dated), rel=0.02)
    assert folds.notes == ()


def test_every_ask_is_in_one_fold_or_dropped_between_them(dated):
    folds = split_folds(dated, FoldShares(), seed=1)
    everything = np.concatenate([folds.fit, folds.stop, folds.calibration, folds.dropped])
    assert sorted(everything.tolist()) == list(range(len(dated)))


def test_no_group_is_in_two_folds(dated):
    for training in (dated, draw_training_set(3000, dated=False).training):
        folds = split_folds(training, FoldShares(), seed=1)
        groups = [set(training.group[f]) for f in (folds.fit, folds.stop, folds.calibration)]
        assert len(set.union(*groups)) == sum(len(names) for names in groups)


def test_standing_groups_are_kept_apart_by_time_and_it_says_so(dated):
    standing = replace(dated, group=np.arange(len(dated)) % 10)
    folds = split_folds(standing, FoldShares(), seed=1)
    assert len(folds.fit) > 0.6 * len(dated)
    assert standing.matured_at[folds.fit].max() <= standing.asked_at[folds.stop].min()
    assert folds.notes[0].startswith("fit: groups go on into later folds")


def test_standing_groups_of_which_few_go_on_are_not_dropped_either(dated):
    ordered = dated.take(np.argsort(dated.asked_at, kind="stable"))
    place = np.arange(len(ordered))
    ordered = replace(
        ordered,
        group=(place + 150) // 300 * 100 + place % 100,  # a group reaches over each cut
        matured_at=ordered.asked_at + np.timedelta64(1, "h"),
    )
    folds = split_folds(ordered, FoldShares(), seed=1)
    assert np.isin(ordered.group[folds.fit], ordered.group[folds.stop]).any()
    assert ordered.matured_at[folds.fit].max() <= ordered.asked_at[folds.stop].min()


def test_labels_that_take_longer_than_the_fold_leave_out_the_embargo_and_it_says_so(dated):
    slow = replace(dated, matured_at=dated.asked_at + np.timedelta64(40, "D"))
    folds = split_folds(slow, FoldShares(), seed=1)
    assert len(folds.stop) > 0
    assert any("no embargo" in note for note in folds.notes)


def test_sets_without_dates_are_split_by_group_whatever_the_order_of_rows():
    training = draw_training_set(900, dated=False).training
    turned = np.arange(900)[::-1]
    one, other = (
        split_folds(training, FoldShares(), seed=5),
        split_folds(training.take(turned), FoldShares(), seed=5),
    )
    assert np.array_equal(np.sort(turned[other.stop]), one.stop)
    assert len(one.calibration) == pytest.approx(0.18 * 900, rel=0.05)


def test_asks_of_one_moment_are_never_in_two_folds():
    training = draw_training_set(400).training
    monthly = training.asked_at.astype("datetime64[D]").astype("datetime64[us]")
    training = replace(training, asked_at=monthly, matured_at=monthly)
    folds = split_folds(training, FoldShares(), seed=1)
    days = [set(monthly[f].tolist()) for f in (folds.fit, folds.stop, folds.calibration)]
    assert all(days)
    assert len(set.union(*days)) == sum(len(moments) for moments in days)


@pytest.mark.parametrize("is_dated", [True, False])
def test_small_sets_look_at_several_later_stretches_to_know_when_to_stop(is_dated):
    training = draw_training_set(3000, dated=is_dated).training
    folds = split_folds(training, FoldShares(), seed=1)
    found = stopping_windows(training, folds, classes=2, seed=1)
    assert len(found) == 3
    calibration = set(training.group[folds.calibration])
    for window in found:
        before, within = set(training.group[window.before]), set(training.group[window.within])
        assert not before & within
        assert not (before | within) & calibration
        if is_dated:
            start = training.asked_at[window.within].min()
            assert training.matured_at[window.before].max() <= start


def test_large_sets_look_at_the_stop_fold_alone(dated):
    folds = split_folds(dated, FoldShares(), seed=1)
    (only,) = stopping_windows(dated, folds, classes=30, seed=1)
    assert only.within is folds.stop
