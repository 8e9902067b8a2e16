"""`triage backtest` and `triage results`: backtests of one source, or of all public sets."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from data.command_line import console, show_progress
from data.lake import Lake
from training.commands.arguments import DAY_FORMATS, day_of

LAKE = "lake"


def backtest(
    task: str,
    source: Annotated[str, typer.Option(help="a public set's name; your own lake if none")] = LAKE,
    path: Annotated[
        Path | None, typer.Option(help="folder of the source's files; the lake knows its own")
    ] = None,
    cut: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="first day that is tested")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="first day that is not tested")
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
        period = (day_of(cut), day_of(until))
        result = _once(task, source, folder, period, test_path, most, track=bool(track))
    else:
        _refuse(cut=cut, test_path=test_path)
        stretch = (day_of(until), test_days)
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
    from training.backtest.report import render_backtest
    from training.backtest.single_cut import backtest

    with show_progress(f"Backtest of {task} on {source}") as progress:
        result = backtest(task, source, folder, *period, test_path, most=most, progress=progress)
    console.print(render_backtest(result))
    if track:
        from training.backtest.tracking import track_backtest
        from training.registry.mlflow_registry import open_registry

        run = track_backtest(open_registry(Lake.from_environment()), result)
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
    from training.backtest.report import render_rolling_backtest
    from training.backtest.rolling_origin import rolling_backtest

    with show_progress(f"Backtest of {task} on {source}, {folds} folds") as progress:
        rolled = rolling_backtest(
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
    console.print(render_rolling_backtest(rolled))
    if track:
        from training.backtest.tracking import track_rolling_backtest
        from training.registry.mlflow_registry import open_registry

        run = track_rolling_backtest(open_registry(Lake.from_environment()), rolled)
        console.print(f"recorded in MLflow as run {run}")
    return {**rolled.figures, "each": list(rolled.folds)}


def results(
    path: Annotated[Path, typer.Option(help="folder of the four public sets")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write every cut's figures here")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="consecutive cuts a set")] = 5,
) -> None:
    """Backtest every public set over rolling cuts and print the table of docs/results.md."""
    from training.backtest.public_results import public_results

    with show_progress("Backtesting the public sets") as progress:
        backtests = public_results(path, progress, folds)
    print(backtests.table)
    if json_file:
        json_file.write_text(json.dumps(backtests.figures, indent=1, allow_nan=False) + "\n")
