"""The public sets in one table: each backtested on the newest stretch with complete labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from models.task import TaskName
from training.backtest import backtest

Progress = Callable[[str, float], None]
DEFAULTS, SHARES = "lightgbm_defaults", "class_shares"
HEADINGS = (
    "set, segment",
    "n",
    "share",
    "ROC-AUC",
    "PR-AUC",
    "best rule",
    "defaults",
    "log-loss",
    "shares",
    "best rule",
    "defaults",
    "ECE",
)


@dataclass(frozen=True)
class Run:
    """One backtest. folder: of the set, inside the folder of all sets."""

    task: TaskName
    source: str
    folder: str
    cut: date | None = None
    until: date | None = None


RUNS = (
    Run(
        TaskName.SUPPLIER_DELAY,
        "scms_delivery",
        "scms_delivery",
        date(2013, 7, 1),
        date(2014, 4, 1),
    ),
    Run(TaskName.STOCK_RISK, "stockouts_cdi", "stockouts_cdi", date(2018, 4, 1), date(2019, 1, 1)),
    Run(
        TaskName.INVOICE_MISMATCH,
        "bpic19",
        "bpic19_invoice_after_gr",
        date(2018, 7, 1),
        date(2018, 9, 1),
    ),
    Run(TaskName.STOCK_RISK, "backorders", "backorders"),
)


def results(path: Path, progress: Progress) -> str:
    """Markdown table of every run, from the public sets under `path`."""
    lines = [f"| {' | '.join(HEADINGS)} |", f"|{' --- |' * len(HEADINGS)}"]
    for i, run in enumerate(RUNS):
        progress(run.source, i / len(RUNS))
        figures = backtest(run.task, run.source, path / run.folder, run.cut, run.until)
        lines += [f"| {' | '.join(row)} |" for row in rows(figures)]
    return "\n".join(lines)


def rows(figures: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """A row a segment: the model with its 95 % interval, then what it is compared with."""
    for name, segment in figures["segments"].items():
        own = segment["metrics"]
        others = {
            other: found["segments"][name]["metrics"]
            for other, found in figures["baselines"].items()
        }
        rules = [found for other, found in others.items() if other not in {DEFAULTS, SHARES}]
        yield (
            f"{figures['source']}, {name}",
            f"{segment['n']:,}",
            f"{segment['prevalence']:.1%}",
            _number(own, "roc_auc"),
            _between(own, "pr_auc"),
            _best(rules, "pr_auc", max),
            _number(others[DEFAULTS], "pr_auc"),
            _between(own, "log_loss"),
            _number(others[SHARES], "log_loss"),
            _best(rules, "log_loss", min),
            _number(others[DEFAULTS], "log_loss"),
            _number(own, "ece"),
        )


def _number(metrics: Mapping[str, Any], name: str) -> str:
    found = (metrics.get(name) or {}).get("value")
    return "-" if found is None else f"{found:.3f}"


def _between(metrics: Mapping[str, Any], name: str) -> str:
    found = metrics.get(name) or {}
    if found.get("value") is None:
        return "-"
    return f"**{found['value']:.3f}** ({found['low']:.3f} to {found['high']:.3f})"


def _best(rules: list[Mapping[str, Any]], name: str, pick: Callable[[list[float]], float]) -> str:
    found = [(rule.get(name) or {}).get("value") for rule in rules]
    known = [value for value in found if value is not None]
    return f"{pick(known):.3f}" if known else "-"
