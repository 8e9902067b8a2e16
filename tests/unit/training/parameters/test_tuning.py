"""The search sees nothing from the cut on, goes on where it stopped, and repeats itself."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.synthetic_task import draw_training_set, make_task
from training.parameters import tuning_study
from training.parameters.parameter_files import (
    LightGbmParameters,
    Parameters,
    parameters_toml,
    read_parameters,
    write_parameters,
)
from training.parameters.tuning_folds import tuning_folds, tuning_window
from training.parameters.tuning_study import SearchSpace, TuningProblem, run_study

pytestmark = pytest.mark.slow(4)

ROWS = 500
PRESENT = Parameters(lightgbm=LightGbmParameters(num_leaves=4, num_iterations=10))


def quiet(what, done):
    pass


def sought(window):
    return TuningProblem(make_task(), window, SearchSpace(PRESENT, dated=True), seed=3)


def otherwise(final_rows, later):
    """Return the rows with other inputs and inverted labels where `later` is true."""
    inputs = final_rows.inputs.copy()
    numbers = inputs.select_dtypes("number").columns
    inputs.loc[later, numbers] = -7.0 * inputs.loc[later, numbers] + 1
    label = np.where(later, 1 - final_rows.label, final_rows.label)
    return replace(final_rows, inputs=inputs, label=label)


def test_asks_from_the_cut_on_change_neither_the_study_nor_what_it_finds(tmp_path):
    everything = draw_training_set(ROWS).training
    until = np.sort(everything.asked_at)[int(ROWS * 0.8)]
    unknown = (everything.asked_at >= until) | (everything.matured_at > until)
    found = [
        run_study(sought(tuning_window(asks, until, 3)), 2, tmp_path / f"{i}.db", quiet)
        for i, asks in enumerate([everything, otherwise(everything, unknown)])
    ]
    assert found[0].name == found[1].name
    assert (found[0].best, found[0].value) == (found[1].best, found[1].value)
    # And the poison works: asks before the cut do matter.
    assert sought(tuning_window(otherwise(everything, ~unknown), until, 3)).name != found[0].name


def test_a_search_that_was_stopped_ends_as_one_that_was_not(tmp_path, monkeypatch):
    window = tuning_window(draw_training_set(ROWS).training, None, 3)
    whole = run_study(sought(window), 3, tmp_path / "whole.db", quiet)
    lost, calls = tuning_study._fold_loss, []

    def interrupted(*given):
        calls.append(given)
        if len(calls) == 11:  # in the middle of the second trial
            raise KeyboardInterrupt
        return lost(*given)

    with monkeypatch.context() as patch:
        patch.setattr(tuning_study, "_fold_loss", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_study(sought(window), 3, tmp_path / "parts.db", quiet)
    said = []
    resumed = run_study(
        sought(window), 3, tmp_path / "parts.db", lambda what, done: said.append(what)
    )
    assert said[0].startswith("1 trials were there already")
    assert resumed.resumed == 1
    assert (resumed.best, resumed.value) == (whole.best, whole.value)
    assert [t.params for t in resumed.trials] == [t.params for t in whole.trials]


def test_each_fold_learns_from_what_had_matured_and_scores_none_of_its_groups():
    window = tuning_window(draw_training_set(ROWS).training, None, 3)
    folds = tuning_folds(window, 3)
    assert len(folds) > 2
    for fold in folds:
        start = window.asked_at[fold.within].min()
        assert (window.matured_at[fold.before] <= start).all()
        assert not set(window.group[fold.before]) & set(window.group[fold.within])


def test_the_newest_asks_are_held_out_when_no_cut_is_given():
    everything = draw_training_set(ROWS).training
    window = tuning_window(everything, None, 3)
    newest = np.sort(everything.asked_at)[int(ROWS * 0.85)]
    assert window.asked_at.max() < newest
    assert window.matured_at.max() <= newest


def test_undated_asks_are_held_out_by_group_without_searching_ages():
    everything = draw_training_set(ROWS, dated=False).training
    window = tuning_window(everything, None, 3)
    left = set(everything.group) - set(window.group)
    assert len(left) == pytest.approx(0.15 * len(set(everything.group)), rel=0.1)
    for fold in tuning_folds(window, 3):
        assert not set(window.group[fold.before]) & set(window.group[fold.within])
    assert "half_life_days" not in SearchSpace(PRESENT, dated=False).distributions


def test_a_window_too_short_for_folds_is_refused():
    with pytest.raises(ValueError, match=r"40 asks with a matured label .* give a later cut"):
        tuning_folds(draw_training_set(40).training, 3)


def test_tuning_prefers_the_steadier_of_two_equal_means():
    assert tuning_study.objective([-0.2, -0.2]) < tuning_study.objective([-0.3, -0.1])


def test_found_parameters_are_written_as_a_file_that_reads_back(tmp_path):
    drawn_numbers = {
        "learning_rate": 0.0312345,
        "num_leaves": 9,
        "min_data_in_leaf": 30,
        "lambda_l2": 3.0,
        "feature_fraction": 0.3,
        "bagging_fraction": 0.7,
        "cat_smooth": 20.0,
        "extra_trees": True,
        "rounds": 80,
        "corrected": "as they come",
        "aged": True,
        "half_life_days": 365.0,
    }
    chosen = SearchSpace(PRESENT, dated=True).parameters(drawn_numbers)
    write_parameters(chosen, tmp_path / "new" / "found.toml", ["made by hand"])
    assert read_parameters(tmp_path / "new" / "found.toml") == chosen
    assert chosen.options.half_life_days == 365.0
    assert parameters_toml(chosen, ["made by hand"]).startswith("# made by hand\n\n[lightgbm]\n")
    steady = SearchSpace(PRESENT, dated=True).parameters(drawn_numbers | {"aged": False})
    assert steady.options.half_life_days is None


def test_labels_by_people_neither_compare_trials_nor_move_the_window():
    everything = draw_training_set(ROWS).training
    by_people = np.arange(ROWS) >= ROWS - 100
    told_by = np.where(by_people, "person, flagged", "system").astype(object)
    window = tuning_window(replace(everything, told_by=told_by), None, 3)
    alone = tuning_window(everything.take(~by_people), None, 3)
    assert window.inputs.equals(alone.inputs)
    assert set(window.told_by) == {"system"}
