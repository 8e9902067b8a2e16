"""`triage backtest` on a lake: rolled over cuts, kept, recorded in MLflow, written as JSON."""

import json
from datetime import date

import pytest
import typer
from typer.testing import CliRunner

from data.lake import Lake
from data.simulator.simulation import simulate
from data.simulator.world.size import WorldSize
from tests.lakes import write_lake
from training.commands.backtest import backtest
from training.registry.mlflow_registry import open_registry

pytestmark = pytest.mark.slow(10)

SIZE = WorldSize(sites=2, suppliers=6, items=40, months=10, start=date(2025, 1, 1))
ROLL = ["stock_risk", "--folds", "2", "--most", "600", "--test-days", "60"]


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    made = typer.Typer(pretty_exceptions_enable=False)
    made.command()(backtest)
    return made


@pytest.fixture(scope="module", autouse=True)
def _the_same_code():
    """Folds of other code are not taken up; here nobody edits while the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.backtest.rolling_origin.code_digest", lambda: "the same")
        yield


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("lake")).make()
    write_lake(made.canonical, simulate(SIZE, seed=1))
    return made


def run(app, lake, *arguments):
    return CliRunner().invoke(app, list(arguments), env={"TRIAGE_HOME": str(lake.home)})


@pytest.fixture(scope="module")
def rolled(app, lake, tmp_path_factory):
    path = tmp_path_factory.mktemp("told") / "figures.json"
    said = run(app, lake, *ROLL, "--json", str(path))
    assert said.exit_code == 0, said.output
    return said.output, json.loads(path.read_text())


def test_the_lake_is_backtested_site_by_site_without_being_named(rolled) -> None:
    output, figures = rolled
    assert figures["source"] == "lake"
    assert {"all", "site:S01", "site:S02"} <= set(figures["segments"])
    assert len(figures["each"]) == 2
    assert figures["n"] == sum(fold["n"] for fold in figures["each"])
    assert {"stock_cover", "projected_cover"} <= set(figures["baselines"])
    assert "the lake has no champion" in output


def test_a_run_in_mlflow_holds_a_nested_run_a_fold_with_the_same_metrics(lake, rolled) -> None:
    registry = open_registry(lake)
    client = registry.mlflow.MlflowClient()
    runs = client.search_runs([registry.experiment("stock_risk backtests")])
    folds = [r for r in runs if "mlflow.parentRunId" in r.data.tags]
    (parent,) = [r for r in runs if r not in folds]
    assert {r.data.tags["mlflow.parentRunId"] for r in folds} == {parent.info.run_id}
    assert len(folds) == 2
    _, figures = rolled
    shown = parent.data.metrics
    assert shown["log_loss"] == figures["segments"]["all"]["metrics"]["log_loss"]["value"]
    assert shown["asks"] == figures["n"]
    wanted = {"log_loss", "pr_auc", "pr_auc_low", "lightgbm_defaults/log_loss"}
    for one in runs:
        assert wanted <= set(one.data.metrics)
        assert {"task", "source", "cut", "until", "scored"} <= set(one.data.params)
        drawn = {file.path for file in client.list_artifacts(one.info.run_id, "plots")}
        assert {"plots/reliability.png", "plots/precision_recall.png"} <= drawn
    drawn = {file.path for file in client.list_artifacts(parent.info.run_id, "plots")}
    assert "plots/pr_auc_over_folds.png" in drawn
    table = registry.mlflow.artifacts.load_text(f"runs:/{parent.info.run_id}/table.md")
    assert "| all | lightgbm defaults |" in table


def test_the_same_call_again_fits_nothing_and_says_so(app, lake, rolled, tmp_path) -> None:
    path = tmp_path / "again.json"
    said = run(app, lake, *ROLL, "--no-track", "--json", str(path))
    assert "2 of 2 folds were there from an earlier call" in said.output
    assert json.loads(path.read_text()) == rolled[1]
    assert "recorded in MLflow" not in said.output


def test_one_cut_of_the_lake_is_not_recorded_unless_asked(app, lake, rolled) -> None:
    cut = rolled[1]["each"][1]["cut"]
    said = run(app, lake, "stock_risk", "--cut", cut, "--most", "600")
    assert said.exit_code == 0, said.output
    assert "recorded in MLflow" not in said.output
    assert "the model against each" in said.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stock_risk", "--source", "backorders"], "say where the files of backorders are"),
        (["stock_risk", "--folds", "2", "--cut", "2025-06-01"], "--folds finds its own cuts"),
        (["stock_risk"], "lake has dates: give the cut"),
    ],
)
def test_a_call_that_makes_no_sense_says_what_to_give(app, lake, arguments, message) -> None:
    said = run(app, lake, *arguments)
    assert message in str(said.exception)
