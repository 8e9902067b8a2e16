"""Results on the public sets in one table, from rolling-origin backtests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from models.task import TaskName
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from training.backtest.report import format_number, format_percent, markdown_table, spaced_name
from training.backtest.rolling_origin import RollingBacktest, rolling_backtest
from training.evaluation.baselines import CLASS_SHARES, LIGHTGBM_DEFAULTS, LOGISTIC_REGRESSION
from training.evaluation.bootstrap import ComparisonVerdict
from training.process_pool import terminate_workers_on_error

Progress = Callable[[str, float], None]
Figures = Mapping[str, Any]
FOLDS = 5
PARALLEL_BACKTESTS = 2
PR_AUC, LOG_LOSS = "pr_auc", "log_loss"
HEADINGS = (
    "set, segment",
    "n",
    "cuts",
    "share",
    "ROC-AUC",
    "PR-AUC",
    "best rule",
    "defaults",
    "logistic",
    "log-loss",
    "shares",
    "best rule",
    "defaults",
    "logistic",
    "ECE",
    "the model is",
)
FIGURE_WORDS = {PR_AUC: "order", LOG_LOSS: "probabilities"}
"""What each figure judges."""
VERDICT_WORDS = {
    ComparisonVerdict.WORSE: "worse than",
    ComparisonVerdict.SAME: "no better than",
    ComparisonVerdict.UNKNOWN: "cannot be compared with",
}


@dataclass(frozen=True)
class PublicBacktest:
    """A rolling backtest of one set.

    Attributes:
        folder: folder of the set, inside the folder of all sets.
    """

    task: TaskName
    source: str
    folder: str


PUBLIC_BACKTESTS = (
    PublicBacktest(SUPPLIER_DELAY.name, "scms_delivery", "scms_delivery"),
    PublicBacktest(STOCK_RISK.name, "stockouts_cdi", "stockouts_cdi"),
    PublicBacktest(INVOICE_MISMATCH.name, "bpic19", "bpic19_invoice_after_gr"),
    PublicBacktest(STOCK_RISK.name, "backorders", "backorders"),
)


@dataclass(frozen=True)
class PublicResults:
    """Results on the public sets.

    Attributes:
        table: Markdown.
        figures: source -> figures of all cuts together, and of each.
    """

    table: str
    figures: Mapping[str, Figures]


def public_results(path: Path, progress: Progress, folds: int = FOLDS) -> PublicResults:
    """Backtest every public set under `path` over that many cuts, two at a time.

    Raises:
        SourceError: for a set that is not there.
    """
    backtests: dict[str, RollingBacktest] = {}
    with (
        ProcessPoolExecutor(PARALLEL_BACKTESTS, get_context("spawn")) as pool,
        terminate_workers_on_error(pool),
    ):
        begun = [pool.submit(run_public_backtest, run, path, folds) for run in PUBLIC_BACKTESTS]
        for i, (run, coming) in enumerate(zip(PUBLIC_BACKTESTS, begun, strict=True)):
            progress(f"{run.source}, and others beside it", i / len(PUBLIC_BACKTESTS))
            backtests[run.source] = coming.result()
    rows = [row for rolled in backtests.values() for row in result_rows(rolled.figures)]
    each = {
        name: {**rolled.figures, "each": list(rolled.folds)} for name, rolled in backtests.items()
    }
    return PublicResults(markdown_table(HEADINGS, iter(rows)), each)


def run_public_backtest(run: PublicBacktest, path: Path, folds: int) -> RollingBacktest:
    """Run one backtest; a module-level function, so that a worker process can import it."""
    return rolling_backtest(run.task, run.source, path / run.folder, folds)


def result_rows(figures: Figures) -> Iterator[tuple[str, ...]]:
    """A row a segment: the model with its 95 % interval, then what it is compared with."""
    for name, segment in figures["segments"].items():
        own = segment["metrics"]
        others = {
            other: baseline["segments"][name]["metrics"]
            for other, baseline in figures["baselines"].items()
        }
        rules = [others[rule] for rule in rule_names(others)]
        yield (
            f"{figures['source']}, {name}",
            f"{segment['n']:,}",
            str(figures["folds"]),
            format_percent(segment["prevalence"]),
            _value(own, "roc_auc"),
            _between(own, PR_AUC),
            _best(rules, PR_AUC, max),
            _value(others[LIGHTGBM_DEFAULTS], PR_AUC),
            _value(others[LOGISTIC_REGRESSION], PR_AUC),
            _between(own, LOG_LOSS),
            _value(others[CLASS_SHARES], LOG_LOSS),
            _best(rules, LOG_LOSS, min),
            _value(others[LIGHTGBM_DEFAULTS], LOG_LOSS),
            _value(others[LOGISTIC_REGRESSION], LOG_LOSS),
            _value(own, "ece"),
            verdict_sentence(figures["compared"][name]),
        )


def rule_names(names: Mapping[str, Any] | Sequence[str]) -> list[str]:
    """The simple rules among the baselines."""
    others = {CLASS_SHARES, LIGHTGBM_DEFAULTS, LOGISTIC_REGRESSION}
    return [name for name in names if name not in others]


def verdict_sentence(compared: Figures) -> str:
    """Describe the comparison: better than all, or which metric is not better than which rival."""
    parts = []
    for figure, judges in FIGURE_WORDS.items():
        for word, meaning in VERDICT_WORDS.items():
            names = [
                spaced_name(other)
                for other, figures in compared.items()
                if figures[figure]["verdict"] == word
            ]
            if names:
                parts.append(f"{judges}: {meaning} {', '.join(names)}")
    return "; ".join(parts) or "better than all of them"


def _value(metrics: Figures, name: str) -> str:
    return format_number((metrics.get(name) or {}).get("value"))


def _between(metrics: Figures, name: str) -> str:
    figure = metrics.get(name) or {}
    if figure.get("value") is None:
        return "-"
    return f"**{figure['value']:.3f}** ({figure['low']:.3f} to {figure['high']:.3f})"


def _best(rules: Sequence[Figures], name: str, pick: Callable[[list[float]], float]) -> str:
    values = [(rule.get(name) or {}).get("value") for rule in rules]
    known = [value for value in values if value is not None]
    return format_number(pick(known)) if known else "-"
