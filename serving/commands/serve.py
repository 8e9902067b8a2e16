"""`triage serve`, `doctor`, `settings` and `openapi`: run the service and look at its set-up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data.command_line import LOOPBACK_HOST, PortOption, console
from data.lake import Lake
from data.settings import Setting

if TYPE_CHECKING:
    from serving.server.supervisor import RunningService


def doctor(port: PortOption = 3000) -> None:
    """Check what the service needs of this machine, and say how to mend it."""
    from serving.server.doctor import audit_checks, machine_checks

    lake = Lake.from_environment()
    checks = [*machine_checks(lake.home, LOOPBACK_HOST, port), *audit_checks(lake)]
    for check in checks:
        mark = "[green]✓[/]" if check.well else "[red]✗[/]"
        console.print(f"{mark} {check.name}: {check.found}", highlight=False)
        if not check.well:
            console.print(f"  mend: {check.mend}", highlight=False)
    raise typer.Exit(0 if all(check.well for check in checks) else 1)


def wait_for_interrupt(running: RunningService) -> None:
    """Print the addresses and wait for Ctrl-C.

    Raises:
        RuntimeError: the service ended by itself.
    """
    try:
        console.print(
            f"desk        {running.address}/desk\n"
            f"API docs    {running.address}/docs\n"
            "MLflow UI   triage mlflow\n"
            "a report    triage report ID\n"
            "Only recommendations: nothing here releases, posts, orders or pays. Ctrl-C stops it.",
            highlight=False,
        )
        ended = running.wait()
    except KeyboardInterrupt:
        console.print("Stopping ...")
        return
    raise RuntimeError(f"the service {ended}; what it runs under starts it again")


Host = Annotated[str, typer.Option(help="address to listen on; beyond this machine it takes keys")]


def serve(port: PortOption = 3000, host: Host = LOOPBACK_HOST) -> None:
    """Start the service and stay until Ctrl-C: on this machine alone, unless told otherwise."""
    from serving.server.supervisor import run_service

    with run_service(Lake.from_environment(), host, port) as running:
        wait_for_interrupt(running)
    console.print("Stopped.")


HEADINGS = ("variable", "part", "takes", "default", "means", "now")


def print_settings(
    settings: Sequence[Setting], unread: Sequence[str], *, as_json: bool, markdown: bool
) -> None:
    """Print them; variables that nothing reads are named on stderr."""
    if as_json:
        print(json.dumps([asdict(one) for one in settings], indent=2))
    elif markdown:
        print(as_markdown(settings))
    else:
        Console().print(_table(settings))
    for name in unread:
        line = f"{name} is set and nothing reads it; see the names in `triage settings`"
        Console(stderr=True).print(line, style="yellow", highlight=False, soft_wrap=True)


def as_markdown(settings: Sequence[Setting]) -> str:
    """A table of what can be set, without what is set."""
    head = ["| " + " | ".join(HEADINGS[:-1]) + " |", "| --- " * (len(HEADINGS) - 1) + "|"]
    rows = [[cell.replace("|", "\\|") for cell in astuple(one)[:-1]] for one in settings]
    return "\n".join(head + ["| " + " | ".join([f"`{row[0]}`", *row[1:]]) + " |" for row in rows])


def _table(settings: Sequence[Setting]) -> Table:
    table = Table(title="Settings, from the environment")
    table.add_column("variable", no_wrap=True)
    table.add_column("takes, and by default")
    table.add_column("means")
    part = ""
    for one in settings:
        if one.part != part:
            table.add_section()
            table.add_row(f"[bold]{escape(one.part)}[/]")
            part = one.part
        now = f" [green](now {escape(one.now)})[/]" if one.now else ""
        default = f"; {escape(one.default)}" if one.default else ""
        table.add_row(one.variable, f"{escape(one.takes)}{default}{now}", escape(one.means))
    return table


def openapi(
    against: Annotated[
        Path | None, typer.Option(help="an OpenAPI file; the contract released last by default")
    ] = None,
    *,
    write: Annotated[bool, typer.Option("--write", help="write openapi.json anew")] = False,
    release: Annotated[
        bool, typer.Option("--release", help="from now on this is what may not break")
    ] = False,
) -> None:
    """Check that openapi.json is what the service serves, and breaks nothing that was released."""
    from serving.http.openapi.contract import (
        CURRENT_FILE,
        RELEASED_FILE,
        check_contract,
        contract_json,
        current_contract,
    )

    if write:
        CURRENT_FILE.write_text(contract_json(current_contract()), encoding="utf-8")
    message = check_contract(released=against or RELEASED_FILE) if not release else "released"
    if release:
        RELEASED_FILE.write_text(contract_json(current_contract()), encoding="utf-8")
    console.print(message, soft_wrap=True, highlight=False)
