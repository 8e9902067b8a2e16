"""Command line: all commands; the only module that imports every room.

A command that needs one room is a file in that room's `commands/`; those that need several
are here. Heavy libraries are imported inside the commands that need them, so that
`triage --help` and a second `triage up` answer at once.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
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

from data.command_line import LOOPBACK_HOST, PortOption, console, show_progress
from data.commands.ingest import ingest, simulate
from data.commands.lake import lake as lake_app
from data.commands.mapping import mapping_app
from data.lake import Lake
from serving.commands.audit import audit
from serving.commands.events import events
from serving.commands.keys import keys
from serving.commands.policy import policy
from serving.commands.review import decisions, pause, pauses, report, resume
from serving.commands.serve import doctor, openapi, serve, wait_for_interrupt
from training.commands.arguments import DAY_FORMATS
from training.commands.backtest import backtest, results
from training.commands.monitoring import agreement, monitor
from training.commands.people import people
from training.commands.promotion import challenge, follow, promote, rollback
from training.commands.registry import card, export, gates, mlflow
from training.commands.serving_access import ServingAccess
from training.commands.train import case, profiles, train, tune

if TYPE_CHECKING:
    from models.task import TaskName
    from serving.server.supervisor import RunningService
    from training.dataset.rule_findings import ServiceRules
    from training.monitor.run import AuditFrames
    from training.promotion.promote import AuditRecorder
    from training.tasks.open_cases import OpenCases


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
SINGLE_ROOM_COMMANDS = (
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
    promote,
    rollback,
    challenge,
    follow,
    agreement,
    monitor,
)
for command in SINGLE_ROOM_COMMANDS:
    app.command()(command)
app.add_typer(lake_app, name="lake")
app.add_typer(mapping_app, name="map")
app.add_typer(people, name="people")
app.add_typer(audit, name="audit")
app.add_typer(keys, name="keys")
app.add_typer(policy, name="policy")
app.add_typer(events, name="events")

SCORING_BATCH = 100
MANIFEST = "manifest.json"


def show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    """Print the release and the digest of the code, as audit entries name them, and end."""
    if wanted:
        from serving.runtime.context import code_version

        console.print(f"exception-triage {code_version()}", highlight=False)
        raise typer.Exit


def model_change_recorder(lake: Lake) -> AuditRecorder:
    """Return the function that records a change of model; it can be sent to another process."""
    from serving.audit.model_lifecycle import record_model_change

    return partial(record_model_change, lake)


def record_drift(lake: Lake, task: str, finding: Mapping[str, Any], at: datetime) -> None:
    """Record what the monitor found of a task."""
    from serving.audit import model_lifecycle

    model_lifecycle.record_drift(lake, task, finding, at)


def read_audit_frames(lake: Lake) -> AuditFrames:
    """Read the recommendations and decisions in the lake's audit log."""
    from serving.audit import dataframes
    from serving.audit.factory import open_audit
    from training.monitor.run import AuditFrames

    with closing(open_audit(lake)) as store:
        return AuditFrames(
            dataframes.recommendations_frame(store), dataframes.decisions_frame(store)
        )


def service_rules() -> ServiceRules:
    """Return the rules that the service applies by the policy in force."""
    from serving.audit.factory import open_audit
    from serving.pipeline.policy_in_force import policy_in_force
    from serving.runtime.settings import ServiceSettings
    from serving.tasks.settled_cases import find_codes
    from training.dataset.rule_findings import ServiceRules

    with closing(open_audit(Lake.from_environment())) as store:
        in_force = policy_in_force(store, ServiceSettings().policy)
    rules = in_force.rules
    watch = {task: levels.watch for task, levels in in_force.thresholds.items()}
    codes = partial(find_codes, in_force)
    return ServiceRules(
        codes,
        rules.precision_floor,
        rules.always_flag,
        watch,
        in_force.money.reporting_currency,
    )


SERVING_ACCESS = ServingAccess(
    model_change_recorder, record_drift, read_audit_frames, service_rules
)


@app.callback()
def command_line(
    context: typer.Context,
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=show_version, is_eager=True, help="show the release and end"
        ),
    ] = False,
) -> None:
    """Ranked, explained and audited recommendations for a distributor's exceptions."""
    del version  # `show_version` has seen it
    context.obj = SERVING_ACCESS


