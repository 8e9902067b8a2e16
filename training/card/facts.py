"""Facts of a version that its card is made from, read from the MLflow run and version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.catalogue import TASKS
from models.task import TaskName
from training.registry.mlflow_registry import MlflowRegistry
from training.registry.run_tracking import REVIEW_FILE, RULES_FILE, TASK_FACTS_FILE, task_facts
from training.registry.version_evidence import (
    COMPARISON_FILE,
    VersionEvidence,
    load_version_evidence,
)

VIEWS_FILE = "views.json"
OWNER_TAG = "owner"

Figure = Mapping[str, float | None]
Views = Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True)
class CardFacts:
    """Facts of one version.

    Attributes:
        asked: the task as it was trained: question, classes, features.
        tags: tags of the version.
        trained_at: UTC.
        views: see `training.evaluation.segment_figures`; empty where the run has none.
        comparison: name ("model" is this one) and figures of each, on the same asks; empty where
            the run has none.
        rules: figures of each rule, by code and site, see `models.rule_precision`; empty where
            the rules were not measured.
        review: points of the review curve, see `training.evaluation.review_curve`.
    """

    task: TaskName
    found: VersionEvidence
    asked: Mapping[str, Any]
    tags: Mapping[str, str]
    run_tags: Mapping[str, str]
    parameters: Mapping[str, str]
    trained_at: datetime
    views: Views
    comparison: Sequence[Mapping[str, Any]]
    rules: Mapping[str, Mapping[str, Mapping[str, float]]]
    review: Sequence[Mapping[str, Any]]

    @property
    def owner(self) -> str:
        """The role that answers for the model, as it was set when it was trained."""
        return self.run_tags.get(OWNER_TAG, "")


def load_card_facts(registry: MlflowRegistry, task: TaskName, version: int) -> CardFacts:
    """The facts of a version.

    Raises:
        LookupError: there is no such version.
    """
    evidence = load_version_evidence(registry, task, version)
    run = registry.mlflow.MlflowClient().get_run(evidence.run_id)
    return CardFacts(
        task=task,
        found=evidence,
        asked=registry.artifact(evidence.run_id, TASK_FACTS_FILE) or task_facts(TASKS[task]),
        tags=registry.described(task, version).tags,
        run_tags=dict(run.data.tags),
        parameters=dict(run.data.params),
        trained_at=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        views=registry.artifact(evidence.run_id, VIEWS_FILE) or {},
        comparison=registry.artifact(evidence.run_id, COMPARISON_FILE) or [],
        rules=registry.artifact(evidence.run_id, RULES_FILE) or {},
        review=registry.artifact(evidence.run_id, REVIEW_FILE) or [],
    )
