"""Evidence of a registered version: trainer, data manifest, metrics and gate findings."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training_set import TrainingSet
from training.evaluation.gate_findings import GateFinding, Verdict, failed_codes
from training.registry.mlflow_registry import MlflowRegistry

GATES_FILE = "gates.json"
MANIFEST_FILE = "data_manifest.json"
HELD_OUT = "held_out_"
NOT_RECORDED = "not recorded"
NO_GATE_APPLIED = "no gate applied"
PASSED = "pass"
MAIN_METRICS = (
    "rows",
    "prevalence",
    "log_loss",
    "brier",
    "ece",
    "roc_auc",
    "pr_auc",
    "class_set_coverage",
)


@dataclass(frozen=True)
class VersionEvidence:
    """Record of one registered version.

    Attributes:
        trained_by: empty where it was not recorded.
        findings: None where no gate was recorded.
        metrics: metrics of the held-out asks, without the prefix.
        manifest: manifest of the training data.
    """

    task: str
    version: int
    digest: str
    run_id: str
    trained_by: str
    findings: tuple[GateFinding, ...] | None
    metrics: Mapping[str, float]
    manifest: Mapping[str, Any]

    @property
    def gates(self) -> str:
        """Summary: "pass", "fail: TRG004, TRG006", "not recorded" or "no gate applied"."""
        if self.findings is None:
            return NOT_RECORDED
        if refused := failed_codes(self.findings):
            return f"fail: {', '.join(refused)}"
        passed = any(finding.verdict is Verdict.PASS for finding in self.findings)
        return PASSED if passed else NO_GATE_APPLIED

    @property
    def data_digest(self) -> str:
        """SHA-256 of the manifest's content, empty without one."""
        if not self.manifest:
            return ""
        text = json.dumps(self.manifest, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Plain values, all of them finite or null."""
        findings = None if self.findings is None else [f.as_json() for f in self.findings]
        fields: dict[str, Any] = json_finite(
            {
                "task": self.task,
                "version": self.version,
                "digest": self.digest,
                "run_id": self.run_id,
                "trained_by": self.trained_by,
                "gates": {"verdict": self.gates, "findings": findings},
                "metrics": dict(self.metrics),
                "data": {"digest": self.data_digest, "manifest": dict(self.manifest)},
            }
        )
        return fields


def load_version_evidence(registry: MlflowRegistry, task: str, version: int) -> VersionEvidence:
    """Load what the registry and the run record of a version.

    Raises:
        LookupError: there is no such version.
    """
    known = registry.described(task, version)
    run = registry.mlflow.MlflowClient().get_run(known.run_id)
    findings = registry.artifact(known.run_id, GATES_FILE)
    return VersionEvidence(
        task=str(task),
        version=version,
        digest=known.tags.get("digest", ""),
        run_id=known.run_id,
        trained_by=known.tags.get("trained_by", run.data.tags.get("trained_by", "")),
        findings=None
        if findings is None
        else tuple(GateFinding.from_json(one) for one in findings),
        metrics=_held_out(run.data.metrics),
        manifest=registry.artifact(known.run_id, MANIFEST_FILE) or {},
    )


def json_finite(value: Any) -> Any:
    """The value as JSON holds it: numbers that are not finite are null, tuples are lists."""
    match value:
        case bool() | None | str() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(name): json_finite(one) for name, one in value.items()}
        case list() | tuple():
            return [json_finite(one) for one in value]
    raise TypeError(f"{value!r} is not a plain value")


def _held_out(metrics: Mapping[str, float]) -> dict[str, float]:
    return {
        name.removeprefix(HELD_OUT): float(value)
        for name, value in sorted(metrics.items())
        if name.startswith(HELD_OUT)
    }


COMPARISON_FILE = "comparison.json"

LEARNT_UNTIL = "learnt_until"
"""Tag of a version: the newest moment in its training rows, asks and outcomes (ISO, UTC)."""
LAST_TRAINING_ASK = "last_training_ask"
"""Tag of a version: the moment of the newest ask that it was fitted on (ISO, UTC)."""


def learnt_until(learnt: TrainingSet) -> str:
    """Return the newest moment of any ask or outcome in the set; empty without dates."""
    return _newest(np.concatenate([learnt.asked_at, learnt.matured_at]))


def last_training_ask(learnt: TrainingSet) -> str:
    """Return the moment of the newest ask in the set; empty without dates."""
    return _newest(learnt.asked_at)


def _newest(moments: NDArray[np.datetime64]) -> str:
    return "" if len(moments) == 0 or np.isnat(moments).any() else str(moments.max())
