"""Command line: all commands; the only module that imports every room.

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

from data.command_line import LOOPBACK_HOST, PortOption, console, show_progress
from data.commands.ingest import ingest
from data.commands.simulate import simulate
from data.lake import Lake
from serving.commands.audit import audit
from serving.commands.events import events
from serving.commands.keys import keys
from serving.commands.openapi import openapi
from serving.commands.pause import pause, pauses, resume
from serving.commands.review import decisions, report
from serving.commands.serve import doctor, serve, wait_for_interrupt
from training.commands.arguments import DAY_FORMATS, day_of, task_named
from training.commands.backtest import backtest, results
from training.commands.history import case, profiles
from training.commands.people import people
from training.commands.registry import card, export, gates, mlflow
from training.commands.train import train, tune

if TYPE_CHECKING:
    from models.task import TaskName
    from serving.server.supervisor import RunningService
    from training.approval.approval import Approval
    from training.monitor.report import MonitoringReport
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
)
for command in SINGLE_ROOM_COMMANDS:
    app.command()(command)
app.add_typer(people, name="people")
app.add_typer(audit, name="audit")
app.add_typer(keys, name="keys")
app.add_typer(events, name="events")

SCORING_BATCH = 100
MOST_RANKED_ROWS = 20
MANIFEST = "manifest.json"


def show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    """Print the release and the digest of the code, as audit entries name them, and end."""
    if wanted:
        from serving.runtime.context import code_version

        console.print(f"exception-triage {code_version()}", highlight=False)
        raise typer.Exit


@app.callback()
def command_line(
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


ReasonOption = Annotated[str, typer.Option(help="why, for the record")]


@app.command()
def promote(
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
    reason: ReasonOption = "",
    *,
    override: Annotated[
        bool, typer.Option("--override", help="although gates refuse it; needs --reason")
    ] = False,
) -> None:
    """Make a registered version the champion that the service loads."""
    from training.promotion.promote import promote, promotion_message

    lake, wanted = Lake.from_environment(), int(version) if version.isdigit() else version
    approval = approval_by_current_user(reason, override=override)
    now, name = datetime.now(UTC), task_named(task)
    champion = promote(
        name, lake, now, wanted, approval=approval, record=model_change_recorder(lake)
    )
    console.print(
        promotion_message(champion, approval), highlight=False, markup=False, soft_wrap=True
    )


@app.command()
def rollback(task: str, reason: ReasonOption) -> None:
    """Make the champion before this one champion again."""
    from training.promotion.promote import rollback, rollback_message

    lake, name = Lake.from_environment(), task_named(task)
    approval = approval_by_current_user(reason)
    back, left = rollback(
        name, lake, datetime.now(UTC), approval=approval, record=model_change_recorder(lake)
    )
    console.print(
        rollback_message(back, left, approval), highlight=False, markup=False, soft_wrap=True
    )


@app.command()
def challenge(
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
    canary: Annotated[float, typer.Option(help="share of the cases that it answers, 0 to 1")] = 0.0,
    reason: ReasonOption = "",
    *,
    override: Annotated[
        bool, typer.Option("--override", help="although gates refuse it; needs --reason")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="let it score no more")] = False,
) -> None:
    """Let a version score beside the champion, in shadow or for a share of the cases."""
    from training.promotion.challenger import remove_challenger, set_challenger

    lake, name, now = Lake.from_environment(), task_named(task), datetime.now(UTC)
    approval, record = (
        approval_by_current_user(reason, override=override),
        model_change_recorder(lake),
    )
    if off:
        left = remove_challenger(name, lake, now, approval=approval, record=record)
        said = f"{name}: version {left} challenges no more"
    else:
        wanted = int(version) if version.isdigit() else version
        new = set_challenger(name, lake, now, wanted, canary, approval=approval, record=record)
        how = f"answers {canary:.1%} of the cases" if canary else "scores in shadow"
        said = f"{name}: version {new.version} ({new.digest[:12]}) {how}; see /desk/challenger"
    console.print(said, highlight=False, markup=False, soft_wrap=True)


@app.command()
def follow(
    task: Annotated[str, typer.Argument(help="one task; all of them by default")] = "",
    every: Annotated[float, typer.Option(help="seconds between looks; once by default")] = 0.0,
    reason: ReasonOption = "the registry's alias was moved",
) -> None:
    """Promote what the registry's champion alias was moved to, if gates and approval allow it."""
    import time

    from models.catalogue import TASKS
    from training.promotion.promote import promote_by_alias, promotion_message
    from training.registry.champion_pointer import Champion

    lake, names = Lake.from_environment(), [task_named(task)] if task else list(TASKS)
    approval, told = approval_by_current_user(reason), set[str]()
    while True:
        now, record = datetime.now(UTC), model_change_recorder(lake)
        for one in promote_by_alias(names, lake, now, approval=approval, record=record):
            said = promotion_message(one, approval) if isinstance(one, Champion) else str(one)
            if said not in told:
                console.print(said, highlight=False, markup=False, soft_wrap=True)
                told.add(said)
        if not every:
            return
        time.sleep(every)


