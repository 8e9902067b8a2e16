"""Rolling origin: cut after cut forward in time, each model scored on the stretch that follows.

The stretches follow each other without a gap up to the end of the asks with complete labels,
so every ask from the first cut on is scored once, by a model that learnt before its own cut.
A set without dates is dealt into folds instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from data.lake import Lake
from training.backtest import (
    Progress,
    described,
    forecasts_of,
    protocol_of,
    quiet,
    result_of,
)
from training.backtest_figures import CHAMPION, Scored
from training.backtest_kept import Fold, Kept, Stretch, data_digest, digest_of
from training.backtest_plan import Asked, stretches, trial_of
from training.backtest_pooled import pooled
from training.bootstrap import Draws
from training.manifest import code_digest
from training.protocols.lake import SOURCE as OF_LAKE
from training.protocols.protocol import Gathered, Protocol
from training.rival import LEARNT_FROM_THEM, Rival, rival_of

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
    parts: tuple[Scored, ...]
    kept: int = 0


def rolling(
    task_name: str,
    source: str,
    path: Path,
    folds: int,
    until: date | None = None,
    test_days: int | None = None,
    *,
    most: int | None = None,
    lake: Lake | None = None,
    progress: Progress = quiet,
    seed: int = SEED,
) -> Rolled:
    """Backtest over `folds` consecutive cuts that end with the complete labels.

    until: end of the last stretch, exclusive. test_days: length of each; a third of the
        asks' span over all folds where it is not given.
    most: at most so many asks, spread evenly over time; of the source `lake` alone.
    lake: folds are kept in its folder `backtests`, to go on after a stop, and its champion
        is a rival where the source is the lake itself; None keeps nothing.

    Raises:
        BacktestError: for an unknown task or source, or stretches that hold too few asks.
        SourceError: for a folder that is not of the source.
    """
    protocol = protocol_of(task_name, source, most)
    rival, why = None, "not applicable: a champion learns from the lake, not from this set"
    if lake is not None and source == OF_LAKE:
        rival, why = rival_of(lake, protocol.task)
    return roll(
        protocol,
        path,
        Asked(folds, until, test_days),
        most=most,
        keep=None if lake is None else lake.home / "backtests",
        rival=rival,
        no_rival=why,
        progress=progress,
        draws=Draws(seed),
        code=code_digest(),
    )


def roll(
    protocol: Protocol,
    path: Path,
    asked: Asked,
    *,
    most: int | None = None,
    keep: Path | None = None,
    rival: Rival | None = None,
    no_rival: str = "not applicable: there is none",
    progress: Progress = quiet,
    draws: Draws = Draws(),  # noqa: B008 (frozen)
    code: str = "",
) -> Rolled:
    """`rolling` of a protocol.

    keep: folder of kept folds, one folder a backtest in it. code: digest of the code that makes
    them; folds of other code are not taken up.
    """
    progress("reading what there is", 0.0)
    key = None if keep is None else _key(protocol, path, asked, (most, draws, rival, code))
    kept = None if keep is None or key is None else Kept(keep / key)
    line = Line(protocol, path, kept, draws, rival)
    plan = line.plan(asked, progress)
    done = [line.fold(stretch, place, plan, progress) for place, stretch in enumerate(plan)]
    progress("drawing intervals over all folds", 1.0)
    scored = pooled([fold.scored for fold in done])
    champion = {"digest": rival.digest if rival else None, "said": _of_rival(scored, no_rival)}
    return Rolled(
        figures=_together(protocol, scored, done, draws) | {"champion": champion},
        folds=tuple(fold.figures for fold in done),
        stretches=plan,
        scored=scored,
        parts=tuple(fold.scored for fold in done),
        kept=sum(fold.kept for fold in done),
    )


def _of_rival(scored: Scored, no_rival: str) -> str:
    if CHAMPION not in scored.forecasts:
        return no_rival
    fresh = np.isfinite(scored.forecasts[CHAMPION].probability).all(axis=1).sum()
    return f"compared on {fresh} asks that are new to it" if fresh else LEARNT_FROM_THEM


class Line:
    """The way from a source to folds; reads the source only when a fold is missing."""

    def __init__(
        self, protocol: Protocol, path: Path, kept: Kept | None, draws: Draws, rival: Rival | None
    ) -> None:
        self._protocol, self._path, self._kept, self._draws = protocol, path, kept, draws
        self._rival = rival
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
        trial = trial_of(self._protocol, gathered, stretch, place, folds)
        forecasts = forecasts_of(self._protocol, trial, progress)
        if self._rival:
            forecasts[CHAMPION] = self._rival.forecast(trial.scored)
        scored = Scored(trial.scored, forecasts)
        progress("drawing intervals", 1.0)
        result = result_of(
            self._protocol,
            scored,
            trained_on=described(trial.taught),
            excluded=trial.excluded,
            rows=gathered.rows,
            cut=stretch.cut,
            until=stretch.until,
            draws=self._draws,
        )
        return Fold(stretch, scored, result)

    def _all(self, progress: Progress) -> Gathered:
        if self._gathered is None:
            progress("reading, ingesting and building features", 0.0)
            self._gathered = self._protocol.gather(self._protocol.task, self._path, None)
        return self._gathered


def _together(
    protocol: Protocol, scored: Scored, folds: Sequence[Fold], draws: Draws
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
        draws=draws,
    ) | {"folds": len(folds)}


def _key(
    protocol: Protocol,
    path: Path,
    asked: Asked,
    rest: tuple[int | None, Draws, Rival | None, str],
) -> str:
    """Digest of everything that the figures depend on."""
    most, draws, rival, code = rest
    told = {
        "task": asdict(replace(protocol.task, features=())),
        "options": asdict(protocol.options),
        "source": protocol.source,
        "data": data_digest(path),
        "asked": asdict(asked),
        "most": most,
        "draws": asdict(draws),
        "champion": rival.digest if rival else None,
        "code": code,
    }
    return f"{protocol.task.name}-{protocol.source}-{digest_of(told)}"
