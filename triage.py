"""The command line: one list of commands, and the only place that knows all rooms.

A command that needs one room is a file in that room's `commands/`; those that need several
are here. Heavy libraries are imported inside the commands that need them, so that
`triage --help` and a second `triage up` answer at once.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data.commands.ingest import ingest
from data.commands.simulate import simulate
from data.lake import Lake
from data.listening import HOST, Port
from data.progress import console, step
from serving.commands.audit import audit
from serving.commands.decisions import decisions
from serving.commands.doctor import doctor
from serving.commands.events import events
from serving.commands.keys import keys
from serving.commands.openapi import openapi
from serving.commands.pause import pause, pauses, resume
from serving.commands.report import report
from serving.commands.serve import serve
from serving.commands.stay import stay
from training.commands.arguments import DAY, day, task_named
from training.commands.backtest import backtest
from training.commands.card import card
from training.commands.case import case
from training.commands.export import export
from training.commands.gates import gates
from training.commands.mlflow import mlflow
from training.commands.people import people
from training.commands.profiles import profiles
from training.commands.results import results
from training.commands.train import train
from training.commands.tune import tune

if TYPE_CHECKING:
    from models.task import TaskName
    from serving.run import Running
    from training.approval import Approval
    from training.asks.open_cases import OpenCases
    from training.monitor.monitor import Report
    from training.monitor.run import Recorded
    from training.promote import Record

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
OF_ONE_ROOM = (
    doctor,
    simulate,
    ingest,
    decisions,
    profiles,
    train,
    tune,
    gates,
    card,
    export,
    serve,
    openapi,
    case,
    pause,
    resume,
    pauses,
    report,
    backtest,
    results,
    mlflow,
)
for command in OF_ONE_ROOM:
    app.command()(command)
app.add_typer(people, name="people")
app.add_typer(audit, name="audit")
app.add_typer(keys, name="keys")
app.add_typer(events, name="events")

BATCH = 100
SHOWN = 20
MANIFEST = "manifest.json"


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


Reason = Annotated[str, typer.Option(help="why, for the record")]


@app.command()
def promote(
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
    reason: Reason = "",
    *,
    override: Annotated[
        bool, typer.Option("--override", help="although gates refuse it; needs --reason")
    ] = False,
) -> None:
    """Make a registered version the champion that the service loads."""
    from training.announcement import promoted
    from training.promote import promote

    lake, wanted = Lake.from_environment(), int(version) if version.isdigit() else version
    approval = approval_of(reason, override=override)
    now, name = datetime.now(UTC), task_named(task)
    champion = promote(name, lake, now, wanted, approval=approval, record=recording(lake))
    console.print(promoted(champion, approval), highlight=False, markup=False, soft_wrap=True)


@app.command()
def rollback(task: str, reason: Reason) -> None:
    """Make the champion before this one champion again."""
    from training.announcement import rolled_back
    from training.rollback import rollback

    lake, name = Lake.from_environment(), task_named(task)
    approval = approval_of(reason)
    back, left = rollback(name, lake, datetime.now(UTC), approval=approval, record=recording(lake))
    console.print(rolled_back(back, left, approval), highlight=False, markup=False, soft_wrap=True)


@app.command()
def challenge(
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
    canary: Annotated[float, typer.Option(help="share of the cases that it answers, 0 to 1")] = 0.0,
    reason: Reason = "",
    *,
    override: Annotated[
        bool, typer.Option("--override", help="although gates refuse it; needs --reason")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="let it score no more")] = False,
) -> None:
    """Let a version score beside the champion, in shadow or for a share of the cases."""
    from training.challenger import challenge, stand_down

    lake, name, now = Lake.from_environment(), task_named(task), datetime.now(UTC)
    approval, record = approval_of(reason, override=override), recording(lake)
    if off:
        left = stand_down(name, lake, now, approval=approval, record=record)
        said = f"{name}: version {left} challenges no more"
    else:
        wanted = int(version) if version.isdigit() else version
        new = challenge(name, lake, now, wanted, canary, approval=approval, record=record)
        how = f"answers {canary:.1%} of the cases" if canary else "scores in shadow"
        said = f"{name}: version {new.version} ({new.digest[:12]}) {how}; see /desk/challenger"
    console.print(said, highlight=False, markup=False, soft_wrap=True)


@app.command()
def follow(
    task: Annotated[str, typer.Argument(help="one task; all of them by default")] = "",
    every: Annotated[float, typer.Option(help="seconds between looks; once by default")] = 0.0,
    reason: Reason = "the registry's alias was moved",
) -> None:
    """Promote what the registry's champion alias was moved to, if gates and approval allow it."""
    import time

    from models.task import TaskName
    from training.announcement import promoted
    from training.following import follow
    from training.promote import Champion

    lake, names = Lake.from_environment(), [task_named(task)] if task else list(TaskName)
    approval, told = approval_of(reason), set[str]()
    while True:
        now, record = datetime.now(UTC), recording(lake)
        for one in follow(names, lake, now, approval=approval, record=record):
            said = promoted(one, approval) if isinstance(one, Champion) else str(one)
            if said not in told:
                console.print(said, highlight=False, markup=False, soft_wrap=True)
                told.add(said)
        if not every:
            return
        time.sleep(every)


