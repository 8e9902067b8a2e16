"""The one table of a backtest: a row a segment and forecast, as text for console and Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training.backtest_figures import ALL, CHAMPION, MODEL

Figures = Mapping[str, Any]

HEADINGS = (
    "segment",
    "forecast",
    "n",
    "share",
    "ROC-AUC",
    "PR-AUC",
    "log-loss",
    "ECE",
    "model's log-loss less this",
    "model's PR-AUC less this",
)
FOLD_HEADINGS = (
    "stretch",
    "forecast",
    "learnt from",
    "n",
    "share",
    "ROC-AUC",
    "PR-AUC",
    "log-loss",
    "ECE",
)


def rows(result: Figures) -> Iterator[tuple[str, ...]]:
    """Every segment: the model first, then what it is compared with, then the champion."""
    for segment, own in result["segments"].items():
        compared = result["compared"].get(segment, {})
        size = (f"{own['n']:,}", percent(own["prevalence"]))
        yield (segment, MODEL, *size, *_figures(own["metrics"]), "", "")
        for name, other in result["baselines"].items():
            figures = _figures(other["segments"][segment]["metrics"])
            yield (segment, spoken(name), *size, *figures, *_verdicts(compared.get(name, {})))
        if CHAMPION in compared:
            against = compared[CHAMPION]
            fresh = (f"{against['log_loss']['n']:,}", "-")
            told = {name: figure["champion"] for name, figure in against.items()}
            yield (segment, CHAMPION, *fresh, *_figures(told), *_verdicts(against))


def fold_rows(folds: Sequence[Figures], stretches: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every stretch by itself, on all its asks."""
    for fold, stretch in zip(folds, stretches, strict=True):
        own = fold["segments"][ALL]
        taught = f"{fold['trained_on']['n']:,}"
        size = (taught, f"{own['n']:,}", percent(own["prevalence"]))
        yield (stretch, MODEL, *size, *_figures(own["metrics"]))
        for name, other in fold["baselines"].items():
            yield (stretch, spoken(name), *size, *_figures(other["segments"][ALL]["metrics"]))


def markdown(headings: Sequence[str], told: Iterator[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(headings)} |", f"|{' --- |' * len(headings)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in told)])


def left_out(result: Figures) -> str:
    """What was read and what was left out, in one line."""
    counts = [f"{n:,} {why.replace('_', ' ')}" for why, n in result["excluded"].items() if n]
    read = result["rows"]
    rows = f"{read.get('read', 0):,} rows read, {read.get('quarantined', 0):,} quarantined"
    return f"{rows}; left out: {', '.join(counts) or 'nothing'}; intervals {result['intervals']}"


def spoken(name: str) -> str:
    """A name without underscores."""
    return name.replace("_", " ")


def number(value: float | None) -> str:
    """Three decimals; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def percent(share: float | None) -> str:
    """One decimal; a dash where there is none."""
    return "-" if share is None else f"{share:.1%}"


def _figures(metrics: Figures) -> tuple[str, ...]:
    plain = {name: metrics.get(name, {}).get("value") for name in ("roc_auc", "ece")}
    return (
        number(plain["roc_auc"]),
        _between(metrics.get("pr_auc", {}), "value", ""),
        _between(metrics.get("log_loss", {}), "value", ""),
        number(plain["ece"]),
    )


def _verdicts(compared: Figures) -> tuple[str, ...]:
    """The difference of each figure compared, and what it shows."""
    found = [compared.get(name, {}) for name in ("log_loss", "pr_auc")]
    return tuple(
        f"{_between(figure, 'difference', '+')}: {figure['verdict']}" if figure else "-"
        for figure in found
    )


def _between(figure: Figures, name: str, sign: str) -> str:
    if figure.get(name) is None:
        return "-"
    ends = [f"{figure[end]:{sign}.3f}" for end in (name, "low", "high")]
    return f"{ends[0]} ({ends[1]} to {ends[2]})"
