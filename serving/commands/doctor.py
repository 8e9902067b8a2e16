"""`triage doctor`: what a machine lacks."""

from __future__ import annotations

import typer

from data.lake import Lake
from data.listening import HOST, Port
from data.progress import console


def doctor(port: Port = 3000) -> None:
    """Check what the service needs of this machine, and say how to mend it."""
    from serving.doctor import examine
    from serving.record_checks import record_checks

    lake = Lake.from_environment()
    checks = [*examine(lake.home, HOST, port), *record_checks(lake)]
    for check in checks:
        mark = "[green]✓[/]" if check.well else "[red]✗[/]"
        console.print(f"{mark} {check.name}: {check.found}", highlight=False)
        if not check.well:
            console.print(f"  mend: {check.mend}", highlight=False)
    raise typer.Exit(0 if all(check.well for check in checks) else 1)
