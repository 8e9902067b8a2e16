"""Figures of forecasts on scored asks.

By segment and baseline, for one period or pooled periods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.training_set import TrainingSet
from training.backtest.protocols.protocol import BacktestProtocol
from training.evaluation.bootstrap import (
    SMALLER_IS_BETTER,
    BootstrapFigure,
    BootstrapSettings,
    PairedComparisons,
    bootstrap_figures,
    compare_paired,
)
from training.evaluation.metrics import Forecast, metric_functions

ALL = "all"
MODEL = "model"
CHAMPION = "champion"
MISSING_INTERVAL = {"value": None, "low": None, "high": None}


@dataclass(frozen=True)
class ScoredAsks:
    """Labelled asks with the forecasts made before their labels were known.

    forecasts: by name; `model` is the model. A row of NaN is an ask that the forecast does
        not apply to (the champion's, where it learnt from the ask).
    """

    asks: TrainingSet
    forecasts: Mapping[str, Forecast]

    def take(self, keep: NDArray[Any]) -> ScoredAsks:
        """The asks where `keep` (a mask) is true."""
        forecasts = {name: forecast.take(keep) for name, forecast in self.forecasts.items()}
        return ScoredAsks(self.asks.take(keep), forecasts)


@dataclass(frozen=True)
class SegmentView:
    """One segment to measure; two-class views differ from it in the classes only."""

    name: str
    scored: ScoredAsks
    classes: tuple[str, ...]


def backtest_figures(
    protocol: BacktestProtocol, scored: ScoredAsks, draws: BootstrapSettings
) -> dict[str, Any]:
    """`segments` of the model, `baselines` with theirs, and what is `compare_paired` by segment."""
    by_name: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in scored.forecasts}
    against: dict[str, PairedComparisons] = {}
    for view in _views(protocol, scored):
        asks = view.scored.asks
        champion = view.scored.forecasts.get(CHAMPION)
        everywhere = {n: f for n, f in view.scored.forecasts.items() if n != CHAMPION}
        results = _bootstrap_view(
            protocol, replace(view, scored=ScoredAsks(asks, everywhere)), draws
        )
        rivals = {name: figure for name, figure in results.items() if name != MODEL}
        against[view.name] = compare_paired(results[MODEL], rivals) if rivals else {}
        if champion is not None:
            against[view.name] |= _against_champion(protocol, view, champion, draws)
        for name, figures in results.items():
            by_name[name][view.name] = _segment(asks, figures, results[MODEL])
    by_name.pop(CHAMPION, None)
    return {
        "segments": by_name.pop(MODEL),
        "baselines": {name: _flatten_segments(segments) for name, segments in by_name.items()},
        "compared": against,
    }


def prevalence(label: NDArray[np.int64]) -> float | None:
    """Share of asks that did not end in the first class, the uneventful one."""
    return float((label != 0).mean()) if len(label) else None


def _views(protocol: BacktestProtocol, scored: ScoredAsks) -> Iterator[SegmentView]:
    """Yield every segment, `all` first, then the two-class views of all asks."""
    classes = protocol.task.classes
    yield SegmentView(ALL, scored, classes)
    for name, mask in scored.asks.segments.items():
        yield SegmentView(name, scored.take(mask), classes)
    for name, calm in protocol.two_class_views.items():
        k = classes.index(calm)
        seen = replace(scored.asks, label=(scored.asks.label != k).astype(np.int64), target=None)
        forecasts = {n: _two_classes(f, k) for n, f in scored.forecasts.items()}
        yield SegmentView(name, ScoredAsks(seen, forecasts), (calm, name))


def _two_classes(forecast: Forecast, calm: int) -> Forecast:
    event = 1 - forecast.probability[:, calm]
    return Forecast(np.column_stack([1 - event, event]))


def _bootstrap_view(
    protocol: BacktestProtocol, view: SegmentView, draws: BootstrapSettings
) -> dict[str, dict[str, BootstrapFigure]]:
    """Compute every metric of every forecast on the same resamples."""
    asks, levels = view.scored.asks, protocol.task.quantiles
    metrics = {
        (name, metric): measure
        for name, forecast in view.scored.forecasts.items()
        for metric, measure in metric_functions(
            asks.label, asks.target, forecast, view.classes, levels
        ).items()
    }
    results = bootstrap_figures(metrics, protocol.unit(asks), draws.seed, draws.times)
    return {
        name: {metric: figure for (whose, metric), figure in results.items() if whose == name}
        for name in view.scored.forecasts
    }


def _against_champion(
    protocol: BacktestProtocol, view: SegmentView, champion: Forecast, draws: BootstrapSettings
) -> PairedComparisons:
    """The comparison with the champion, on the asks that it did not learn from."""
    applies = np.asarray(np.isfinite(champion.probability).all(axis=1))
    if not applies.any():
        return {}
    forecasts = {MODEL: view.scored.forecasts[MODEL], CHAMPION: champion}
    fair = replace(view, scored=ScoredAsks(view.scored.asks, forecasts).take(applies))
    results = _bootstrap_view(protocol, fair, draws)
    compared = compare_paired(results[MODEL], {CHAMPION: results[CHAMPION]})
    for name in SMALLER_IS_BETTER:
        compared[CHAMPION][name] |= {"n": int(applies.sum())}
        compared[CHAMPION][name] |= {"champion": results[CHAMPION][name].interval}
    return compared


def _segment(
    asks: TrainingSet, figures: Mapping[str, BootstrapFigure], wanted: Mapping[str, BootstrapFigure]
) -> dict[str, Any]:
    """The model's figures are the ones wanted: what a baseline does not forecast is None."""
    metrics = {
        name: figures[name].interval if name in figures else dict(MISSING_INTERVAL)
        for name in (*wanted, *(n for n in figures if n not in wanted))
    }
    return {"n": len(asks), "prevalence": prevalence(asks.label), "metrics": metrics}


def _flatten_segments(segments: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A baseline's figures on all asks by name, and those of every segment below them."""
    return {**segments[ALL]["metrics"], "segments": dict(segments)}


def pool_scored_asks(parts: Sequence[ScoredAsks]) -> ScoredAsks:
    """The asks of all folds one after the other, each as its own fold's models forecast it.

    A forecast that a fold lacks is left out.
    """
    asks = [part.asks for part in parts]
    targets = [a.target for a in asks if a.target is not None]
    everything = TrainingSet(
        inputs=pd.DataFrame(index=range(sum(len(a) for a in asks))),
        label=np.concatenate([a.label for a in asks]),
        target=np.concatenate(targets) if len(targets) == len(asks) else None,
        asked_at=np.concatenate([a.asked_at for a in asks]),
        matured_at=np.concatenate([a.matured_at for a in asks]),
        group=np.concatenate([a.group.astype(str) for a in asks]),
        site=np.concatenate([a.site.astype(str) for a in asks]),
        segments={n: np.concatenate([a.segments[n] for a in asks]) for n in asks[0].segments},
    )
    names = [n for n in parts[0].forecasts if all(n in part.forecasts for part in parts)]
    return ScoredAsks(everything, {n: _concatenate([p.forecasts[n] for p in parts]) for n in names})


def _concatenate(forecasts: Sequence[Forecast]) -> Forecast:
    spreads = [f.quantiles for f in forecasts if f.quantiles is not None]
    return Forecast(
        np.concatenate([f.probability for f in forecasts]),
        np.concatenate(spreads) if len(spreads) == len(forecasts) else None,
    )
