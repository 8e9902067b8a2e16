"""Train a task on the lake: training set, fit, gates, MLflow run, challenger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.lake import Lake
from models.catalogue import TASKS
from models.fitting.fit import fit, ignore_progress
from models.model import Model
from models.task import TaskName
from models.training_set import TrainingSet
from training.card.render import log_card
from training.dataset.cache import load_or_build_training_set
from training.dataset.holdout import hold_out
from training.dataset.manifest import training_manifest
from training.dataset.readiness import describe_readiness
from training.dataset.rule_findings import ServiceRules, add_rule_findings
from training.dataset.short_history import features_in_reach
from training.evaluation.gate_findings import GateFinding
from training.evaluation.review_curve import (
    ReviewPoint,
    flagged_by_rule,
    review_curve,
)
from training.gates.catalogue import run_gates
from training.gates.preparation import comparison_figures, prepare_candidate
from training.parameters.parameter_files import Parameters, load_parameters
from training.registry.mlflow_registry import MlflowRegistry, open_registry
from training.registry.run_tracking import LEFT_OUT_PARAMETER, track_training
from training.tasks.catalogue import training_task

Progress = Callable[[str, float], None]


def ignore_lines(lines: Sequence[str]) -> None:
    """Ignore what the data can carry; the default callback."""


@dataclass(frozen=True)
class TrainingResult:
    """A training that was registered as `challenger`.

    Attributes:
        asks: rows that were learnt from and measured on.
        metrics: `<fold>_<name>`; the fold `held_out` is the one that the model has not seen.
        reused: whether the training set was there from an earlier training with the same tables
            and code.
        findings: findings of the gates.
        left_out: which features the data cannot carry yet; empty where they carry all.
    """

    task: TaskName
    version: int
    digest: str
    run_id: str
    asks: int
    metrics: Mapping[str, float]
    reused: bool
    findings: tuple[GateFinding, ...]
    left_out: str = ""


def train_task(
    name: TaskName,
    lake: Lake,
    max_rows: int | None = None,
    progress: Progress = ignore_progress,
    registry: MlflowRegistry | None = None,
    chosen: Parameters | None = None,
    trained_by: str = "",
    rules: ServiceRules | None = None,
    tell: Callable[[Sequence[str]], None] = ignore_lines,
) -> TrainingResult:
    """Build the task's training set, fit, measure on the newest asks, try the gates, register.

    Args:
        name: name of the task.
        lake: lake with the canonical tables.
        max_rows: greatest number of asks, spread evenly over time; None as many as `chosen`
            says.
        progress: called with the current step and the share of it that is done (0 to 1).
        registry: registry of the model.
        chosen: parameters to fit with instead of those of the task's own file.
        trained_by: name of the trainer; empty where nobody is named, and then only an override
            promotes.
        rules: rules of the service, whose precision is measured; None measures none.
        tell: told, before anything is fitted, what the data can carry, a line a site.

    Raises:
        FileNotFoundError: when nothing was ingested.
        NotReadyError: the lake lacks a table that the task needs, or every label.
        ValueError: when too few labels have matured.
    """
    chosen = chosen or load_parameters(name)
    task, max_rows = chosen.task(TASKS[name]), max_rows or chosen.train.most_asks
    training = training_task(task)
    kept = load_or_build_training_set(training, lake, max_rows, progress)
    everything = add_rule_findings(kept.training, training, lake, rules, max_rows)
    tell(describe_readiness(everything, task.classes))
    learnt, measured = hold_out(everything)
    reach = features_in_reach(task, training.shape, learnt)
    task, learnt, measured = reach.task, reach.inputs_of(learnt), reach.inputs_of(measured)
    fitted = fit(task, learnt, chosen.options, progress)
    registry = registry or open_registry(lake)
    with prepare_candidate(
        task,
        fitted,
        learnt=learnt,
        measured=measured,
        options=chosen.options,
        lake=lake,
        registry=registry,
    ) as candidate:
        findings, compared = run_gates(candidate, progress), comparison_figures(candidate)
    progress(f"{name}: registering", 0.9)
    described = training_manifest(everything, lake.canonical)
    tracked = track_training(
        registry,
        task,
        fitted,
        learnt=learnt,
        measured=measured,
        described=described,
        parameters={
            "max_rows": max_rows,
            "held_out": len(measured),
            "training_set": kept.folder.name,
            LEFT_OUT_PARAMETER: reach.sentence,
        },
        findings=findings,
        review=review_points(name, fitted.model, measured, rules),
        compared=compared,
        trained_by=trained_by,
    )
    log_card(registry, name, tracked.version)
    progress(f"{name}: registered", 1.0)
    return TrainingResult(
        name,
        tracked.version,
        tracked.digest,
        tracked.run_id,
        len(everything),
        tracked.metrics,
        kept.reused,
        findings,
        reach.sentence,
    )


def review_points(
    task: TaskName, model: Model, measured: TrainingSet, rules: ServiceRules | None
) -> list[ReviewPoint]:
    """Return the review curve on the measured asks; empty where the rules were not asked."""
    if rules is None or measured.findings is None:
        return []
    found: list[frozenset[str]] = measured.findings.tolist()
    by_rule = flagged_by_rule(
        found, measured.site.tolist(), model.rules, rules.precision_floor, rules.always_flag
    )
    probability = model.predict(measured.inputs).probability
    return review_curve(
        1.0 - probability[:, 0],
        measured.label != 0,
        by_rule,
        np.array([bool(codes) for codes in found], dtype=bool),
        rules.watch[task],
    )
