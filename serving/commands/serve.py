"""`triage serve` and `triage doctor`: run the service, and check what it needs of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from data.command_line import LOOPBACK_HOST, PortOption, console
from data.lake import Lake

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
