"""`triage backtest`: learn before a cut, score from then on; once, or rolling forward."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from data.lake import Lake
from data.progress import console, step
from training.commands.arguments import DAY, day

LAKE = "lake"


def backtest(
    task: str,
    source: Annotated[str, typer.Option(help="a public set's name; your own lake if none")] = LAKE,
    path: Annotated[
        Path | None, typer.Option(help="folder of the source's files; the lake knows its own")
    ] = None,
    cut: Annotated[
        datetime | None, typer.Option(formats=DAY, help="first day that is tested")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY, help="first day that is not tested")
    ] = None,
    test_path: Annotated[
        Path | None, typer.Option(help="rows to test on, for sets without dates")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
    folds: Annotated[
        int | None, typer.Option(min=1, help="roll over so many consecutive cuts")
    ] = None,
    test_days: Annotated[
        int | None, typer.Option(min=1, help="days that each fold is tested on")
    ] = None,
    most: Annotated[
        int | None, typer.Option(min=100, help="most asks of the lake, spread over time")
    ] = None,
    *,
    track: Annotated[
        bool | None, typer.Option(help="record in MLflow; by default only with --folds")
    ] = None,
) -> None:
    """Train on what was known before the cut, score what was decided from then on."""
    folder = _folder(source, path)
    if folds is None:
        period = (day(cut), day(until))
        result = _once(task, source, folder, period, test_path, most, track=bool(track))
    else:
        _refuse(cut=cut, test_path=test_path)
        stretch = (day(until), test_days)
        result = _roll(task, source, folder, folds, stretch, most, track=track is not False)
    if json_file:
        json_file.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")


def _folder(source: str, path: Path | None) -> Path:
    """The folder of a source's files.

    Raises:
        ValueError: for a public set without one.
    """
    if path is not None:
        return path
    if source != LAKE:
        raise ValueError(f"say where the files of {source} are (--path FOLDER)")
    return Lake.from_environment().canonical


def _refuse(*, cut: object, test_path: object) -> None:
    if cut or test_path:
        raise ValueError(
            "--folds finds its own cuts: give --until and --test-days instead of --cut, "
            "and no --test-path"
        )


def _once(
    task: str,
    source: str,
    folder: Path,
    period: tuple[date | None, date | None],
    test_path: Path | None,
    most: int | None,
    *,
    track: bool,
) -> dict[str, Any]:
    from training.backtest import backtest
    from training.backtest_table import render

    with step(f"Backtest of {task} on {source}") as progress:
        result = backtest(task, source, folder, *period, test_path, most=most, progress=progress)
    console.print(render(result))
    if track:
        from training.backtest_tracking import track_once
        from training.registry import open_registry

        run = track_once(open_registry(Lake.from_environment()), result)
        console.print(f"recorded in MLflow as run {run}")
    return result


def _roll(
    task: str,
    source: str,
    folder: Path,
    folds: int,
    period: tuple[date | None, int | None],
    most: int | None,
    *,
    track: bool,
) -> dict[str, Any]:
    from training.backtest_table import render_rolled
    from training.rolling import rolling

    with step(f"Backtest of {task} on {source}, {folds} folds") as progress:
        rolled = rolling(
            task,
            source,
            folder,
            folds,
            *period,
            most=most,
            lake=Lake.from_environment(),
            progress=progress,
        )
    if rolled.kept:
        console.print(f"{rolled.kept} of {folds} folds were there from an earlier call")
    console.print(render_rolled(rolled))
    if track:
        from training.backtest_tracking import track_rolled
        from training.registry import open_registry

        run = track_rolled(open_registry(Lake.from_environment()), rolled)
        console.print(f"recorded in MLflow as run {run}")
    return {**rolled.figures, "each": list(rolled.folds)}
