"""Figures of forecasts on the asks they were scored on: every segment, every baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.training_set import TrainingSet
from training.bootstrap import Draws, Resampled, resampled
from training.metrics import Forecast, measures
from training.paired import SMALLER_IS_BETTER, Compared, compared
from training.protocols.protocol import Protocol

ALL = "all"
MODEL = "model"
CHAMPION = "champion"
NOTHING = {"value": None, "low": None, "high": None}


@dataclass(frozen=True)
class Scored:
    """Asks with their labels, and what was forecast of each before its label was known.

    forecasts: by name; `model` is the model. A row of NaN is an ask that the forecast does
        not apply to (the champion's, where it learnt from the ask).
    """

    asks: TrainingSet
    forecasts: Mapping[str, Forecast]

    def take(self, keep: NDArray[Any]) -> Scored:
        """The asks where `keep` (a mask) is true."""
        told = {name: forecast.take(keep) for name, forecast in self.forecasts.items()}
        return Scored(self.asks.take(keep), told)


@dataclass(frozen=True)
class View:
    """One segment as it is measured: what the two-class views change is the classes."""

    name: str
    scored: Scored
    classes: tuple[str, ...]


def figures(protocol: Protocol, scored: Scored, draws: Draws) -> dict[str, Any]:
    """`segments` of the model, `baselines` with theirs, and what is `compared` by segment."""
    by_name: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in scored.forecasts}
    against: dict[str, Compared] = {}
    for view in _views(protocol, scored):
        asks = view.scored.asks
        champion = view.scored.forecasts.get(CHAMPION)
        everywhere = {n: f for n, f in view.scored.forecasts.items() if n != CHAMPION}
        drawn = _drawn(protocol, replace(view, scored=Scored(asks, everywhere)), draws)
        rivals = {name: figure for name, figure in drawn.items() if name != MODEL}
        against[view.name] = compared(drawn[MODEL], rivals) if rivals else {}
        if champion is not None:
            against[view.name] |= _against_champion(protocol, view, champion, draws)
        for name, found in drawn.items():
            by_name[name][view.name] = _segment(asks, found, drawn[MODEL])
    by_name.pop(CHAMPION, None)
    return {
        "segments": by_name.pop(MODEL),
        "baselines": {name: _flat(segments) for name, segments in by_name.items()},
        "compared": against,
    }


def prevalence(label: NDArray[np.int64]) -> float | None:
    """Share of asks that did not end in the first class, the uneventful one."""
    return float((label != 0).mean()) if len(label) else None


def _views(protocol: Protocol, scored: Scored) -> Iterator[View]:
    """Every segment, `all` first; then the two-class views of all asks."""
    classes = protocol.task.classes
    yield View(ALL, scored, classes)
    for name, mask in scored.asks.segments.items():
        yield View(name, scored.take(mask), classes)
    for name, calm in protocol.two_class_views.items():
        k = classes.index(calm)
        seen = replace(scored.asks, label=(scored.asks.label != k).astype(np.int64), target=None)
        told = {n: _two_classes(f, k) for n, f in scored.forecasts.items()}
        yield View(name, Scored(seen, told), (calm, name))


def _two_classes(forecast: Forecast, calm: int) -> Forecast:
    event = 1 - forecast.probability[:, calm]
    return Forecast(np.column_stack([1 - event, event]))


def _drawn(protocol: Protocol, view: View, draws: Draws) -> dict[str, dict[str, Resampled]]:
    """Every figure of every forecast, on the same drawings."""
    asks, levels = view.scored.asks, protocol.task.quantiles
    found = {
        (name, metric): measure
        for name, forecast in view.scored.forecasts.items()
        for metric, measure in measures(
            asks.label, asks.target, forecast, view.classes, levels
        ).items()
    }
    drawn = resampled(found, protocol.unit(asks), draws.seed, draws.times)
    return {
        name: {metric: figure for (whose, metric), figure in drawn.items() if whose == name}
        for name in view.scored.forecasts
    }


def _against_champion(protocol: Protocol, view: View, champion: Forecast, draws: Draws) -> Compared:
    """The comparison with the champion, on the asks that it did not learn from."""
    applies = np.asarray(np.isfinite(champion.probability).all(axis=1))
    if not applies.any():
        return {}
    told = {MODEL: view.scored.forecasts[MODEL], CHAMPION: champion}
    fair = replace(view, scored=Scored(view.scored.asks, told).take(applies))
    drawn = _drawn(protocol, fair, draws)
    found = compared(drawn[MODEL], {CHAMPION: drawn[CHAMPION]})
    for name in SMALLER_IS_BETTER:
        found[CHAMPION][name] |= {"n": int(applies.sum())}
        found[CHAMPION][name] |= {"champion": drawn[CHAMPION][name].interval}
    return found


def _segment(
    asks: TrainingSet, found: Mapping[str, Resampled], wanted: Mapping[str, Resampled]
) -> dict[str, Any]:
    """The model's figures are the ones wanted: what a baseline does not forecast is None."""
    metrics = {
        name: found[name].interval if name in found else dict(NOTHING)
        for name in (*wanted, *(n for n in found if n not in wanted))
    }
    return {"n": len(asks), "prevalence": prevalence(asks.label), "metrics": metrics}


def _flat(segments: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A baseline's figures on all asks by name, and those of every segment below them."""
    return {**segments[ALL]["metrics"], "segments": dict(segments)}
