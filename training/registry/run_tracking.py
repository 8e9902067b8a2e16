"""Log and describe a training as one MLflow run, and register the resulting model version."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from models.artefact.folder import save_artefact
from models.fitting.fit import FitResult
from models.model import Predictions
from models.rule_precision import precisions_as_json
from models.task import Task
from models.training_set import TrainingSet
from training.dataset.manifest import TrainingManifest
from training.evaluation.gate_findings import GateFinding, overall_verdict
from training.evaluation.metrics import fold_metrics
from training.evaluation.plots import training_plots
from training.evaluation.review_curve import ReviewPoint
from training.evaluation.segment_figures import RECALL_AT_K, figures_by_segment, recall_at_k
from training.registry.mlflow_registry import ARTEFACT, CHALLENGER, MlflowRegistry
from training.registry.version_evidence import (
    COMPARISON_FILE,
    GATES_FILE,
    LAST_TRAINING_ASK,
    LEARNT_UNTIL,
    json_finite,
    last_training_ask,
    learnt_until,
)
from training.settings import ApprovalSettings

TASK_FACTS_FILE = "task.json"
RULES_FILE = "rules.json"
REVIEW_FILE = "review.json"
NOTE_TAG = "mlflow.note.content"

FOLD_MEANINGS = {
    "fit": "asks that the trees were grown on",
    "stop": "later asks that said when to stop growing",
    "calibration": "later asks again, that the probabilities were calibrated on",
    "held_out": "the newest asks, which nothing was learnt from: judge the model by these",
}
METRIC_MEANINGS = {
    "log_loss": "mean surprise at what came, in nats; lower is better, class shares are the floor",
    "brier": "mean squared error of the probabilities; lower is better",
    "ece": "how far stated probabilities lie from what happened, 0 to 1; lower is better",
    "pr_auc": "area under precision and recall; higher is better, the share of events is chance",
    "roc_auc": "how often an event is ranked above a non-event; 0.5 is chance",
    "prevalence": "share of asks that ended as the event",
    "class_set_coverage": "how often the set of classes held the truth; see the stated rate",
    "class_set_size": "how many classes that set holds; fewer say more",
    "pinball_loss": "error of the delay's quantiles, in days; lower is better",
    "mae": "mean error of the middle delay, in days",
    "interval_coverage": "how often the interval of the delay held the truth",
    "rows": "number of asks",
}
FILE_MEANINGS = {
    "card.html": "the model card: for whoever approves",
    "gates.json": "what each gate found, with codes",
    "views.json": "the same figures for every site and class, with 95 % intervals",
    "comparison.json": "this model beside the simple rules, the class shares and the champion",
    "rules.json": "how often what each rule found ended as an exception, overall and per site",
    "review.json": "which share of exceptions is found when which share of cases is flagged",
    "plots/": "reliability, precision and recall, importance, error of the delay",
    "data_manifest.json": "files and digests of what went into the training",
    TASK_FACTS_FILE: "the question, the classes and every feature with its meaning",
}


def run_name(task: Task, described: TrainingManifest, digest: str) -> str:
    """Return the name of a run: the task, the last day of its data, the start of the digest."""
    return f"{task.name} to {described.last[:10]} {digest[:8]}"


def run_note(task: Task, described: TrainingManifest, metrics: Mapping[str, float]) -> str:
    """Return the Markdown that MLflow shows above the run: question, period, meaning of figures."""
    there = {name.removeprefix("held_out_") for name in metrics if name.startswith("held_out_")}
    meanings = {name: text for name, text in METRIC_MEANINGS.items() if name in there}
    lines = [
        f"**{task.question}** ({task.name}; classes {', '.join(task.classes)})",
        "",
        (
            f"Learnt from and measured on {described.rows:,} asks, "
            f"{described.first[:10]} to {described.last[:10]}, with labels that had matured."
        ),
        "",
        "Metrics are `<fold>_<name>`, the same names in every run. Folds, in order of time:",
        "",
        *(f"- `{name}`: {text}" for name, text in FOLD_MEANINGS.items()),
        "",
        *(f"- `{name}`: {text}" for name, text in meanings.items()),
        "",
        "`curve_<trees>_<rows>` is the loss after each round. Files of this run:",
        "",
        *(f"- `{name}`: {text}" for name, text in FILE_MEANINGS.items()),
        "",
        "Recommendation only: a person decides, and may disagree with a reason.",
    ]
    return "\n".join(lines) + "\n"


def task_facts(task: Task) -> dict[str, Any]:
    """The task as it was asked: question, classes, and every feature with its meaning."""
    return {
        "name": str(task.name),
        "question": task.question,
        "classes": list(task.classes),
        "horizon_days": task.horizon_days,
        "tolerance_days": task.tolerance_days,
        "quantiles": list(task.quantiles),
        "features": [
            {
                "name": feature.name,
                "theme": str(feature.theme),
                "unit": feature.unit,
                "kind": str(feature.kind),
                "missing": feature.missing,
            }
            for feature in task.features
        ],
    }


LEFT_OUT_PARAMETER = "left_out"
"""Parameter of a run: the features that its data could not carry; empty where they carried all."""

REQUIRED = ("lightgbm", "numpy", "pandas", "pyarrow", "pandera")
SCRIPT = Path(__file__).with_name("pyfunc_model.py")
MANIFEST = "data_manifest.json"
VIEWS = "views.json"


@dataclass(frozen=True)
class TrackedRun:
    """Run and version of a training.

    Attributes:
        metrics: metrics as logged, `<fold>_<name>`.
    """

    run_id: str
    version: int
    digest: str
    metrics: Mapping[str, float]


def track_training(
    registry: MlflowRegistry,
    task: Task,
    fitted: FitResult,
    *,
    learnt: TrainingSet,
    measured: TrainingSet,
    described: TrainingManifest,
    parameters: Mapping[str, object] | None = None,
    findings: Sequence[GateFinding] = (),
    compared: Sequence[Mapping[str, Any]] = (),
    review: Sequence[ReviewPoint] = (),
    trained_by: str = "",
) -> TrackedRun:
    """Record a training and register its model under the alias `challenger`.

    learnt: what `fitted` was fitted on. measured: asks it has not seen. parameters: what was
    chosen for this training besides the task's own. findings: of the gates. compared: figures
    of the model and others on `measured`. review: review curve on `measured`.
    trained_by: empty where nobody is named.
    """
    mlflow = registry.mlflow
    folds = {name: learnt.take(getattr(fitted.folds, name)) for name in _FOLDS}
    folds |= {"held_out": measured}
    answers = {name: fitted.model.predict(fold.inputs, 2) for name, fold in folds.items()}
    metrics = dict(fitted.metrics)
    for name, fold in folds.items():
        numbers = fold_metrics(task, fold, answers[name])
        metrics |= {f"{name}_{metric}": value for metric, value in numbers.items()}
    experiment, name = (
        registry.experiment(task.name),
        run_name(task, described, fitted.model.digest),
    )
    with mlflow.start_run(experiment_id=experiment, run_name=name) as run:
        mlflow.log_params(_parameters(task, described, parameters or {}))
        mlflow.log_metrics(metrics)
        _log_curves(mlflow, run.info.run_id, fitted.curves)
        _log_data(mlflow, learnt, described)
        views, rate = _views(task, measured, answers["held_out"]), fitted.model.conformal.coverage
        figures = training_plots(task, measured, answers["held_out"], fitted.gains, views, rate)
        for name, figure in figures.items():
            mlflow.log_figure(figure, f"plots/{name}")
        mlflow.log_dict(views, VIEWS)
        mlflow.log_dict(task_facts(task), TASK_FACTS_FILE)
        if findings:
            mlflow.log_dict(json_finite([one.as_json() for one in findings]), GATES_FILE)
        mlflow.log_dict(json_finite(list(compared)), COMPARISON_FILE)
        mlflow.log_dict(precisions_as_json(fitted.model.rules), RULES_FILE)
        mlflow.log_dict(json_finite([asdict(point) for point in review]), REVIEW_FILE)
        tags = _tags(task, fitted, described) | _gate_tags(learnt, findings, trained_by)
        mlflow.set_tags(tags | {NOTE_TAG: run_note(task, described, metrics)})
        number = _register(mlflow, task, _log_model(mlflow, fitted), tags)
    return TrackedRun(run.info.run_id, number, fitted.model.digest, metrics)


_FOLDS = ("fit", "stop", "calibration")


def _parameters(
    task: Task, described: TrainingManifest, chosen: Mapping[str, object]
) -> dict[str, object]:
    own = {
        "horizon_days": task.horizon_days,
        "tolerance_days": task.tolerance_days,
        "settle_days": task.settle_days,
        "ask_before_days": list(task.ask_before_days),
        "classes": list(task.classes),
        "quantiles": list(task.quantiles),
        "features": len(task.features),
        "seed": task.seed,
        "asks": described.rows,
        "first_ask": described.first,
        "last_ask": described.last,
    }
    return own | {f"lightgbm_{name}": value for name, value in task.lightgbm.items()} | dict(chosen)


def _views(task: Task, measured: TrainingSet, answers: Predictions) -> dict[str, Any]:
    """Return the figures of every segment, with recall at k by site."""
    views = figures_by_segment(task, measured, answers)
    first = recall_at_k(measured, answers)
    return {
        name: figures | ({RECALL_AT_K: first[name]} if name in first else {})
        for name, figures in views.items()
    }


def _log_curves(mlflow: Any, run_id: str, curves: Mapping[str, Sequence[float]]) -> None:
    """Log the loss after each round, one stepped metric per curve."""
    points = [
        mlflow.entities.Metric(f"curve_{name}", float(loss), 0, step)
        for name, losses in curves.items()
        for step, loss in enumerate(losses)
    ]
    client = mlflow.MlflowClient()
    for start in range(0, len(points), 1000):  # the most that MLflow takes at once
        client.log_batch(run_id, metrics=points[start : start + 1000])


def _log_data(mlflow: Any, learnt: TrainingSet, described: TrainingManifest) -> None:
    mlflow.log_dict(described.as_json(), MANIFEST)
    frame = learnt.inputs.head(1000).assign(
        label=learnt.label[:1000] * 1.0
    )  # for its columns alone
    dataset = mlflow.data.from_pandas(frame, targets="label", name="asks", digest=described.asks)
    mlflow.log_input(dataset, context="training", tags={"manifest": MANIFEST})


def _log_model(mlflow: Any, fitted: FitResult) -> Any:
    from training.registry.model_signature import model_signature  # noqa: PLC0415 (MLflow, see training.registry.mlflow_registry)

    with tempfile.TemporaryDirectory() as folder:
        artefact = Path(folder) / ARTEFACT
        save_artefact(fitted.model, artefact)
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=str(SCRIPT),
            artifacts={ARTEFACT: str(artefact)},
            signature=model_signature(fitted.model),
            pip_requirements=[f"{name}=={installed(name)}" for name in REQUIRED],
        )


def _register(mlflow: Any, task: Task, logged: Any, tags: Mapping[str, str]) -> int:
    """Register a new version, point the challenger alias at it, and return its number."""
    client, name = mlflow.MlflowClient(), str(task.name)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name, description=task.question)
    registered = client.create_model_version(
        name,
        source=logged.artifact_path,
        run_id=logged.run_id,
        tags=dict(tags),
        model_id=logged.model_id,
    )
    client.set_registered_model_alias(name, CHALLENGER, registered.version)
    return int(registered.version)


def _gate_tags(
    learnt: TrainingSet, findings: Sequence[GateFinding], trained_by: str
) -> dict[str, str]:
    tags = {"gates": overall_verdict(findings)} if findings else {}
    tags |= {"trained_by": trained_by} if trained_by else {}
    return tags | {
        LEARNT_UNTIL: learnt_until(learnt),
        LAST_TRAINING_ASK: last_training_ask(learnt),
    }


def _tags(task: Task, fitted: FitResult, described: TrainingManifest) -> dict[str, str]:
    return {
        "task": str(task.name),
        "digest": fitted.model.digest,
        "period": f"{described.first} to {described.last}",
        "data": described.asks,
        "code": described.code,
        "owner": ApprovalSettings.from_environment().owner or "",
    }
