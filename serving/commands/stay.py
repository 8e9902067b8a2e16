"""Staying with a running service until it is told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.progress import console

if TYPE_CHECKING:
    from serving.run import Running


def stay(running: Running) -> None:
    """Print the addresses and wait for Ctrl-C."""
    try:
        console.print(
            f"desk        {running.address}/desk\n"
            f"API docs    {running.address}/docs\n"
            "MLflow UI   triage mlflow\n"
            "a report    triage report ID\n"
            "Only recommendations: nothing here releases, posts, orders or pays. Ctrl-C stops it.",
            highlight=False,
        )
        running.wait()
    except KeyboardInterrupt:
        console.print("Stopping ...")
        return
    raise RuntimeError("the service keeps ending by itself; its log is service.log in TRIAGE_HOME")
