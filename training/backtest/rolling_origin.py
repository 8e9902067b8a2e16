"""Rolling-origin backtest: consecutive cuts, each model scored on the period that follows.

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
from training.backtest.champion_baseline import (
    SEEN_IN_TRAINING,
    ChampionBaseline,
    champion_baseline,
)
from training.backtest.figures import CHAMPION, ScoredAsks, pool_scored_asks
from training.backtest.fold_store import BacktestFold, FoldStore, digest_folder, digest_values
from training.backtest.protocols.lake import SOURCE as OF_LAKE
from training.backtest.protocols.protocol import BacktestProtocol, ProtocolData
from training.backtest.single_cut import (
    Progress,
    backtest_result,
    find_protocol,
    forecast_all,
    ignore_progress,
    training_summary,
)
from training.backtest.splits import RollingRequest, ScoredPeriod, scored_periods, split_for_period
from training.dataset.manifest import code_digest
from training.evaluation.bootstrap import BootstrapSettings

SEED = 17


@dataclass(frozen=True)
class RollingBacktest:
    """A rolling backtest.

    Attributes:
        figures: figures of all scored asks together, in the shape of the result of
            `training.backtest.single_cut.backtest`.
        folds: the same of each stretch by itself, in order of time.
        kept: number of stretches that an earlier call had stored.
        scored: every scored ask with its forecasts.
    """

    figures: Mapping[str, Any]
    folds: tuple[Mapping[str, Any], ...]
    stretches: tuple[ScoredPeriod, ...]
    scored: ScoredAsks
    parts: tuple[ScoredAsks, ...]
    kept: int = 0


def rolling_backtest(
    task_name: str,
    source: str,
    path: Path,
    folds: int,
    until: date | None = None,
    test_days: int | None = None,
    *,
    most: int | None = None,
    lake: Lake | None = None,
    progress: Progress = ignore_progress,
    seed: int = SEED,
) -> RollingBacktest:
    """Backtest over `folds` consecutive cuts that end with the complete labels.

    Args:
        task_name: name of the task.
        source: name of the source.
        path: folder of the source.
        folds: number of cuts.
        until: end of the last stretch, exclusive.
        test_days: length of each stretch; by default a third of the asks' span over all folds.
        most: greatest number of asks, spread evenly over time; for the source `lake` alone.
        lake: folds are stored in its folder `backtests`, to go on after a stop, and its
            champion is a rival where the source is the lake itself; None stores nothing.
        progress: called with the current step and the share done.
        seed: seed of the bootstrap.

    Raises:
        BacktestError: for an unknown task or source, or stretches that hold too few asks.
        SourceError: for a folder that is not of the source.
    """
    protocol = find_protocol(task_name, source, most)
    rival, why = None, "not applicable: a champion learns from the lake, not from this set"
    if lake is not None and source == OF_LAKE:
        rival, why = champion_baseline(lake, protocol.task)
    return roll_protocol(
        protocol,
        path,
        RollingRequest(folds, until, test_days),
        most=most,
        keep=None if lake is None else lake.home / "backtests",
        rival=rival,
        no_rival=why,
        progress=progress,
        draws=BootstrapSettings(seed),
        code=code_digest(),
    )


def roll_protocol(
    protocol: BacktestProtocol,
    path: Path,
    request: RollingRequest,
    *,
    most: int | None = None,
    keep: Path | None = None,
    rival: ChampionBaseline | None = None,
    no_rival: str = "not applicable: there is none",
    progress: Progress = ignore_progress,
    draws: BootstrapSettings = BootstrapSettings(),  # noqa: B008 (frozen)
    code: str = "",
) -> RollingBacktest:
    """`rolling_backtest` of a protocol.

    keep: folder of kept folds, one folder a backtest in it. code: digest of the code that makes
    them; folds of other code are not taken up.
    """
    progress("reading what there is", 0.0)
    key = None if keep is None else _store_key(protocol, path, request, (most, draws, rival, code))
    store = None if keep is None or key is None else FoldStore(keep / key)
    line = FoldRunner(protocol, path, store, draws, rival)
    plan = line.plan(request, progress)
    done = [line.fold(stretch, place, plan, progress) for place, stretch in enumerate(plan)]
    progress("drawing intervals over all folds", 1.0)
    scored = pool_scored_asks([fold.scored for fold in done])
    champion = {"digest": rival.digest if rival else None, "said": _champion_note(scored, no_rival)}
    return RollingBacktest(
        figures=_pooled_result(protocol, scored, done, draws) | {"champion": champion},
        folds=tuple(fold.figures for fold in done),
        stretches=plan,
        scored=scored,
        parts=tuple(fold.scored for fold in done),
        kept=sum(fold.kept for fold in done),
    )


def _champion_note(scored: ScoredAsks, no_rival: str) -> str:
    if CHAMPION not in scored.forecasts:
        return no_rival
    fresh = np.isfinite(scored.forecasts[CHAMPION].probability).all(axis=1).sum()
    return f"compared on {fresh} asks that are new to it" if fresh else SEEN_IN_TRAINING


class FoldRunner:
    """Runner of the folds of a source; reads the source only when a fold is missing."""

    def __init__(
        self,
        protocol: BacktestProtocol,
        path: Path,
        kept: FoldStore | None,
        draws: BootstrapSettings,
        rival: ChampionBaseline | None,
    ) -> None:
        self._protocol, self._path, self._kept, self._draws = protocol, path, kept, draws
        self._rival = rival
        self._gathered: ProtocolData | None = None

    def plan(self, request: RollingRequest, progress: Progress) -> tuple[ScoredPeriod, ...]:
        """The stretches to score."""
        if self._kept and (known := self._kept.plan()):
            return known
        periods = scored_periods(self._protocol, self._all(progress).evidence, request)
        if self._kept:
            self._kept.keep_plan(periods)
        return periods

    def fold(
        self, stretch: ScoredPeriod, place: int, plan: Sequence[ScoredPeriod], progress: Progress
    ) -> BacktestFold:
        """Return a fold from the store, or fit, score and store it."""
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

    def _scored(
        self, stretch: ScoredPeriod, place: int, folds: int, progress: Progress
    ) -> BacktestFold:
        gathered = self._all(progress)
        trial = split_for_period(self._protocol, gathered, stretch, place, folds)
        forecasts = forecast_all(self._protocol, trial, progress)
        if self._rival:
            forecasts[CHAMPION] = self._rival.forecast(trial.scored)
        scored = ScoredAsks(trial.scored, forecasts)
        progress("drawing intervals", 1.0)
        result = backtest_result(
            self._protocol,
            scored,
            trained_on=training_summary(trial.training_asks),
            excluded=trial.excluded,
            rows=gathered.rows,
            cut=stretch.cut,
            until=stretch.until,
            draws=self._draws,
        )
        return BacktestFold(stretch, scored, result)

    def _all(self, progress: Progress) -> ProtocolData:
        if self._gathered is None:
            progress("reading, ingesting and building features", 0.0)
            self._gathered = self._protocol.gather(self._protocol.task, self._path, None)
        return self._gathered


def _pooled_result(
    protocol: BacktestProtocol,
    scored: ScoredAsks,
    folds: Sequence[BacktestFold],
    draws: BootstrapSettings,
) -> dict[str, Any]:
    """Compute figures over all folds; `trained_on` is that of the last, which learnt from most."""
    figures_by_fold = [fold.figures for fold in folds]
    left_out: dict[str, int] = {}
    for figures in figures_by_fold:
        for why, count in figures["excluded"].items():
            left_out[why] = left_out.get(why, 0) + count
    return backtest_result(
        protocol,
        scored,
        trained_on=figures_by_fold[-1]["trained_on"],
        excluded=left_out,
        rows=figures_by_fold[-1]["rows"],
        cut=folds[0].stretch.cut,
        until=folds[-1].stretch.until,
        draws=draws,
    ) | {"folds": len(folds)}


def _store_key(
    protocol: BacktestProtocol,
    path: Path,
    request: RollingRequest,
    rest: tuple[int | None, BootstrapSettings, ChampionBaseline | None, str],
) -> str:
    """Digest of everything that the figures depend on."""
    most, draws, rival, code = rest
    key = {
        "task": asdict(replace(protocol.task, features=())),
        "options": asdict(protocol.options),
        "source": protocol.source,
        "data": digest_folder(path),
        "asked": asdict(request),
        "most": most,
        "draws": asdict(draws),
        "champion": rival.digest if rival else None,
        "code": code,
    }
    return f"{protocol.task.name}-{protocol.source}-{digest_values(key)}"