def approval_by_current_user(reason: str, *, override: bool = False) -> Approval:
    """The approval of whoever is acting."""
    from training.approval.approval import Approval
    from training.approval.people import whoami
    from training.settings import ApprovalMode, ApprovalSettings

    settings = ApprovalSettings.from_environment()
    demo = settings.approval is ApprovalMode.DEMO
    return Approval(whoami(settings), reason, override, demo)


def model_change_recorder(lake: Lake) -> AuditRecorder:
    """What writes a change of model to the lake's record; can be sent to another process."""
    from serving.audit.model_lifecycle import record_model_change

    return partial(record_model_change, lake)


@app.command()
def settings(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="for documents")] = False,
) -> None:
    """Everything that can be set in the environment: what it takes, its default, what it means."""
    import os

    from data.settings import describe_settings, unknown_variables
    from serving.commands.settings import print_settings
    from serving.server.settings_catalogue import INTERNAL_VARIABLES, SETTINGS_CLASSES
    from training.settings import SETTINGS as OF_TRAINING

    found = describe_settings({**SETTINGS_CLASSES, **OF_TRAINING}, os.environ)
    print_settings(
        found,
        unknown_variables(found, os.environ, INTERNAL_VARIABLES),
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
    from serving.audit.erasure.execution import erase_payloads, plan_erasure
    from serving.audit.erasure.payload_deletion import purge_from_disk
    from serving.audit.erasure.request import ErasureRequest, describe_erasure, select_entries
    from serving.audit.factory import open_audit
    from serving.audit.pseudonym import open_pseudonyms
    from serving.runtime.context import command_context
    from serving.runtime.settings import ServiceSettings
    from serving.tasks.policy_file import load_policy
    from training.approval.people import whoami

    lake, now, actor = Lake.from_environment(), datetime.now(UTC), whoami()
    policy = load_policy(ServiceSettings().policy).retention if retention else None
    named = typer.prompt("Person", hide_input=True) if person == "-" else person
    wanted, people = ErasureRequest(ids or (), named, before, policy), open_pseudonyms(lake)
    with closing(open_audit(lake)) as store:
        meant = select_entries(store, wanted, people, now)
        found = plan_erasure(store, meant.sequences)
        for line in describe_erasure(meant, found, now):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        if not found.left:
            return
        if not yes:
            typer.confirm("Erase it for good?", abort=True)
        by, context = people.of(actor.name), command_context("triage audit erase").recorded()
        entry = erase_payloads(
            store, meant.ground, found.left, reason, by, context, now=now, months=meant.months
        )
        off_the_disk = purge_from_disk(store)
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
    from serving.audit.dataframes import decisions_frame, recommendations_frame
    from serving.audit.factory import open_audit
    from training.monitor.human_agreement import (
        agreement_sentences,
        measure_agreement,
        recorded_outcomes,
        reliance_table,
    )

    lake = Lake.from_environment()
    with closing(open_audit(lake)) as audit, Store.from_folder(lake.canonical) as store:
        answered, decided = recommendations_frame(audit), decisions_frame(audit)
        found = measure_agreement(answered, decided, recorded_outcomes(store, answered))
    console.print(reliance_table(found))
    for sentence in agreement_sentences(found):
        console.print(sentence, highlight=False, soft_wrap=True)
    if json_file:
        json_file.write_text(json.dumps(found.as_json(), indent=1, allow_nan=False) + "\n")


@app.command()
def monitor(
    task: Annotated[str, typer.Argument(help="one task; all of them by default")] = "",
    since: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="first day; 28 days before the end")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY_FORMATS, help="first day that is not counted")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="write the page here")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures here")] = None,
    metrics: Annotated[Path | None, typer.Option(help="write Prometheus gauges here")] = None,
) -> None:
    """Hold what is asked, and how it ended, against what the models learnt from.

    Exit code for schedulers: 0 no need, 3 look, 4 retrain, 2 error. Of 100 quiet weeks of a
    task at most 5 raise an alarm; `python -m training.monitor.false_alarm_rate` measures it.
    """
    from models.catalogue import TASKS
    from training.monitor.outputs import advice_table, write_reports
    from training.monitor.retraining_advice import EXIT_CODES
    from training.monitor.run import monitor_lake, most_severe_advice

    lake, names = Lake.from_environment(), [task_named(task)] if task else list(TASKS)
    with show_progress("Comparing with the reference"):
        reports = monitor_lake(lake, names, read_recorded(lake), day_of(since), day_of(until))
        write_reports(reports, html, json_file, metrics)
    record_drifts(lake, reports)
    console.print(advice_table(reports))
    raise typer.Exit(EXIT_CODES[most_severe_advice(reports)])


