"""Everything a card is made from, read from the run and the version and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.catalogue import TASKS
from models.task import TaskName
from training.description import TASK_FACTS, task_facts
from training.evidence import Evidence, evidence
from training.registry import Registry

VIEWS = "views.json"
COMPARISON = "comparison.json"
OWNER = "owner"

Figure = Mapping[str, float | None]
Views = Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True)
class Facts:
    """What is known of one version.

    asked: the task as it was trained: question, classes, features. tags: of the version.
    trained_at: UTC. views: see `training.views`; empty where the run has none. comparison:
    name ("model" is this one) and figures of each, on the same asks; empty where the run has
    none.
    """

    task: TaskName
    found: Evidence
    asked: Mapping[str, Any]
    tags: Mapping[str, str]
    run_tags: Mapping[str, str]
    parameters: Mapping[str, str]
    trained_at: datetime
    views: Views
    comparison: Sequence[Mapping[str, Any]]

    @property
    def owner(self) -> str:
        """The role that answers for the model, as it was set when it was trained."""
        return self.run_tags.get(OWNER, "")


def facts(registry: Registry, task: TaskName, version: int) -> Facts:
    """The facts of a version.

    Raises:
        LookupError: there is no such version.
    """
    found = evidence(registry, task, version)
    run = registry.mlflow.MlflowClient().get_run(found.run_id)
    return Facts(
        task=task,
        found=found,
        asked=registry.artifact(found.run_id, TASK_FACTS) or task_facts(TASKS[task]),
        tags=registry.described(task, version).tags,
        run_tags=dict(run.data.tags),
        parameters=dict(run.data.params),
        trained_at=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        views=registry.artifact(found.run_id, VIEWS) or {},
        comparison=registry.artifact(found.run_id, COMPARISON) or [],
    )
