"""The command line: thin, one function a command, and the only place that knows all rooms.

Heavy libraries are imported inside the commands that need them, so that `triage --help`
and a second `triage up` answer at once.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data.lake import Lake

if TYPE_CHECKING:
    from models.task import TaskName
    from serving.run import Running
    from training.asks.open_cases import OpenCases

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(width=None if sys.stdout.isatty() else 120)
HOST = "127.0.0.1"
EVEN_ASKS = 60_000
BATCH = 100
SHOWN = 20
MANIFEST = "manifest.json"

Port = Annotated[int, typer.Option(min=1, max=65535, help="port on 127.0.0.1")]
Folder = Annotated[Path, typer.Option(help="folder of the source's files")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


def main() -> None:
    """Run a command; an error that a user can act on is one line, without a traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as Ctrl-C does: cleanly
    try:
        app()
    except (ValueError, OSError, LookupError, RuntimeError) as error:
        said = error.args[0] if isinstance(error, KeyError) and error.args else error
        line = f"[red]triage:[/] {escape(str(said))}"
        Console(stderr=True).print(line, highlight=False, soft_wrap=True)
        sys.exit(2)


@contextmanager
def step(title: str) -> Iterator[Callable[[str, float], None]]:
    """A line that moves while work goes on, and stays with its seconds when it is done."""
    started = perf_counter()
    if not console.is_terminal:
        console.print(f"… {title}")
    with console.status(title) as status:
        yield lambda what, share: status.update(f"{title}: {what} {share:.0%}")
    console.print(f"[green]✓[/] {title} [dim]{perf_counter() - started:.1f} s[/]")


@app.command()
def doctor(port: Port = 3000) -> None:
    """Check what the service needs of this machine, and say how to mend it."""
    from serving.doctor import examine

    checks = list(examine(Lake.from_environment().home, HOST, port))
    for check in checks:
        mark = "[green]✓[/]" if check.well else "[red]✗[/]"
        console.print(f"{mark} {check.name}: {check.found}", highlight=False)
        if not check.well:
            console.print(f"  mend: {check.mend}", highlight=False)
    raise typer.Exit(0 if all(check.well for check in checks) else 1)


@app.command()
def simulate(
    sites: int = 7,
    suppliers: int = 60,
    items: int = 2000,
    months: int = 24,
    seed: int = 17,
    extracts: Annotated[
        Path | None, typer.Option(help="also write sites' extracts as their ERPs would, here")
    ] = None,
) -> None:
    """Simulate a distributor and keep it as the raw files of the source `simulator`."""
    from data.sources.mapping import shipped_mappings
    from data.sources.simulator import Size, simulate
    from data.sources.simulator.extracts import write_extracts

    size = Size(sites=sites, suppliers=suppliers, items=items, months=months)
    with step(f"Simulating {sites} sites, {items} items, {months} months") as progress:
        frames = simulate(size, seed, progress)
    with step("Writing raw files"):
        raw = Lake.from_environment().make().raw / "simulator"
        raw.mkdir(exist_ok=True)
        for name, frame in frames.items():
            frame.to_parquet(raw / f"{name}.parquet")
        if extracts:
            write_extracts(frames, extracts, shipped_mappings())


@app.command()
def ingest(
    source: Annotated[str, typer.Option(help="simulator, extract, or a public set's name")],
    path: Annotated[Path | None, typer.Option(help="folder of the source's files")] = None,
    mapping: Annotated[
        list[Path] | None, typer.Option(help="TOML mapping of a site's extract; repeatable")
    ] = None,
) -> None:
    """Read a source into canonical tables; rows that break a contract go to quarantine."""
    from data.ingest import ingest
    from data.sources.catalogue import batches

    lake = Lake.from_environment().make()
    with step(f"Ingesting {source}"):
        read = batches(source, path or lake.raw / source, mapping or [])
        report = ingest(read, lake.canonical, lake.quarantine)
    console.print(str(report), highlight=False, soft_wrap=True)


@app.command()
def profiles() -> None:
    """Build the profiles that serving looks up, as of the day after the newest row."""
    from data.period import end_of_data
    from data.store import Store
    from features.profiles import build_profiles
    from models.task import TaskName
    from training.wiring import wiring

    lake = Lake.from_environment()
    as_of = end_of_data(lake.canonical)
    with (
        step(f"Building profiles as of {as_of:%Y-%m-%d}"),
        Store.from_folder(lake.canonical) as store,
    ):
        streams = {s.name: s for name in TaskName for s in wiring(name).streams}
        build_profiles(store, streams.values(), as_of.date(), lake.profiles)


