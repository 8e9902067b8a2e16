"""`triage train`, `tune`, `profiles` and `case`: learn from the history and look it up."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from data.command_line import console, show_progress
from data.lake import Lake
from training.commands.arguments import DAY_FORMATS, day_of, task_named
from training.commands.serving_access import serving_access


def train(
    context: typer.Context,
    task: str,
    most: Annotated[
        int | None, typer.Option(min=20, help="most asks to learn from, spread over time")
    ] = None,
    parameters: Annotated[
        Path | None, typer.Option(help="TOML file instead of the task's own parameters")
    ] = None,
) -> None:
    """Train a task on the ingested history, try the gates, register it as challenger."""
    from training.evaluation.gate_findings import gates_table, overall_verdict
    from training.parameters.parameter_files import load_parameters as read_parameters
    from training.train import train_task

    name = task_named(task)
    chosen, who = read_parameters(name, parameters), current_trainer()
    with show_progress(f"Training {name}") as progress:
        trained = train_task(
            name,
            Lake.from_environment(),
            most,
            progress,
            chosen=chosen,
            trained_by=who,
            rules=serving_access(context).rules(),
            tell=lambda lines: console.print("\n".join(lines), highlight=False),
        )
    if trained.reused:
        console.print("The tables and the code are as they were: nothing was built anew.")
    if trained.left_out:
        told = trained.left_out.partition(": ")[0]
        console.print(f"{told}; the card names them.", highlight=False, soft_wrap=True)
    figures = {k: v for k, v in trained.metrics.items() if k.startswith("held_out_")}
    table = Table(title=f"{name} version {trained.version}, {trained.asks} asks, on held-out asks")
    for column in ("metric", "value"):
        table.add_column(column)
    for metric, value in sorted(figures.items()):
        table.add_row(metric.removeprefix("held_out_"), f"{value:.4f}")
    console.print(table)
    console.print(gates_table(f"{name} version {trained.version}: gates", trained.findings))
    console.print(
        f"{name} version {trained.version}: {overall_verdict(trained.findings)}", highlight=False
    )


def current_trainer() -> str:
    """Return the trainer's name, so that someone else approves; warn and return "" if unset."""
    from training.approval.people import HOW_TO_IDENTIFY, Duty, whoami
    from training.settings import ApprovalMode, ApprovalSettings

    settings = ApprovalSettings.from_environment()
    if settings.approval is ApprovalMode.REQUIRED and not (settings.user or settings.token):
        console.print(
            f"Nobody is named as trainer, so promotion will ask for an override: {HOW_TO_IDENTIFY}."
        )
        return ""
    return whoami(settings).allowed(Duty.TRAIN).name


def tune(
    task: str,
    source: Annotated[str | None, typer.Option(help="a public set's name")] = None,
    path: Annotated[Path | None, typer.Option(help="folder of the source's files")] = None,
    trials: Annotated[int, typer.Option(min=1, help="finished trials in all")] = 30,
    cut: Annotated[
        datetime | None,
        typer.Option(formats=DAY_FORMATS, help="nothing known from this day on is seen"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="write the parameters here")] = None,
) -> None:
    """Search for better parameters with Optuna; stop and start again at will."""
    from training.backtest.single_cut import find_protocol
    from training.tune import tune_task

    name = task_named(task)
    if (source is None) != (path is None):
        raise ValueError("a public set takes both --source and --path; neither tunes the lake")
    protocol = find_protocol(name, source) if source else None
    with show_progress(f"Tuning {source or name}") as progress:

        def tell(what: str, done: float) -> None:
            progress(what, done)
            console.print(f"  {what}")

        tuned = tune_task(
            name,
            Lake.from_environment(),
            protocol,
            path,
            trials=trials,
            cut=day_of(cut),
            out=out,
            tell=tell,
        )
    study = tuned.found
    verdict = "better than" if study.better else "no better than what the file keeps,"
    console.print(
        f"{len(study.trials)} trials ({study.resumed} from before) on {tuned.asks:,} asks; "
        f"{tuned.held_out:,} later ones were not seen. Best {study.value:+.4f} is {verdict} "
        f"the present {study.present:+.4f} (log-loss less the class shares')."
    )
    console.print(f"Parameters: {tuned.path}", soft_wrap=True)


def case(task: str, names: Annotated[list[str], typer.Argument(help="ids of cases")]) -> None:
    """Print cases of the ingested history as the request body that a caller would send."""
    from data.store import Store
    from models.catalogue import TASKS
    from training.dataset.request_bodies import request_bodies
    from training.tasks.catalogue import TRAINING_TASKS

    known = task_named(task)
    with Store.from_folder(Lake.from_environment().canonical) as store:
        asks = TRAINING_TASKS[known].query_asks(store, TASKS[known])
        ids = asks.frame["ask_id"].str.split("@").str[0]
        if unknown := sorted(set(names) - set(ids)):
            raise LookupError(
                f"{known} has no case {', '.join(map(repr, unknown))}; it has {len(asks)}, "
                f"e.g. {', '.join(ids.head(3))}"
            )
        newest = ids.isin(names) & ~ids.duplicated(keep="last")
        print(json.dumps({"cases": request_bodies(asks.take(newest.to_numpy()))}, indent=2))


def profiles() -> None:
    """Build the profiles that serving looks up, as of the day after the newest row."""
    from data.canonical_tables import end_of_data
    from data.store import Store
    from features.profiles import build_profiles
    from training.tasks.catalogue import TRAINING_TASKS
    from training.tasks.open_cases import open_case_bodies

    lake = Lake.from_environment()
    as_of = end_of_data(lake.canonical)
    with (
        show_progress(f"Building profiles as of {as_of:%Y-%m-%d}"),
        Store.from_folder(lake.canonical) as store,
    ):
        streams = {s.name: s for task in TRAINING_TASKS.values() for s in task.streams}
        bodies = open_case_bodies(store, as_of)
        build_profiles(store, streams.values(), as_of.date(), lake.profiles, bodies)
