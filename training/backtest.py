"""Backtest: learn from what was known before a cut, score everything decided from it on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.fit import fit
from models.training_set import TrainingSet
from training.baselines import baselines
from training.bootstrap import Interval, intervals
from training.metrics import Forecast, measures
from training.protocols.catalogue import PROTOCOLS
from training.protocols.protocol import Gathered, Protocol

Progress = Callable[[str, float], None]
ALL = "all"
FOLDS = 5
FEWEST_TAUGHT = 50


class BacktestError(ValueError):
    """A backtest that cannot be run as asked; says what, got, and the choices."""


@dataclass(frozen=True)
class Trial:
    """Asks to learn from, asks to score, and how many were left out for which reason."""

    taught: TrainingSet
    scored: TrainingSet
    excluded: Mapping[str, int]


def quiet(what: str, done: float) -> None:
    """Progress that is not shown."""


def backtest(
    task_name: str,
    source: str,
    path: Path,
    cut: date | None = None,
    until: date | None = None,
    test_path: Path | None = None,
    *,
    progress: Progress = quiet,
    seed: int = 17,
) -> dict[str, Any]:
    """Figures of the model and of every baseline, as plain values for JSON (never NaN).

    cut: midnight UTC; labels known by then teach, asks from then on are scored. until: its
        end, exclusive; None goes to the end of the data.
    test_path: folder with the same files. Its rows are appended to those of `path`; of a set
        without dates they are the ones scored. Such a set without a `test_path` is scored
        five-fold, equal rows together.

    Raises:
        BacktestError: for an unknown task or source, or a period that holds no asks.
        SourceError: for a folder that is not of the source.
    """
    protocol = protocol_of(task_name, source)
    _check_period(protocol, cut, until)
    progress("reading, ingesting and building features", 0.0)
    if protocol.dated:
        assert cut is not None
        gathered = protocol.gather(protocol.task, path, test_path)
        trial = trial_in_time(protocol, gathered, _moment(cut), _moment(until))
        scored, forecasts = trial.scored, forecasts_of(protocol, trial, progress)
    else:
        gathered = protocol.gather(protocol.task, path, None)
        trial, forecasts = _undated(protocol, gathered, test_path, progress)
        scored = trial.scored
    progress("drawing intervals", 0.0)
    seen = {name: _figures(protocol, scored, f, seed) for name, f in forecasts.items()}
    return {
        "task": task_name,
        "source": source,
        "cut": None if cut is None else cut.isoformat(),
        "until": None if until is None else until.isoformat(),
        "n": len(scored),
        "prevalence": _prevalence(scored.label),
        "segments": seen.pop("model"),
        "baselines": {name: _flat(segments) for name, segments in seen.items()},
        "classes": list(protocol.task.classes),
        "trained_on": {"n": len(trial.taught), "prevalence": _prevalence(trial.taught.label)},
        "excluded": dict(trial.excluded),
        "rows": dict(gathered.rows),
        "intervals": f"95 %, bootstrap over {protocol.drawn_by}s",
    }


def protocol_of(task_name: str, source: str) -> Protocol:
    """The protocol of that source, which must be one of that task.

    Raises:
        BacktestError: naming the sources there are, or the task the source is of.
    """
    if source not in PROTOCOLS:
        raise BacktestError(f"no source {source!r}; there are {', '.join(PROTOCOLS)}")
    protocol = PROTOCOLS[source]
    if protocol.task.name != task_name:
        fitting = [name for name, other in PROTOCOLS.items() if other.task.name == task_name]
        raise BacktestError(
            f"{source} is a source of {protocol.task.name}, not of {task_name}; "
            f"sources of {task_name}: {', '.join(fitting) or 'none'}"
        )
    return protocol


def trial_in_time(
    protocol: Protocol, gathered: Gathered, cut: np.datetime64, until: np.datetime64
) -> Trial:
    """The asks known to have ended by the cut, and those asked in [cut, until)."""
    evidence = gathered.evidence
    scored = (evidence.asked_at >= cut) & (evidence.asked_at < until)
    taught = (evidence.matured_at <= cut) & (evidence.asked_at < cut)
    shared = taught & np.isin(evidence.group, evidence.group[scored])
    if protocol.apart:
        taught &= ~shared
    open_ended = (gathered.unlabelled >= cut) & (gathered.unlabelled < until)
    excluded = {
        "end_not_known": int(open_ended.sum()),
        "asked_before_cut_and_known_after": int(
            ((evidence.asked_at < cut) & (evidence.matured_at > cut)).sum()
        ),
        "taught_none_of_a_scored_group": int(shared.sum()) if protocol.apart else 0,
    }
    return _enough(Trial(evidence.take(taught), evidence.take(scored), excluded), cut, evidence)


def _enough(trial: Trial, cut: np.datetime64, evidence: TrainingSet) -> Trial:
    day = np.datetime_as_string(cut, unit="D")
    span = "none"
    if len(evidence):
        first, last = evidence.asked_at.min(), evidence.asked_at.max()
        span = " .. ".join(str(np.datetime_as_string(m, unit="D")) for m in (first, last))
    if len(trial.scored) == 0:
        raise BacktestError(f"no ask with a known end from {day} on; asks there are: {span}")
    if len(trial.taught) < FEWEST_TAUGHT:
        raise BacktestError(
            f"{len(trial.taught)} asks had ended by {day}, at least {FEWEST_TAUGHT} are needed; "
            f"asks there are: {span}"
        )
    return trial


def forecasts_of(protocol: Protocol, trial: Trial, progress: Progress) -> dict[str, Forecast]:
    """What the model and every baseline say of the asks to score; the model is `model`."""
    fitted = fit(protocol.task, trial.taught, protocol.options, progress)
    told = fitted.model.predict(trial.scored.inputs)
    found = {"model": Forecast(told.probability, told.quantiles)}
    progress("fitting baselines", 0.0)
    for name, baseline in baselines(protocol.task, trial.taught).items():
        found[name] = baseline(trial.scored)
    return found


def _undated(
    protocol: Protocol, gathered: Gathered, test_path: Path | None, progress: Progress
) -> tuple[Trial, dict[str, Forecast]]:
    evidence = gathered.evidence
    if test_path is None:
        return _folded(protocol, evidence, progress)
    scored = protocol.gather(protocol.task, test_path, None).evidence
    shared = np.isin(evidence.group, scored.group)
    excluded = {"taught_none_of_a_scored_group": int(shared.sum())}
    if len(scored) == 0 or (~shared).sum() < FEWEST_TAUGHT:
        raise BacktestError(
            f"{len(scored)} rows to score and {(~shared).sum()} others to learn from; at least "
            f"1 and {FEWEST_TAUGHT} are needed (equal rows are scored and teach nothing)"
        )
    trial = Trial(evidence.take(~shared), scored, excluded)
    return trial, forecasts_of(protocol, trial, progress)


def _folded(
    protocol: Protocol, evidence: TrainingSet, progress: Progress
) -> tuple[Trial, dict[str, Forecast]]:
    """Every ask scored by a model that saw none of its group."""
    names, member = np.unique(evidence.group, return_inverse=True)
    if len(names) < FEWEST_TAUGHT:
        raise BacktestError(
            f"{len(names)} different rows, five folds take at least {FEWEST_TAUGHT}; "
            "give more, or a second folder (--test-path) to score"
        )
    dealt = np.random.default_rng(protocol.task.seed).permutation(len(names)) % FOLDS
    fold = dealt[member]
    order, parts = np.argsort(fold, kind="stable"), []
    for k in range(FOLDS):
        trial = Trial(evidence.take(fold != k), evidence.take(fold == k), {})
        parts.append(forecasts_of(protocol, trial, progress))
    joined = {
        name: Forecast(np.concatenate([part[name].probability for part in parts]))
        for name in parts[0]
    }
    return Trial(evidence, evidence.take(order), {}), joined


def _figures(
    protocol: Protocol, scored: TrainingSet, forecast: Forecast, seed: int
) -> dict[str, dict[str, Any]]:
    """Figures of every segment, `all` first; then the two-class views of all asks."""
    task, everything = protocol.task, np.ones(len(scored), dtype=bool)
    found = {
        name: _segment(protocol, scored, forecast, mask, task.classes, seed)
        for name, mask in {ALL: everything, **scored.segments}.items()
    }
    for name, calm in protocol.two_class_views.items():
        k = task.classes.index(calm)
        event = 1 - forecast.probability[:, k]
        view = Forecast(np.column_stack([1 - event, event]))
        label = (scored.label != k).astype(np.int64)
        seen = _relabelled(scored, label)
        found[name] = _segment(protocol, seen, view, everything, (calm, name), seed)
    return found


def _segment(
    protocol: Protocol,
    scored: TrainingSet,
    forecast: Forecast,
    mask: NDArray[np.bool_],
    classes: tuple[str, ...],
    seed: int,
) -> dict[str, Any]:
    part = scored.take(mask)
    found = measures(part.label, part.target, forecast.take(mask), classes, protocol.task.quantiles)
    metrics: Mapping[str, Interval] = intervals(found, protocol.unit(part), seed)
    return {"n": len(part), "prevalence": _prevalence(part.label), "metrics": dict(metrics)}


def _relabelled(scored: TrainingSet, label: NDArray[np.int64]) -> TrainingSet:
    return TrainingSet(
        scored.inputs, label, None, scored.asked_at, scored.matured_at, scored.group, scored.site
    )


def _flat(segments: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A baseline's figures on all asks by name, and those of every segment below them."""
    return {**segments[ALL]["metrics"], "segments": dict(segments)}


def _prevalence(label: NDArray[np.int64]) -> float | None:
    """Share of asks that did not end in the first class, the uneventful one."""
    return float((label != 0).mean()) if len(label) else None


def _moment(day: date | None) -> np.datetime64:
    return np.datetime64(day.isoformat() if day else "9999-12-31", "us")


def _check_period(protocol: Protocol, cut: date | None, until: date | None) -> None:
    if not protocol.dated and (cut or until):
        raise BacktestError(
            f"{protocol.source} has no dates, so it takes no cut; give a second folder "
            "(--test-path) to score, or nothing for five folds"
        )
    if protocol.dated and cut is None:
        raise BacktestError(f"{protocol.source} has dates: give the cut (--cut YYYY-MM-DD)")
    if cut and until and until <= cut:
        raise BacktestError(f"until {until} is not after the cut {cut}")
