"""A registry of a few versions: trained by ada, with gates that pass, fail, or are missing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.lake import Lake
from models.artefact.folder import load_artefact, save_artefact
from models.fitting.fit import fit
from tests.support.synthetic_task import draw_training_set, make_task
from training.approval.approval import Approval
from training.approval.people import Identity
from training.evaluation.gate_findings import GateFinding, Verdict
from training.promotion.promote import promote, rollback
from training.registry.export import load_in_child
from training.registry.mlflow_registry import CHALLENGER, CHAMPION, MlflowRegistry, open_registry

TASK = make_task().name
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ADA = Identity("ada", "data scientist", "token")
BO = Identity("bo", "head of purchasing", "token")

PASSING = GateFinding("TRG001", "labels matured", Verdict.PASS, "All labels had matured.")
REFUSING = GateFinding(
    "TRG004",
    "no worse than the champion",
    Verdict.FAIL,
    "At S02 log-loss is 0.40, the champion's is 0.30.",
    {"difference": 0.1, "undefined": float("nan")},
)
IDLE = GateFinding("TRG011", "enough positives", Verdict.NOT_APPLICABLE, "There are no sites.")
MANIFEST = {"files": {"receipts.parquet": {"sha256": "ab" * 32, "rows": 9}}, "rows": 400}
GOOD, NEWER, REFUSED, UNTRIED, BY_DEMO, BY_NOBODY, ALL_IDLE = range(1, 8)
VERSIONS = {
    GOOD: ("ada", [PASSING, IDLE]),
    NEWER: ("ada", [PASSING]),
    REFUSED: ("ada", [PASSING, REFUSING]),
    UNTRIED: ("ada", None),
    BY_DEMO: ("demo", [PASSING]),
    BY_NOBODY: (None, [PASSING]),
    ALL_IDLE: ("ada", [IDLE]),
}


@dataclass
class Kept:
    """Entries that were recorded, or the reason why none can be."""

    entries: list[dict] = field(default_factory=list)
    away: Exception | None = None

    def __call__(self, fields):
        if self.away:
            raise self.away
        self.entries.append(json.loads(json.dumps(fields, allow_nan=False)))


@dataclass
class Line:
    """A lake with its registry and its record."""

    lake: Lake
    registry: MlflowRegistry
    kept: Kept

    def promote(self, version, approver=BO, reason="", **approval):
        given = Approval(approver, reason, **approval)
        return promote(
            TASK, self.lake, NOON, version, self.registry, approval=given, record=self.kept
        )

    def rollback(self, approver=BO, reason="it drifts"):
        given = Approval(approver, reason)
        return rollback(TASK, self.lake, NOON, self.registry, approval=given, record=self.kept)

    def tags(self, version):
        return self.registry.described(TASK, version).tags

    @property
    def pointer(self) -> Path:
        return self.lake.models / TASK / "champion.json"


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Lake:
    """A lake in which the versions are registered, made once."""
    lake = Lake(tmp_path_factory.mktemp("template")).make()
    registry = open_registry(lake)
    registry.mlflow.MlflowClient().create_registered_model(TASK)
    artefacts = []
    for seed in (0, 1):
        artefacts.append(tmp_path_factory.mktemp("artefact") / "artefact")
        save_artefact(
            fit(make_task(), draw_training_set(400, seed=seed).training).model, artefacts[-1]
        )
    for number, (by, findings) in VERSIONS.items():
        register(registry, artefacts[number % 2], by, findings)
    return lake


def register(registry: MlflowRegistry, artefact: Path, by, findings) -> None:
    """A version as a training leaves it, without the training."""
    mlflow = registry.mlflow
    digest = load_artefact(artefact).digest
    with mlflow.start_run(experiment_id=registry.experiment(TASK)) as run:
        mlflow.log_artifacts(str(artefact), "model/artefact")
        mlflow.log_dict(MANIFEST, "data_manifest.json")
        mlflow.log_metrics({"held_out_log_loss": 0.25, "held_out_rows": 100, "fit_rows": 300})
        if findings is not None:
            mlflow.log_dict([finding.as_json() for finding in findings], "gates.json")
    tags = {"digest": digest} | ({"trained_by": by} if by else {})
    client = mlflow.MlflowClient()
    source = f"{run.info.artifact_uri}/model"
    made = client.create_model_version(TASK, source=source, run_id=run.info.run_id, tags=tags)
    client.set_registered_model_alias(TASK, CHALLENGER, made.version)


@pytest.fixture
def line(template, tmp_path, monkeypatch) -> Iterator[Line]:
    """Yield the template registry, restored after each test, and a lake of the test's own.

    Artefacts are not tried in a process of their own, which takes seconds; see `tried`.
    """
    monkeypatch.setattr("training.registry.export.load_in_child", lambda folder, digest: None)
    registry = open_registry(template)
    before = {number: registry.described(TASK, number).tags for number in VERSIONS}
    yield Line(Lake(tmp_path / "lake").make(), registry, Kept())
    client = registry.mlflow.MlflowClient()
    client.delete_registered_model_alias(TASK, CHAMPION)
    for number, tags in before.items():
        for name in registry.described(TASK, number).tags.keys() - tags.keys():
            client.delete_model_version_tag(TASK, str(number), name)


@pytest.fixture
def tried(line, monkeypatch) -> None:
    """Load artefacts in a child process, as outside the tests."""
    monkeypatch.setattr("training.registry.export.load_in_child", load_in_child)
