"""`triage tune`: search for parameters inside the training window."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from data.lake import Lake
from data.progress import console, step
from training.commands.arguments import DAY, day, task_named


def tune(
    task: str,
    source: Annotated[str | None, typer.Option(help="a public set's name")] = None,
    path: Annotated[Path | None, typer.Option(help="folder of the source's files")] = None,
    trials: Annotated[int, typer.Option(min=1, help="finished trials in all")] = 30,
    cut: Annotated[
        datetime | None, typer.Option(formats=DAY, help="nothing known from this day on is seen")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="write the parameters here")] = None,
) -> None:
    """Search for better parameters with Optuna; stop and start again at will."""
    from training.backtest import protocol_of
    from training.tune import tune

    name = task_named(task)
    if (source is None) != (path is None):
        raise ValueError("a public set takes both --source and --path; neither tunes the lake")
    protocol = protocol_of(name, source) if source else None
    with step(f"Tuning {source or name}") as progress:

        def tell(what: str, done: float) -> None:
            progress(what, done)
            console.print(f"  {what}")

        tuned = tune(
            name,
            Lake.from_environment(),
            protocol,
            path,
            trials=trials,
            cut=day(cut),
            out=out,
            tell=tell,
        )
    found = tuned.found
    verdict = "better than" if found.better else "no better than what the file keeps,"
    console.print(
        f"{len(found.trials)} trials ({found.resumed} from before) on {tuned.asks:,} asks; "
        f"{tuned.held_out:,} later ones were not seen. Best {found.value:+.4f} is {verdict} "
        f"the present {found.present:+.4f} (log-loss less the class shares')."
    )
    console.print(f"Parameters: {tuned.path}", soft_wrap=True)