def approval_of(reason: str, *, override: bool = False) -> Approval:
    """The approval of whoever is acting."""
    from training.approval import Approval
    from training.identity import whoami
    from training.settings import ApprovalMode, ApprovalSettings

    settings = ApprovalSettings.from_environment()
    demo = settings.approval is ApprovalMode.DEMO
    return Approval(whoami(settings), reason, override, demo)


def recording(lake: Lake) -> Record:
    """What writes a change of model to the lake's record; can be sent to another process."""
    from serving.audit.changes import record_change

    return partial(record_change, lake)


@app.command()
def settings(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="for documents")] = False,
) -> None:
    """Everything that can be set in the environment: what it takes, its default, what it means."""
    import os

    from data.setting import settings_of, unread
    from serving.all_settings import OWN, SETTINGS
    from serving.commands.settings import shown
    from training.settings import SETTINGS as OF_TRAINING

    found = settings_of({**SETTINGS, **OF_TRAINING}, os.environ)
    shown(found, unread(found, os.environ, OWN), as_json=as_json, markdown=markdown)


@audit.command()
def erase(
    reason: Annotated[str, typer.Option(help="why, for the record; kept for good: no names")],
    ids: Annotated[
        list[str] | None, typer.Option("--id", help="an entry, or a recommendation; repeat it")
    ] = None,
    person: Annotated[
        str, typer.Option(help="what this person decided; - asks for it without showing it")
    ] = "",
    before: Annotated[
        datetime | None, typer.Option(formats=DAY, help="what was recorded before this day")
    ] = None,
    *,
    retention: Annotated[
        bool, typer.Option("--retention", help="what is older than the policy keeps")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Erase what entries hold, for good; the record still verifies, and says so.

    Says first what would go. The person's name is only made a pseudonym of.
    """
    from serving.audit.erasing import Wanted, announced, chosen
    from serving.audit.erasure import erase, plan
    from serving.audit.opened import open_audit
    from serving.audit.payload_deletion import scrub
    from serving.audit.pseudonym import open_pseudonyms
    from serving.context import of_command
    from serving.policy.policy import load_policy
    from serving.settings import Settings
    from training.identity import whoami

    lake, now, actor = Lake.from_environment(), datetime.now(UTC), whoami()
    policy = load_policy(Settings().policy).retention if retention else None
    named = typer.prompt("Person", hide_input=True) if person == "-" else person
    wanted, people = Wanted(ids or (), named, before, policy), open_pseudonyms(lake)
    with closing(open_audit(lake)) as store:
        meant = chosen(store, wanted, people, now)
        found = plan(store, meant.sequences)
        for line in announced(meant, found, now):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        if not found.left:
            return
        if not yes:
            typer.confirm("Erase it for good?", abort=True)
        by, context = people.of(actor.name), of_command("triage audit erase").recorded()
        entry = erase(
            store, meant.ground, found.left, reason, by, context, now=now, months=meant.months
        )
        off_the_disk = scrub(store)
    console.print(f"Erased {entry.payload['count']}; entry {entry.sequence} says so.")
    if not off_the_disk:
        console.print("Readers keep it in the write-ahead log until the service is idle or stops.")
    if (lake.canonical / "decisions.parquet").exists():
        decisions()  # the table that training reads still held what was erased


@app.command()
def agreement(
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
) -> None:
    """Hold people's agreement with the model against the model's true error."""
    from contextlib import closing

    from data.store import Store
    from serving.audit.frames import decisions, recommendations
    from serving.audit.opened import open_audit
    from training.agreement import agreement
    from training.agreement_table import ended, reliance_table, sentences

    lake = Lake.from_environment()
    with closing(open_audit(lake)) as audit, Store.from_folder(lake.canonical) as store:
        answered, decided = recommendations(audit), decisions(audit)
        found = agreement(answered, decided, ended(store, answered))
    console.print(reliance_table(found))
    for sentence in sentences(found):
        console.print(sentence, highlight=False, soft_wrap=True)
    if json_file:
        json_file.write_text(json.dumps(found.as_json(), indent=1, allow_nan=False) + "\n")


@app.command()
def monitor(
    task: Annotated[str, typer.Argument(help="one task; all of them by default")] = "",
    since: Annotated[
        datetime | None, typer.Option(formats=DAY, help="first day; 28 days before the end")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY, help="first day that is not counted")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="write the page here")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
    metrics: Annotated[Path | None, typer.Option(help="write Prometheus gauges here")] = None,
) -> None:
    """Hold what is asked, and how it ended, against what the models learnt from.

    Exit code for schedulers: 0 no need, 3 look, 4 retrain, 2 error. Of 100 quiet weeks of a
    task at most 5 raise an alarm; `python -m training.monitor.false_alarms` measures it.
    """
    from models.task import TaskName
    from training.monitor.run import gravest, monitor_lake
    from training.monitor.terminal import table, write
    from training.monitor.verdict import EXIT

    lake, names = Lake.from_environment(), [task_named(task)] if task else list(TaskName)
    with step("Comparing with the reference"):
        reports = monitor_lake(lake, names, recorded(lake), day(since), day(until))
        write(reports, html, json_file, metrics)
    record_drifts(lake, reports)
    console.print(table(reports))
    raise typer.Exit(EXIT[gravest(reports)])


def record_drifts(lake: Lake, reports: Sequence[Report]) -> None:
    """Put on record what needs somebody, once, so that whoever takes events is told."""
    from serving.audit.drift import record_drift
    from training.monitor.verdict import Advice

    for one in reports:
        if one.verdict.advice is Advice.NO_NEED:
            continue
        said = {
            "advice": str(one.verdict.advice),
            "headline": one.verdict.headline,
            "since": one.since.isoformat(),
            "until": one.until.isoformat(),
        }
        record_drift(lake, str(one.task), said, datetime.now(UTC))


def recorded(lake: Lake) -> Recorded:
    """The recommendations and decisions in the lake's audit."""
    from serving.audit import frames
    from serving.audit.opened import open_audit
    from training.monitor.run import Recorded

    with closing(open_audit(lake)) as store:
        answered = frames.recommendations(store)
        if answered.empty:
            raise FileNotFoundError("nothing was recommended yet; run `triage serve`")
        return Recorded(answered, frames.decisions(store))


@app.command()
def up(
    port: Port = 3000,
    most: Annotated[int, typer.Option(help="most open exceptions to score a task")] = 200,
) -> None:
    """Simulate, train, serve and rank what is open; reuse what is there."""
    from serving.doctor import free_port
    from serving.run import asks_nobody, serve

    asks_nobody(HOST)
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
        first_champions(lake, new)


def first_champions(lake: Lake, new: list[TaskName]) -> None:
    """Train and promote without an approver, unless the settings ask for one.

    Raises:
        RuntimeError: models are trained and wait for their approver; says the commands.
    """
    from training.approval import IN_DEMO
    from training.first_models import first_challengers, first_models
    from training.settings import ApprovalMode, ApprovalSettings

    asked = ApprovalSettings.from_environment()
    waits = asked.approval is ApprovalMode.REQUIRED and "approval" in asked.model_fields_set
    if not waits:
        console.print(IN_DEMO, highlight=False, soft_wrap=True)
    with step(f"Training {', '.join(new)}"):
        lines = (
            first_challengers(new, lake)
            if waits
            else first_models(new, lake, datetime.now(UTC), recording(lake))
        )
        for line in lines:
            console.print(f"  {line}", highlight=False)
    if waits:
        commands = ", ".join(f"`triage promote {name}`" for name in new)
        raise RuntimeError(f"TRIAGE_APPROVAL=required: who did not train must run {commands} first")


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
            "no advice" if answer["abstained"] else answer["explained_class"],
            share(answer["exception_probability"]),
            f"{answer['money_at_risk'] or 0.0:,.0f} {answer['currency']}",
            answer["route"],
            answer["id"][:8],
        )
    return table


if __name__ == "__main__":
    main()
