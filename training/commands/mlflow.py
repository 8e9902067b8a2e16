"""`triage mlflow`: MLflow's own pages."""

from __future__ import annotations

import subprocess
import sys

import typer

from data.lake import Lake
from data.listening import Port


def mlflow(port: Port = 5000) -> None:
    """Show runs and models in MLflow's own pages."""
    from training.settings import TrackingSettings

    tracking = TrackingSettings().tracking(Lake.from_environment())
    command = ["mlflow", "ui", "--backend-store-uri", tracking, "--port", str(port)]
    raise typer.Exit(subprocess.run([sys.executable, "-m", *command], check=False).returncode)