@app.command()
def train(
    task: str,
    most: Annotated[int, typer.Option(min=20, help="most asks to learn from, spread over time")] = (
        EVEN_ASKS
    ),
) -> None:
    """Train a task on the ingested history and register it in MLflow as challenger."""
    from training.train import train_task

    name = task_named(task)
    with step(f"Training {name}") as progress:
        trained = train_task(name, Lake.from_environment(), most, progress)
    figures = {k: v for k, v in trained.metrics.items() if k.startswith("held_out_")}
    table = Table(title=f"{name} version {trained.version}, {trained.asks} asks, on held-out asks")
    for column in ("metric", "value"):
        table.add_column(column)
    for metric, value in sorted(figures.items()):
        table.add_row(metric.removeprefix("held_out_"), f"{value:.4f}")
    console.print(table)


@app.command()
def promote(
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
) -> None:
    """Make a registered version the champion that the service loads."""
    from training.promote import promote

    wanted = int(version) if version.isdigit() else version
    champion = promote(task_named(task), Lake.from_environment(), datetime.now(UTC), wanted)
    console.print(
        f"{champion.task}: version {champion.version} is champion ({champion.digest[:12]})"
    )


@app.command()
def serve(port: Port = 3000) -> None:
    """Start the service on 127.0.0.1 and stay until Ctrl-C."""
    from serving.run import serve

    with serve(Lake.from_environment(), HOST, port) as running:
        stay(running)
    console.print("Stopped.")


@app.command()
def case(task: str, name: str) -> None:
    """Print one case of the ingested history as the request body that a caller would send."""
    from data.store import Store
    from models.catalogue import TASKS
    from training.asks.as_request import as_requests
    from training.wiring import wiring

    known = task_named(task)
    with Store.from_folder(Lake.from_environment().canonical) as store:
        asks = wiring(known).asks(store, TASKS[known])
        wanted = asks.frame["ask_id"].str.split("@").str[0] == name
        if not wanted.any():
            raise LookupError(
                f"{known} has no case {name!r}; it has {len(asks)}, "
                f"e.g. {', '.join(asks.frame['ask_id'].str.split('@').str[0].head(3))}"
            )
        newest = wanted & ~wanted[::-1].duplicated()[::-1]
        print(json.dumps({"cases": as_requests(asks.take(newest.to_numpy()))}, indent=2))


@app.command()
def report(
    recommendation: str,
    out: Annotated[Path | None, typer.Option(help="file to write")] = None,
) -> None:
    """Write the explanation report of a recommendation as one self-contained HTML file."""
    from serving.desk.report import write_report

    lake = Lake.from_environment().make()
    console.print(str(write_report(lake, recommendation, out)), soft_wrap=True)


