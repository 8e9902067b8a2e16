import tomllib
from pathlib import Path

import pytest

from models.catalogue import TASKS
from models.fitting.preparation import FitOptions, RefitScope
from training.backtest.protocols.catalogue import PROTOCOLS
from training.parameters.parameter_files import (
    ParametersError,
    load_parameters,
    parameters_file,
    read_parameters,
)

SMALL = "[lightgbm]\nlearning_rate = 0.1\n"


def written(tmp_path, text) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", [*TASKS, *PROTOCOLS])
def test_every_task_and_public_set_has_a_file_whose_numbers_reach_lightgbm(name):
    numbers = tomllib.loads(parameters_file(name).read_text())["lightgbm"]
    asked = TASKS[name] if name in TASKS else PROTOCOLS[name].task
    assert load_parameters(name).trees(asked).lightgbm == numbers
    if name in PROTOCOLS:
        assert asked.lightgbm == numbers


def test_a_file_that_names_nothing_but_trees_fits_by_the_defaults(tmp_path):
    assert load_parameters("stock_risk", written(tmp_path, SMALL)).options == FitOptions()


def test_fitting_takes_the_options_of_the_parameter_file(tmp_path):
    text = SMALL + '[fit]\nrefit = "all"\nrounds = 7\nstop_share = 0.2\n'
    options = read_parameters(written(tmp_path, text)).options
    assert (options.refit, options.rounds, options.shares.stop) == (RefitScope.ALL, 7, 0.2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[lightgbm]\nnum_leafs = 3\n", r"lightgbm\.num_leafs is not known; did you mean num_leav"),
        (
            "[boosting]\nx = 1\n",
            "lightgbm is missing; boosting is not known; there are features, light",
        ),
        ("[lightgbm]\nlearning_rate = 3\n", r"lightgbm\.learning_rate: .*less than or equal to 1"),
        (SMALL + '[fit]\nrefit = "most"\n', r"fit\.refit: .*'fit', 'fit and stop' or 'all'"),
        (SMALL + '[fit]\ncalibrations = ["plat"]\n', r"fit\.calibrations\.0: .*'platt'"),
        (SMALL + "[fit]\nstop_share = 0.4\ncalibration_share = 0.4\n", "take 80% of the asks"),
        ("[lightgbm\n", "mine.toml"),
    ],
)
def test_a_wrong_file_is_named_with_the_key_and_the_choices(tmp_path, text, said):
    with pytest.raises(ParametersError, match=said) as error:
        read_parameters(written(tmp_path, text))
    assert "mine.toml" in str(error.value)


def test_a_name_without_a_file_lists_those_that_have_one():
    with pytest.raises(ParametersError, match=r"no parameters of 'shops'; there are .*stock_risk"):
        load_parameters("shops")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ParametersError, match="nowhere"):
        load_parameters("stock_risk", tmp_path / "nowhere.toml")


def test_a_feature_that_is_left_out_is_not_asked_for(tmp_path):
    chosen = read_parameters(written(tmp_path, SMALL + '[features]\nleave_out = ["site_type"]\n'))
    asked = TASKS["stock_risk"]
    names = {feature.name for feature in asked.features}
    assert {f.name for f in chosen.task(asked).features} == names - {"site_type"}
    assert "site_type" in names


def test_a_feature_to_leave_out_must_be_one_of_the_tasks(tmp_path):
    chosen = read_parameters(written(tmp_path, SMALL + '[features]\nleave_out = ["colour"]\n'))
    with pytest.raises(
        ValueError, match=r"stock_risk has no such feature 'colour'; there are on_h"
    ):
        chosen.task(TASKS["stock_risk"])


def test_a_sign_is_of_a_number_and_of_one_event(tmp_path):
    on_category = read_parameters(written(tmp_path, SMALL + '[features]\nrising = ["site_type"]\n'))
    with pytest.raises(ValueError, match=r"features\.rising: .* no such feature 'site_type'"):
        on_category.task(TASKS["stock_risk"])
    name = next(f.name for f in TASKS["invoice_mismatch"].features)
    of_many = read_parameters(written(tmp_path, SMALL + f'[features]\nfalling = ["{name}"]\n'))
    with pytest.raises(ValueError, match=r"invoice_mismatch has \d+ classes"):
        of_many.task(TASKS["invoice_mismatch"])
