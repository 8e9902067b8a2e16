"""Registry contents as data frames, for notebooks."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.lake import Lake
from models.task import TaskName
from training.card.facts import CardFacts, load_card_facts
from training.registry.champion_pointer import read_champion
from training.registry.mlflow_registry import MlflowRegistry

FIGURES = ("rows", "prevalence", "log_loss", "ece", "pr_auc")
SEGMENT_METRICS = ("log_loss", "ece", "pr_auc", "coverage", "abstained")


def version_frame(registry: MlflowRegistry, lake: Lake, task: TaskName) -> pd.DataFrame:
    """Return one row per version, oldest first; champion is what the lake's service loads."""
    serving = read_champion(lake, task)
    rows = [
        _version(
            load_card_facts(registry, task, number), bool(serving and serving.version == number)
        )
        for number in registry.versions(task)
    ]
    return pd.DataFrame(rows)


def gate_frame(known: CardFacts) -> pd.DataFrame:
    """Return one row per gate; empty where none was recorded."""
    findings = known.found.findings or ()
    rows = [(f.code, str(f.verdict), f.title, f.sentence) for f in findings]
    return pd.DataFrame(rows, columns=["code", "verdict", "title", "sentence"])


def segment_frame(known: CardFacts, metrics: tuple[str, ...] = SEGMENT_METRICS) -> pd.DataFrame:
    """Return one row per site and class, with value, low and high of each metric."""
    rows = {
        view: {
            (metric, end): figures.get(metric, {}).get(end)
            for metric in metrics
            for end in ("value", "low", "high")
        }
        for view, figures in known.views.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", dtype="float64")


def comparison_frame(known: CardFacts) -> pd.DataFrame:
    """Return this model and its rivals on the same held-out asks; empty where none was compared."""
    return pd.DataFrame(list(known.comparison))


def curve_frame(registry: MlflowRegistry, known: CardFacts) -> pd.DataFrame:
    """Return the loss after each round, one column per curve."""
    client = registry.mlflow.MlflowClient()
    names = [n for n in client.get_run(known.found.run_id).data.metrics if n.startswith("curve_")]
    curves = {
        name.removeprefix("curve_"): {
            point.step: point.value for point in client.get_metric_history(known.found.run_id, name)
        }
        for name in sorted(names)
    }
    return pd.DataFrame(curves).sort_index()


def backtest_frame(registry: MlflowRegistry, task: TaskName) -> pd.DataFrame:
    """Return one row per recorded backtest, newest first; empty where there is none.

    `log_loss` and `pr_auc` are the model's, with their bounds; those of others are named.
    """
    experiment = registry.mlflow.get_experiment_by_name(f"{task} backtests")
    if experiment is None:
        return pd.DataFrame()
    runs = registry.mlflow.search_runs([experiment.experiment_id], output_format="list")
    outer = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return pd.DataFrame([{"backtest": r.info.run_name} | _compared(r.data.metrics) for r in outer])


def _compared(metrics: Mapping[str, float]) -> dict[str, float]:
    """Select the metrics of a backtest that models are compared by."""
    chosen = ("log_loss", "log_loss_low", "log_loss_high", "pr_auc", "pr_auc_low", "pr_auc_high")
    own = {name: metrics[name] for name in ("asks", *chosen) if name in metrics}
    others = {n: v for n, v in metrics.items() if n.endswith(("/log_loss", "/pr_auc"))}
    return own | {n: v for n, v in others.items() if not n.startswith("by_fold/")}


def _version(known: CardFacts, champion: bool) -> dict[str, object]:  # noqa: FBT001 (a column)
    evidence = known.found
    return {
        "version": evidence.version,
        "champion": champion,
        "trained": known.trained_at.date(),
        "trained_by": evidence.trained_by,
        "gates": evidence.gates,
        "approved_by": known.tags.get("approved_by", ""),
        "approval": known.tags.get("approval", ""),
        **{name: evidence.metrics.get(name) for name in FIGURES},
        "digest": evidence.digest[:12],
    }
