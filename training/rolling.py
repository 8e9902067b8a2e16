"""Rolling origin: cut after cut forward in time, each model scored on the stretch that follows.

The stretches follow each other without a gap up to the end of the asks with complete labels,
so every ask from the first cut on is scored once, by a model that learnt before its own cut.
A set without dates is dealt into folds instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.training_set import TrainingSet
from training.backtest import (
    BacktestError,
    Progress,
    described,
    forecasts_of,
    protocol_of,
    quiet,
    result_of,
)
from training.backtest_figures import Scored
from training.backtest_kept import Fold, Kept, Stretch, data_digest, digest_of
from training.backtest_trial import Trial, complete_until, dealt, moment, trial_in_time
from training.manifest import code_digest
from training.metrics import Forecast
from training.protocols.protocol import Gathered, Protocol

SHARE_TESTED = 1 / 3
"""Share of the span of the asks that the stretches cover where their length is not given."""
SEED = 17


@dataclass(frozen=True)
class Rolled:
    """A rolling backtest.

    figures: of all scored asks together, in the shape of `training.backtest.backtest`'s
        result. folds: the same of each stretch by itself, in order of time.
    kept: how many stretches were there from an earlier call. scored: every scored ask with
        its forecasts.
    """

    figures: Mapping[str, Any]
    folds: tuple[Mapping[str, Any], ...]
    stretches: tuple[Stretch, ...]
    scored: Scored
    kept: int = 0


@dataclass(frozen=True)
class Asked:
    """What is asked of a rolling backtest; None is "as fits the data"."""

    folds: int
    until: date | None = None
    test_days: int | None = None

    def __post_init__(self) -> None:
        if self.folds < 1 or (self.test_days is not None and self.test_days < 1):
            raise BacktestError(
                f"folds {self.folds} and test days {self.test_days} must be at least 1"
            )


def rolling(
    task_name: str,
    source: str,
    path: Path,
    folds: int,
    until: date | None = None,
    test_days: int | None = None,
    *,
    most: int | None = None,
    keep: Path | None = None,
    progress: Progress = quiet,
    seed: int = SEED,
) -> Rolled:
    """Backtest over `folds` consecutive cuts that end with the complete labels.

    until: end of the last stretch, exclusive. test_days: length of each; a third of the
        asks' span over all folds where it is not given.
    most: at most so many asks, spread evenly over time; of the lake alone.
    keep: folder in which folds are kept, to go on after a stop; None keeps nothing.

    Raises:
        BacktestError: for an unknown task or source, or stretches that hold too few asks.
        SourceError: for a folder that is not of the source.
    """
    protocol, asked = protocol_of(task_name, source, most), Asked(folds, until, test_days)
    progress("reading what there is", 0.0)
    kept = None if keep is None else Kept(keep / _key(protocol, path, asked, most, seed))
    line = Line(protocol, path, kept, seed)
    plan = line.plan(asked, progress)
    done = [line.fold(stretch, place, plan, progress) for place, stretch in enumerate(plan)]
    progress("drawing intervals over all folds", 1.0)
    scored = pooled([fold.scored for fold in done])
    return Rolled(
        figures=_together(protocol, scored, done, seed),
        folds=tuple(fold.figures for fold in done),
        stretches=plan,
        scored=scored,
        kept=sum(fold.kept for fold in done),
    )


class Line:
    """The way from a source to folds; reads the source only when a fold is missing."""

    def __init__(self, protocol: Protocol, path: Path, kept: Kept | None, seed: int) -> None:
        self._protocol, self._path, self._kept, self._seed = protocol, path, kept, seed
        self._gathered: Gathered | None = None

    def plan(self, asked: Asked, progress: Progress) -> tuple[Stretch, ...]:
        """The stretches to score."""
        if self._kept and (known := self._kept.plan()):
            return known
        made = stretches(self._protocol, self._all(progress).evidence, asked)
        if self._kept:
            self._kept.keep_plan(made)
        return made

    def fold(
        self, stretch: Stretch, place: int, plan: Sequence[Stretch], progress: Progress
    ) -> Fold:
        """One fold: from an earlier call if it is there, else fitted, scored and kept."""
        title = f"fold {place + 1} of {len(plan)} ({stretch.name})"
        if self._kept and self._kept.has(stretch):
            progress(f"{title} is there from an earlier call", (place + 1) / len(plan))
            return self._kept.fold(stretch)

        def told(what: str, done: float) -> None:
            progress(f"{title}: {what}", (place + done) / len(plan))

        fold = self._scored(stretch, place, len(plan), told)
        if self._kept:
            self._kept.keep(fold)
        return fold

    def _scored(self, stretch: Stretch, place: int, folds: int, progress: Progress) -> Fold:
        gathered = self._all(progress)
        trial = _trial(self._protocol, gathered, stretch, place, folds)
        scored = Scored(trial.scored, forecasts_of(self._protocol, trial, progress))
        progress("drawing intervals", 1.0)
        result = result_of(
            self._protocol,
            scored,
            trained_on=described(trial.taught),
            excluded=trial.excluded,
            rows=gathered.rows,
            cut=stretch.cut,
            until=stretch.until,
            seed=self._seed,
        )
        return Fold(stretch, scored, result)

    def _all(self, progress: Progress) -> Gathered:
        if self._gathered is None:
            progress("reading, ingesting and building features", 0.0)
            self._gathered = self._protocol.gather(self._protocol.task, self._path, None)
        return self._gathered


def stretches(protocol: Protocol, evidence: TrainingSet, asked: Asked) -> tuple[Stretch, ...]:
    """Consecutive stretches, the last of which ends where labels are no longer complete."""
    if not protocol.dated:
        if asked.until or asked.test_days:
            raise BacktestError(f"{protocol.source} has no dates, so it takes no --until or days")
        return tuple(Stretch(f"{k + 1}-of-{asked.folds}") for k in range(asked.folds))
    end: date = complete_until(evidence).astype(object)
    end = min(end, asked.until) if asked.until else end
    first: date = evidence.asked_at.min().astype("datetime64[D]").astype(object)
    days = asked.test_days or max(1, int((end - first).days * SHARE_TESTED / asked.folds))
    cuts = [end - timedelta(days=days * back) for back in range(asked.folds, -1, -1)]
    return tuple(Stretch(cut.isoformat(), cut, until) for cut, until in pairwise(cuts))


def _trial(
    protocol: Protocol, gathered: Gathered, stretch: Stretch, place: int, folds: int
) -> Trial:
    if stretch.cut is None:
        return dealt(gathered.evidence, folds, protocol.task.seed)[place]
    return trial_in_time(protocol, gathered, moment(stretch.cut), moment(stretch.until))


def pooled(parts: Sequence[Scored]) -> Scored:
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
    return Scored(everything, {n: _joined([p.forecasts[n] for p in parts]) for n in names})


def _joined(forecasts: Sequence[Forecast]) -> Forecast:
    spreads = [f.quantiles for f in forecasts if f.quantiles is not None]
    return Forecast(
        np.concatenate([f.probability for f in forecasts]),
        np.concatenate(spreads) if len(spreads) == len(forecasts) else None,
    )


def _together(
    protocol: Protocol, scored: Scored, folds: Sequence[Fold], seed: int
) -> dict[str, Any]:
    """Figures over all folds; `trained_on` is that of the last, which learnt from most."""
    told = [fold.figures for fold in folds]
    left_out: dict[str, int] = {}
    for figures in told:
        for why, count in figures["excluded"].items():
            left_out[why] = left_out.get(why, 0) + count
    return result_of(
        protocol,
        scored,
        trained_on=told[-1]["trained_on"],
        excluded=left_out,
        rows=told[-1]["rows"],
        cut=folds[0].stretch.cut,
        until=folds[-1].stretch.until,
        seed=seed,
    ) | {"folds": len(folds)}


def _key(protocol: Protocol, path: Path, asked: Asked, most: int | None, seed: int) -> str:
    """Digest of everything that the figures depend on."""
    task = replace(protocol.task, features=())
    told = {
        "task": asdict(task),
        "options": asdict(protocol.options),
        "source": protocol.source,
        "data": data_digest(path),
        "asked": asdict(asked),
        "most": most,
        "seed": seed,
        "code": code_digest(),
    }
    return f"{protocol.task.name}-{protocol.source}-{digest_of(told)}"
