"""Name, note and task facts shown on a run's page in MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.task import Task
from training.dataset.manifest import TrainingManifest

TASK_FACTS_FILE = "task.json"
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
    "plots/": "reliability, precision and recall, importance, error of the delay",
    "data_manifest.json": "files and digests of what went into the training",
    TASK_FACTS_FILE: "the question, the classes and every feature with its meaning",
}


def run_name(task: Task, described: TrainingManifest, digest: str) -> str:
    """Told apart at a glance: the task, the last day of its data, the start of the digest."""
    return f"{task.name} to {described.last[:10]} {digest[:8]}"


def run_note(task: Task, described: TrainingManifest, metrics: Mapping[str, float]) -> str:
    """Markdown that MLflow shows above the run: question, period, what the figures mean."""
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
