"""MLflow client for runs, model versions, tags and aliases of a lake; imports MLflow on demand.

MLflow is imported here and only when it is asked for: it takes seconds, and it reads its
switches from the environment while it is imported.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from data.lake import Lake
from training.settings import TrackingSettings

CHAMPION = "champion"
CHALLENGER = "challenger"
ARTEFACT = "artefact"
"""The folder of a logged model that is the artefact."""
MLFLOW_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


@dataclass(frozen=True)
class RegisteredVersion:
    """A registered version: number, run and tags."""

    number: int
    run_id: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class MlflowRegistry:
    """MLflow client of a lake, connected to its tracking address."""

    mlflow: ModuleType
    artifacts: str | None

    def experiment(self, name: str) -> str:
        """Return the id of an experiment; create it if it is missing."""
        experiment = self.mlflow.get_experiment_by_name(name)
        if experiment is not None:
            return str(experiment.experiment_id)
        return str(self.mlflow.create_experiment(name, artifact_location=self.artifacts))

    def versions(self, task: str) -> dict[int, str]:
        """Return the digests of a task's versions by number, oldest first."""
        client = self.mlflow.MlflowClient()
        versions = client.search_model_versions(f"name = '{task}'")
        return {int(v.version): v.tags.get("digest", "") for v in sorted(versions, key=_number)}

    def version(self, task: str, wanted: str | int) -> int:
        """Return the number of the version that a number or an alias names.

        Raises:
            LookupError: naming the versions and aliases there are.
        """
        aliases, versions = self.aliases(task), self.versions(task)
        text = str(wanted)
        if text.isdecimal() and int(text) in versions:
            return int(text)
        if text in aliases:
            return aliases[text]
        known = [*map(str, versions), *aliases]
        choices = f"there are {', '.join(known)}" if known else "there is none: train it first"
        raise LookupError(f"{task} has no model version {text!r}; {choices}")

    def described(self, task: str, number: int) -> RegisteredVersion:
        """Return an existing version with its run and tags."""
        version = self.mlflow.MlflowClient().get_model_version(str(task), str(number))
        return RegisteredVersion(number, str(version.run_id), dict(version.tags))

    def artifact(self, run_id: str, path: str) -> Any | None:
        """Read a JSON artefact of a run; None if the run has none of that name."""
        client = self.mlflow.MlflowClient()
        if not any(file.path == path for file in client.list_artifacts(run_id)):
            return None
        return json.loads(self.mlflow.artifacts.load_text(f"runs:/{run_id}/{path}"))

    def tag(self, task: str, number: int, tags: Mapping[str, str]) -> None:
        """Set tags of a version, replacing those of the same name."""
        client = self.mlflow.MlflowClient()
        for name, value in tags.items():
            client.set_model_version_tag(str(task), str(number), name, value)

    def alias(self, task: str, name: str, number: int) -> None:
        """Point an alias at a version."""
        client = self.mlflow.MlflowClient()
        client.set_registered_model_alias(str(task), name, str(number))

    def aliases(self, task: str) -> dict[str, int]:
        """Return the version that each alias of a task's model points at."""
        if not self.versions(task):
            return {}
        model = self.mlflow.MlflowClient().get_registered_model(task)
        return {alias: int(version) for alias, version in model.aliases.items()}


def open_registry(lake: Lake, settings: TrackingSettings | None = None) -> MlflowRegistry:
    """Connect to this lake's MLflow, with telemetry and pickle loading switched off."""
    settings = settings or TrackingSettings()
    os.environ.update({k: v for k, v in MLFLOW_ENVIRONMENT.items() if k not in os.environ})
    lake.home.mkdir(parents=True, exist_ok=True)
    import mlflow  # noqa: PLC0415 (see the module's first lines)
    import mlflow.pyfunc  # noqa: PLC0415

    # What these warn of is decided: the signature is ours, and examples would hold rows.
    warnings.filterwarnings("ignore", message=".*type hints to the `predict` method.*")
    warnings.filterwarnings("ignore", message=".*input example was not provided.*")
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    tracking = settings.tracking(lake)
    mlflow.set_tracking_uri(tracking)
    mlflow.set_registry_uri(tracking)
    _check_reachable(mlflow, tracking)
    return MlflowRegistry(mlflow, settings.artifacts(lake))


def _check_reachable(mlflow: ModuleType, tracking: str) -> None:
    """Try the registry once, so that a damaged or absent one is named.

    Raises:
        RuntimeError: naming the tracking address and what it said.
    """
    try:
        mlflow.MlflowClient().search_registered_models(max_results=1)
    except (SQLAlchemyError, mlflow.exceptions.MlflowException) as error:
        reason = str(error).splitlines()[0]
        raise RuntimeError(
            f"MLflow at {tracking} cannot be used: {reason}; restore it, "
            "or set TRIAGE_TRACKING_URI to one that works"
        ) from error


def _number(version: object) -> int:
    return int(version.version)  # type: ignore[attr-defined]  # MLflow's entity is untyped
