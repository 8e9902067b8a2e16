"""From canonical files to a champion: trained, registered, promoted, loaded back."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.lake import Lake
from data.simulator.simulation import simulate
from data.simulator.world.size import WorldSize
from data.store import Store
from models.artefact.folder import load_artefact
from models.artefact.self_check import load_and_check
from models.catalogue import TASKS
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.lakes import write_lake
from training.approval.approval import Approval
from training.approval.people import Identity
from training.dataset.builder import build_training_set
from training.dataset.cache import load_or_build_training_set
from training.dataset.holdout import hold_out
from training.evaluation.gate_findings import GateFinding, Verdict, overall_verdict
from training.gates.catalogue import GATES
from training.gates.preparation import compared_champion
from training.promotion.promote import promote
from training.registry.champion_pointer import read_champion
from training.registry.export import PromotionError
from training.registry.mlflow_registry import CHALLENGER, CHAMPION, MlflowRegistry, open_registry
from training.tasks.catalogue import training_task
from training.train import TrainingResult, train_task

pytestmark = pytest.mark.slow(16)

TASK = SUPPLIER_DELAY.name
SIZE = WorldSize(sites=2, suppliers=6, items=60, months=12, start=date(2025, 1, 1))
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
BO = Identity("bo", "head of purchasing", "token")
APPROVED = Approval(BO, "a small distributor for a test", override=True)


def kept_nowhere(fields) -> None:
    """The record of a test that is about something else."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("lake")).make()
    write_lake(made.canonical, simulate(SIZE, seed=1))
    return made


@pytest.fixture(scope="module")
def registry(lake) -> MlflowRegistry:
    return open_registry(lake)


@pytest.fixture(scope="module")
def trained(lake, registry) -> TrainingResult:
    return train_task(TASK, lake, max_rows=2000, registry=registry)


@pytest.fixture(scope="module")
def promoted(lake, registry, trained) -> Path:
    promote(TASK, lake, NOON, registry=registry, approval=APPROVED, record=kept_nowhere)
    return lake.models / TASK / trained.digest


@pytest.fixture(scope="module")
def inputs(lake) -> pd.DataFrame:
    with Store.from_folder(lake.canonical) as store:
        return build_training_set(training_task(TASKS[TASK]), store, max_rows=300).inputs


def test_a_training_is_one_run_with_its_data_parameters_metrics_and_pictures(
    registry, trained
) -> None:
    client = registry.mlflow.MlflowClient()
    run = client.get_run(trained.run_id)
    assert run.data.params["max_rows"] == "2000"
    assert run.data.params["tolerance_days"] == "0"
    assert run.data.metrics["held_out_log_loss"] == trained.metrics["held_out_log_loss"]
    assert {"fit_rows", "stop_rows", "calibration_rows", "held_out_rows"} <= set(run.data.metrics)
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.digest == run.data.tags["data"]
    drawn = {file.path for file in client.list_artifacts(trained.run_id, "plots")}
    assert drawn >= {
        f"plots/{name}.png"
        for name in ("reliability", "precision_recall", "feature_importance", "delay_error")
    }
    steps = client.get_metric_history(trained.run_id, "curve_classes_stop")
    assert [point.step for point in steps] == list(range(len(steps)))
    assert len(steps) > 1


def test_a_training_tries_every_gate_and_writes_down_what_it_found(lake, registry, trained) -> None:
    logged = registry.artifact(trained.run_id, "gates.json")
    assert [one["code"] for one in logged] == [gate.code for gate in GATES]
    assert tuple(map(GateFinding.from_json, logged)) == trained.findings
    verdicts = {one.code: one.verdict for one in trained.findings}
    assert verdicts["TRG006"] is Verdict.NOT_APPLICABLE  # nothing serves yet
    for code in ("TRG001", "TRG003", "TRG004", "TRG009", "TRG010", "TRG012"):
        assert verdicts[code] is Verdict.PASS, code
    tags = registry.described(TASK, trained.version).tags
    assert tags["gates"] == overall_verdict(trained.findings)
    assert tags["learnt_until"] < tags["period"].split(" to ")[1]
    compared = registry.artifact(trained.run_id, "comparison.json")
    assert {"model", "class shares"} < {one["name"] for one in compared}


def test_the_next_training_is_held_against_the_champion_on_asks_that_neither_learnt_from(
    lake, registry, promoted, trained
) -> None:
    task, (learnt, measured) = (
        TASKS[TASK],
        hold_out(load_or_build_training_set(training_task(TASKS[TASK]), lake, 2000).training),
    )
    serving = compared_champion(task, lake, registry, measured)
    assert serving is not None
    assert serving.version == trained.version
    assert serving.answers is not None
    assert len(serving.answers) == len(measured)
    unfair = compared_champion(task, lake, registry, learnt)
    assert unfair is not None
    assert unfair.answers is None
    assert "they are no test of it" in unfair.why_not
    assert compared_champion(STOCK_RISK, lake, registry, measured) is None