@app.command()
def backtest(
    task: str,
    source: Annotated[str, typer.Option(help="a public set's name")],
    path: Folder,
    cut: Annotated[Day | None, typer.Option(help="first day that is tested")] = None,
    until: Annotated[Day | None, typer.Option(help="first day that is not tested")] = None,
    test_path: Annotated[
        Path | None, typer.Option(help="rows to test on, for sets without dates")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
) -> None:
    """Train on what was known before the cut, score what was decided from then on."""
    from training.backtest import backtest
    from training.backtest_table import render

    with step(f"Backtest of {task} on {source}") as progress:
        result = backtest(task, source, path, day(cut), day(until), test_path, progress=progress)
    console.print(render(result))
    if json_file:
        json_file.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")


@app.command()
def results(path: Annotated[Path, typer.Option(help="folder of the four public sets")]) -> None:
    """Backtest every public set and print the README's table of results."""
    from training.results import results

    with step("Backtesting the public sets") as progress:
        table = results(path, progress)
    print(table)


@app.command()
def up(
    port: Port = 3000,
    most: Annotated[int, typer.Option(help="most open exceptions to score a task")] = 200,
) -> None:
    """Simulate, train, serve and rank what is open; reuse what is there."""
    from serving.doctor import free_port
    from serving.run import serve

    if not (check := free_port(HOST, port)).well:
        raise RuntimeError(f"{check.found}; {check.mend}")
    lake = Lake.from_environment().make()
    with lake.alone():
        fill(lake)
    with ExitStack() as stack, ThreadPoolExecutor(1) as beside:
        with step("Starting the service"):
            opened = beside.submit(open_now, lake, most)
            running = stack.enter_context(serve(lake, HOST, port, log=lake.home / "service.log"))
        console.print(scored(opened.result(), running))
        stay(running)
    console.print("Stopped.")


def fill(lake: Lake) -> None:
    """Make what the lake lacks: tables, profiles, champions."""
    from models.task import TaskName

    if not (lake.canonical / MANIFEST).exists():
        simulate()
        ingest("simulator")
    if not lake.profiles.exists():
        profiles()
    if new := [n for n in TaskName if not (lake.models / n / "champion.json").exists()]:
        from training.first_models import first_models

        with step(f"Training {', '.join(new)}"):
            for line in first_models(new, lake, datetime.now(UTC)):
                console.print(f"  {line}", highlight=False)


@app.command()
def mlflow(port: Port = 5000) -> None:
    """Show runs and models in MLflow's own pages."""
    from training.settings import TrackingSettings

    tracking = TrackingSettings().tracking(Lake.from_environment())
    command = ["mlflow", "ui", "--backend-store-uri", tracking, "--port", str(port)]
    raise typer.Exit(subprocess.run([sys.executable, "-m", *command], check=False).returncode)


def open_now(lake: Lake, most: int) -> tuple[datetime, list[OpenCases]]:
    """The exceptions that are open at the end of the data, and that moment."""
    from data.period import end_of_data
    from training.asks.open_cases import open_cases

    at = end_of_data(lake.canonical)
    return at, list(open_cases(lake.canonical, at, most))


def scored(opened: tuple[datetime, list[OpenCases]], running: Running) -> Table:
    """Open exceptions as the service scores and ranks them."""
    at, tasks = opened
    found: list[dict[str, Any]] = []
    for cases in tasks:
        title = f"Scoring {len(cases.requests)} of {cases.open} open cases of {cases.task}"
        with step(title) as progress:
            for start in range(0, len(cases.requests), BATCH):
                progress("done", start / len(cases.requests))
                found += running.recommend(cases.task, cases.requests[start : start + BATCH])
    return ranked(found, at)


def ranked(found: list[dict[str, Any]], at: datetime) -> Table:
    """Recommendations by probability x money at risk, the most pressing first."""
    from serving.wording import share

    table = Table(title=f"Open exceptions on {at:%Y-%m-%d}, by probability x money at risk")
    for heading in ("task", "case", "may end as"):
        table.add_column(heading, overflow="fold")
    for heading in ("exception", "money at risk"):
        table.add_column(heading, justify="right")
    for heading in ("to", "id"):
        table.add_column(heading, overflow="fold")
    for answer in sorted(found, key=lambda a: -a["priority"])[:SHOWN]:
        table.add_row(
            answer["task"],
            " ".join(answer["case"].values()),
            answer["explained_class"],
            share(answer["exception_probability"]),
            f"{answer['money_at_risk'] or 0.0:,.0f} {answer['currency']}",
            answer["route"],
            answer["id"][:8],
        )
    return table


def stay(running: Running) -> None:
    """Print the addresses and wait for Ctrl-C."""
    console.print(
        f"desk        {running.address}/desk\n"
        f"API docs    {running.address}/docs\n"
        "MLflow UI   triage mlflow\n"
        "a report    triage report ID\n"
        "Only recommendations: nothing here releases, posts, orders or pays. Ctrl-C stops it.",
        highlight=False,
    )
    try:
        running.wait()
    except KeyboardInterrupt:
        console.print("Stopping ...")
        return
    raise RuntimeError("the service ended by itself; its log is service.log in TRIAGE_HOME")


def day(moment: datetime | None) -> date | None:
    """The day of an option that names one."""
    return moment.date() if moment else None


def task_named(name: str) -> TaskName:
    """The task of that name.

    Raises:
        ValueError: with the tasks there are.
    """
    from models.task import TaskName

    try:
        return TaskName(name)
    except ValueError:
        raise ValueError(f"no task {name!r}; there are {', '.join(TaskName)}") from None


if __name__ == "__main__":
    main()
