"""`triage serve`: the service alone."""

from __future__ import annotations

from data.lake import Lake
from data.listening import HOST, Port
from data.progress import console
from serving.commands.stay import stay


def serve(port: Port = 3000) -> None:
    """Start the service on 127.0.0.1 and stay until Ctrl-C."""
    from serving.run import serve

    with serve(Lake.from_environment(), HOST, port) as running:
        stay(running)
    console.print("Stopped.")
