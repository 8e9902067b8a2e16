"""`triage serve`: the service alone."""

from __future__ import annotations

from typing import Annotated

import typer

from data.lake import Lake
from data.listening import HOST, Port
from data.progress import console
from serving.commands.stay import stay

Host = Annotated[str, typer.Option(help="address to listen on; beyond this machine it takes keys")]


def serve(port: Port = 3000, host: Host = HOST) -> None:
    """Start the service and stay until Ctrl-C: on this machine alone, unless told otherwise."""
    from serving.run import serve

    with serve(Lake.from_environment(), host, port) as running:
        stay(running)
    console.print("Stopped.")