def record_drifts(lake: Lake, reports: Sequence[MonitoringReport]) -> None:
    """Put on record what needs somebody, once, so that whoever takes events is told."""
    from serving.audit.model_lifecycle import record_drift
    from training.monitor.retraining_advice import Advice

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


def read_recorded(lake: Lake) -> AuditFrames:
    """The recommendations and decisions in the lake's audit."""
    from serving.audit import dataframes
    from serving.audit.factory import open_audit
    from training.monitor.run import AuditFrames

    with closing(open_audit(lake)) as store:
        answered = dataframes.recommendations_frame(store)
        if answered.empty:
            raise FileNotFoundError("nothing was recommended yet; run `triage serve`")
        return AuditFrames(answered, dataframes.decisions_frame(store))


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


def fill_lake(lake: Lake) -> None:
    """Make what the lake lacks: tables, profiles, champions."""
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

    Raises:
        RuntimeError: models are trained and wait for their approver; says the commands.
    """
    from training.promotion.challenger import train_initial_champions, train_missing_challengers
    from training.settings import DEMO_NOTICE, ApprovalMode, ApprovalSettings

    asked = ApprovalSettings.from_environment()
    waits = asked.approval is ApprovalMode.REQUIRED and "approval" in asked.model_fields_set
    if not waits:
        console.print(DEMO_NOTICE, highlight=False, soft_wrap=True)
    with show_progress(f"Training {', '.join(new)}"):
        lines = (
            train_missing_challengers(new, lake)
            if waits
            else train_initial_champions(new, lake, datetime.now(UTC), model_change_recorder(lake))
        )
        for line in lines:
            console.print(f"  {line}", highlight=False)
    if waits:
        commands = ", ".join(f"`triage promote {name}`" for name in new)
        raise RuntimeError(f"TRIAGE_APPROVAL=required: who did not train must run {commands} first")


def open_cases_at_end_of_data(lake: Lake, most: int) -> tuple[datetime, list[OpenCases]]:
    """The exceptions that are open at the end of the data, and that moment."""
    from data.canonical_tables import end_of_data
    from training.tasks.open_cases import list_open_cases

    at = end_of_data(lake.canonical)
    return at, list(list_open_cases(lake.canonical, at, most))


def score_open_cases(opened: tuple[datetime, list[OpenCases]], running: RunningService) -> Table:
    """Open exceptions as the service scores and ranks them."""
    at, tasks = opened
    found: list[dict[str, Any]] = []
    for cases in tasks:
        title = f"Scoring {len(cases.requests)} of {cases.open} open cases of {cases.task}"
        with show_progress(title) as progress:
            for start in range(0, len(cases.requests), SCORING_BATCH):
                progress("done", start / len(cases.requests))
                found += running.recommend(
                    cases.task, cases.requests[start : start + SCORING_BATCH]
                )
    return ranking_table(found, at)


def ranking_table(found: list[dict[str, Any]], at: datetime) -> Table:
    """Recommendations by probability x money at risk, the most pressing first."""
    from serving.recommendation.wording import percent

    table = Table(title=f"Open exceptions on {at:%Y-%m-%d}, by probability x money at risk")
    for heading in ("task", "case", "may end as"):
        table.add_column(heading, overflow="fold")
    for heading in ("exception", "money at risk"):
        table.add_column(heading, justify="right")
    for heading in ("to", "id"):
        table.add_column(heading, overflow="fold")
    for answer in sorted(found, key=lambda a: -a["priority"])[:MOST_RANKED_ROWS]:
        table.add_row(
            answer["task"],
            " ".join(answer["case"].values()),
            "no advice" if answer["abstained"] else answer["explained_class"],
            percent(answer["exception_probability"]),
            f"{answer['money_at_risk'] or 0.0:,.0f} {answer['currency']}",
            answer["route"],
            answer["id"][:8],
        )
    return table


if __name__ == "__main__":
    main()