def main() -> None:
    """Run a command; an error that a user can act on is one line, without a traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as Ctrl-C does: cleanly
    try:
        app()
    except (ValueError, OSError, LookupError, RuntimeError) as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        line = f"[red]triage:[/] {escape(str(message))}"
        Console(stderr=True).print(line, highlight=False, soft_wrap=True)
        sys.exit(2)


@app.command()
def settings(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="for documents")] = False,
) -> None:
    """Everything that can be set in the environment: what it takes, its default, what it means."""
    import os

    from data.settings import describe_settings, unknown_variables
    from serving.commands.serve import print_settings
    from serving.server.settings_catalogue import INTERNAL_VARIABLES, SETTINGS_CLASSES
    from training.settings import SETTINGS as OF_TRAINING

    described = describe_settings({**SETTINGS_CLASSES, **OF_TRAINING}, os.environ)
    print_settings(
        described,
        unknown_variables(described, os.environ, INTERNAL_VARIABLES),
        as_json=as_json,
        markdown=markdown,
    )


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
        datetime | None, typer.Option(formats=DAY_FORMATS, help="what was recorded before this day")
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
    from data.canonical_tables import read_manifest
    from serving.audit.erasure.execution import erase_payloads, plan_erasure
    from serving.audit.erasure.payload_deletion import purge_from_disk
    from serving.audit.erasure.request import ErasureRequest, describe_erasure, select_entries
    from serving.audit.factory import open_audit
    from serving.audit.pseudonym import open_pseudonyms
    from serving.pipeline.policy_in_force import policy_in_force
    from serving.runtime.context import command_context
    from serving.runtime.settings import ServiceSettings
    from training.approval.people import whoami

    lake, now, actor = Lake.from_environment(), datetime.now(UTC), whoami()
    named = typer.prompt("Person", hide_input=True) if person == "-" else person
    people = open_pseudonyms(lake)
    with closing(open_audit(lake)) as store:
        in_force = policy_in_force(store, ServiceSettings().policy) if retention else None
        wanted = ErasureRequest(ids or (), named, before, in_force.retention if in_force else None)
        selection = select_entries(store, wanted, people, now)
        plan = plan_erasure(store, selection.sequences)
        for line in describe_erasure(selection, plan, now):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        if not plan.left:
            return
        if not yes:
            typer.confirm("Erase it for good?", abort=True)
        by, context = people.of(actor.name), command_context("triage audit erase").recorded()
        entry = erase_payloads(
            store,
            selection.ground,
            plan.left,
            reason,
            by,
            context,
            now=now,
            months=selection.months,
        )
        off_the_disk = purge_from_disk(store)
    console.print(f"Erased {entry.payload['count']}; entry {entry.sequence} says so.")
    if not off_the_disk:
        console.print("Readers keep it in the write-ahead log until the service is idle or stops.")
    if read_manifest(lake.canonical).parts("decisions"):
        decisions()  # the table that training reads still held what was erased


@app.command()
def up(
    port: PortOption = 3000,
    most: Annotated[int, typer.Option(help="most open exceptions to score a task")] = 200,
) -> None:
    """Simulate, train, serve and rank what is open; reuse what is there."""
    from serving.server.doctor import check_port
    from serving.server.preflight import require_local_mode
    from serving.server.supervisor import run_service

    require_local_mode(LOOPBACK_HOST)
    if not (check := check_port(LOOPBACK_HOST, port)).well:
        raise RuntimeError(f"{check.found}; {check.mend}")
    lake = Lake.from_environment().make()
    with lake.alone():
        fill_lake(lake)
    with ExitStack() as stack, ThreadPoolExecutor(1) as beside:
        with show_progress("Starting the service"):
            opened = beside.submit(open_cases_at_end_of_data, lake, most)
            running = stack.enter_context(
                run_service(lake, LOOPBACK_HOST, port, log=lake.home / "service.log")
            )
        console.print(score_open_cases(opened.result(), running))
        wait_for_interrupt(running)
    console.print("Stopped.")


@app.command()
def score(
    task: Annotated[
        list[str] | None, typer.Option(help="a task; repeat it; all by default")
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option(help="a site; repeat it; all by default")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=DAY_FORMATS, help="only cases with news from this day (UTC) on"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="also write a .parquet or .csv, ranked")] = None,
    *,
    all_reasons: Annotated[
        bool,
        typer.Option("--all-reasons", help="with reasons for every answer, not only flagged ones"),
    ] = False,
) -> None:
    """Score all open cases of the lake, once a day each; a stopped run goes on where it stopped.

    Answers are recorded as those of the service are, and reach the desk and the webhook the same
    way. Promotes nothing. Exit code 1 where a case was refused.
    """
    from data.canonical_tables import end_of_data
    from data.store import Store
    from serving.commands.scores import ScoreFile, score_with_progress
    from serving.pipeline.bulk_scoring import BulkScorer
    from serving.pipeline.engine import load_engine
    from serving.runtime.settings import ServiceSettings
    from serving.tasks.messages import Explain
    from training.commands.arguments import task_named
    from training.dataset.request_bodies import request_bodies
    from training.tasks.catalogue import TRAINING_TASKS
    from training.tasks.open_cases import open_asks

    file = ScoreFile(out) if out is not None else None
    names = [task_named(name) for name in task or TRAINING_TASKS]
    lake = Lake.from_environment()
    at = min(end_of_data(lake.canonical), datetime.now(UTC))
    engine = load_engine(ServiceSettings(), lambda: datetime.now(UTC))
    refused = 0
    with closing(engine.audit), Store.from_folder(lake.canonical) as store:
        scorer = BulkScorer(engine, at.date(), Explain.ALL if all_reasons else Explain.FLAGGED)
        for name in names:
            asks = open_asks(store, name, at, site or (), since and since.replace(tzinfo=UTC))
            refused += score_with_progress(scorer, name, request_bodies(asks), file)
    if file is not None:
        console.print(f"{file.write():,} rows in {out}", highlight=False, soft_wrap=True)
    if refused:
        raise typer.Exit(1)


def fill_lake(lake: Lake) -> None:
    """Create what the lake lacks: tables, profiles, champions."""
    from models.catalogue import TASKS

    if not (lake.canonical / MANIFEST).exists():
        simulate()
        ingest("simulator")
    if not lake.profiles.exists():
        profiles()
    if new := [n for n in TASKS if not (lake.models / n / "champion.json").exists()]:
        train_first_champions(lake, new)


def train_first_champions(lake: Lake, new: list[TaskName]) -> None:
    """Train and promote without an approver, unless the settings ask for one.

    On a site's own data nothing is promoted: gates may refuse, and somebody has to approve. The
    service answers with rules until then.

    Raises:
        RuntimeError: models are trained and wait for their approver; says the commands.
    """
    from data.row_versions.maintenance import row_sources
    from training.promotion.challenger import train_initial_champions, train_missing_challengers
    from training.settings import DEMO_NOTICE, ApprovalMode, ApprovalSettings

    settings = ApprovalSettings.from_environment()
    waits = settings.approval is ApprovalMode.REQUIRED and "approval" in settings.model_fields_set
    sources = row_sources(lake.canonical)
    demo = not waits and not sources
    if demo:
        console.print(DEMO_NOTICE, highlight=False, soft_wrap=True)
    with show_progress(f"Training {', '.join(new)}"):
        lines = (
            train_initial_champions(
                new, lake, datetime.now(UTC), model_change_recorder(lake), service_rules()
            )
            if demo
            else train_missing_challengers(new, lake, service_rules())
        )
        for line in lines:
            console.print(f"  {line}", highlight=False)
    commands = ", ".join(f"`triage promote {name}`" for name in new)
    if sources:
        console.print(
            f"These are data of {', '.join(sorted(sources))}, not the demo's: nothing is promoted. "
            f"Who did not train runs {commands}; until then rules answer.",
            highlight=False,
            soft_wrap=True,
        )
    elif waits:
        raise RuntimeError(f"TRIAGE_APPROVAL=required: who did not train must run {commands} first")


def open_cases_at_end_of_data(lake: Lake, most: int) -> tuple[datetime, list[OpenCases]]:
    """The exceptions that are open at the end of the data, and that moment."""
    from data.canonical_tables import end_of_data
    from training.tasks.open_cases import list_open_cases

    at = end_of_data(lake.canonical)
    return at, list(list_open_cases(lake.canonical, at, most))


def score_open_cases(opened: tuple[datetime, list[OpenCases]], running: RunningService) -> Table:
    """Open exceptions as the service scores and ranks them."""
    from serving.commands.scores import ranking_table

    at, tasks = opened
    answers: list[dict[str, Any]] = []
    for cases in tasks:
        title = f"Scoring {len(cases.requests)} of {cases.open} open cases of {cases.task}"
        with show_progress(title) as progress:
            for start in range(0, len(cases.requests), SCORING_BATCH):
                progress("done", start / len(cases.requests))
                answers += running.recommend(
                    cases.task, cases.requests[start : start + SCORING_BATCH]
                )
    return ranking_table(answers, at)


if __name__ == "__main__":
    main()
