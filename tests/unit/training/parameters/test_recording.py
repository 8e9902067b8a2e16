"""A search is one run in MLflow with its trials below it, however often it is taken up."""

import pytest

from data.lake import Lake
from tests.support.synthetic_task import draw_training_set, make_task
from training.parameters.parameter_files import LightGbmParameters, Parameters
from training.parameters.tuning_folds import tuning_window
from training.parameters.tuning_study import SearchSpace, TuningProblem, run_study
from training.registry.mlflow_registry import open_registry
from training.tune import log_study

pytestmark = pytest.mark.slow(2)

PRESENT = Parameters(lightgbm=LightGbmParameters(num_leaves=4, num_iterations=10))


def test_a_search_taken_up_again_adds_its_trials_to_the_same_run(tmp_path):
    lake = Lake(tmp_path)
    registry = open_registry(lake)
    window = tuning_window(draw_training_set(500).training, None, 3)
    sought = TuningProblem(make_task(), window, SearchSpace(PRESENT, dated=True), seed=3)
    parents = []
    for trials in (1, 2):
        found = run_study(sought, trials, tmp_path / "tuning.db", lambda what, done: None)
        parents.append(log_study(registry, "stock_risk", found))
    assert parents[0] == parents[1]
    client = registry.mlflow.MlflowClient()
    runs = client.search_runs([registry.experiment("stock_risk-tuning")])
    below = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parents[0]]
    assert len(runs) == 3
    assert sorted(run.info.run_name for run in below) == ["trial 0", "trial 1"]
    assert {run.data.metrics["objective"] for run in below} == {t.value for t in found.trials}
    assert client.get_run(parents[0]).data.metrics["trials"] == 2
