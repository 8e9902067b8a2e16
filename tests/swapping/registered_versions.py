"""Register model versions as a training does, without training."""

from pathlib import Path

from models.artefact.folder import load_artefact
from tests.swapping.versions import TASK
from training.evaluation.gate_findings import GateFinding, Verdict
from training.registry.mlflow_registry import ARTEFACT, CHALLENGER, MlflowRegistry
from training.registry.version_evidence import GATES_FILE

PASSING = GateFinding("TRG001", "labels matured", Verdict.PASS, "All labels had matured.")


def register(registry: MlflowRegistry, artefact: Path, trained_by: str) -> int:
    """Register an artefact whose gates pass as the challenger; return its version number."""
    mlflow, digest = registry.mlflow, load_artefact(artefact).digest
    client = mlflow.MlflowClient()
    if not client.search_registered_models(f"name = '{TASK}'"):
        client.create_registered_model(TASK)
    with mlflow.start_run(experiment_id=registry.experiment(TASK)) as run:
        mlflow.log_artifacts(str(artefact), f"model/{ARTEFACT}")
        mlflow.log_dict([PASSING.as_json()], GATES_FILE)
    registered = client.create_model_version(
        TASK,
        source=f"{run.info.artifact_uri}/model",
        run_id=run.info.run_id,
        tags={"digest": digest, "trained_by": trained_by},
    )
    client.set_registered_model_alias(TASK, CHALLENGER, registered.version)
    return int(registered.version)