def test_the_manifest_names_every_canonical_file(lake, registry, trained) -> None:
    text = registry.mlflow.artifacts.load_text(f"runs:/{trained.run_id}/data_manifest.json")
    assert set(json.loads(text)["files"]) == set(TABLES)


def test_a_version_carries_its_signature_its_tags_and_the_alias_challenger(
    registry, trained, promoted
) -> None:
    version = registry.mlflow.MlflowClient().get_model_version_by_alias(TASK, CHALLENGER)
    assert int(version.version) == trained.version
    assert {"task", "digest", "period", "data", "code"} <= set(version.tags)
    assert version.tags["digest"] == trained.digest
    signature = registry.mlflow.models.get_model_info(f"models:/{TASK}/{version.version}").signature
    types = {spec.name: str(spec.type) for spec in signature.inputs}
    assert types == {
        feature.name: "DataType.string" if feature.kind == "category" else "DataType.double"
        for feature in load_artefact(promoted).features
    }
    assert not any(spec.required for spec in signature.inputs)


def test_mlflow_and_the_exported_artefact_give_the_same_numbers_to_the_last_bit(
    inputs, registry, promoted
) -> None:
    model = load_artefact(promoted)
    inputs = inputs[list(model.encoder.names)].copy()
    texts = [name for name in inputs if inputs[name].dtype == object]
    inputs.loc[inputs.index[::3], texts] = None
    inputs.loc[inputs.index[1::3], texts] = "never seen in training"
    inputs.loc[inputs.index[::5], [name for name in inputs if name not in texts]] = np.nan
    told = registry.mlflow.pyfunc.load_model(f"models:/{TASK}@{CHAMPION}").predict(inputs)
    wanted = model.predict(inputs)
    for number, name in enumerate(model.classes):
        assert told[f"probability_{name}"].tolist() == wanted.probability[:, number].tolist()
    assert wanted.quantiles is not None
    for number, level in enumerate(model.quantile_levels):
        assert told[f"quantile_{level:g}"].tolist() == wanted.quantiles[:, number].tolist()
    assert len(set(told["probability_LATE"])) > 10
    assert told[["low", "high"]].to_numpy().tolist() == np.c_[wanted.low, wanted.high].tolist()


def test_a_single_row_gets_the_number_it_gets_among_others(inputs, registry, promoted) -> None:
    model = registry.mlflow.pyfunc.load_model(f"models:/{TASK}@{CHAMPION}")
    together = model.predict(inputs)
    pd.testing.assert_frame_equal(
        model.predict(inputs.iloc[[7]]), together.iloc[[7]].reset_index(drop=True), check_exact=True
    )


def test_nothing_is_pickled(lake, promoted) -> None:
    files = [p for folder in (lake.runs, lake.models) for p in folder.rglob("*") if p.is_file()]
    assert {p.name for p in files} >= {"MLmodel", "pyfunc_model.py", "model.txt"}
    assert not [p for p in files if p.suffix in {".pkl", ".pickle", ".joblib", ".cloudpickle"}]
    assert not [p for p in files if p.read_bytes()[:1] == b"\x80"]  # how every pickle begins


def test_promotion_points_the_registry_and_the_service_at_the_same_model(
    lake, registry, trained, promoted
) -> None:
    pointer = json.loads((lake.models / TASK / "champion.json").read_text())
    assert pointer == {
        "task": "supplier_delay",
        "version": trained.version,
        "digest": trained.digest,
        "promoted_at": "2026-01-02T12:00:00+00:00",
        "approval": "override",
        "approved_by": "bo",
        "previous": [],
    }
    assert registry.aliases(TASK)[CHAMPION] == trained.version
    load_and_check(promoted, trained.digest)
    known = read_champion(lake, TASK)
    assert known is not None
    assert known.digest == trained.digest
    assert read_champion(lake, STOCK_RISK.name) is None


def test_an_unknown_version_is_refused_with_those_there_are(lake, registry, promoted) -> None:
    with pytest.raises(LookupError) as error:
        promote(TASK, lake, NOON, "7", registry, approval=APPROVED, record=kept_nowhere)
    assert str(error.value) == (
        "supplier_delay has no model version '7'; there are 1, challenger, champion"
    )
    with pytest.raises(LookupError, match="there is none: train it first"):
        promote(
            STOCK_RISK.name,
            lake,
            NOON,
            registry=registry,
            approval=APPROVED,
            record=kept_nowhere,
        )


def test_a_damaged_artefact_is_not_promoted_and_the_champion_stays(
    lake, registry, trained, promoted, tmp_path
) -> None:
    other = replace(lake, home=tmp_path).make()
    before = registry.aliases(TASK)
    stored = next(lake.runs.rglob("artefact/model.txt"))
    text = stored.read_text()
    stored.write_text(text.replace("0.", "1.", 1))
    with pytest.raises(PromotionError, match=r"model\.txt is damaged"):
        promote(TASK, other, NOON, registry=registry, approval=APPROVED, record=kept_nowhere)
    stored.write_text(text)
    assert read_champion(other, TASK) is None
    assert registry.aliases(TASK) == before
    assert not list((other.models / TASK).glob(".export-*"))
