"""The servers to compare, all with one model and the same cases in turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
import pandas as pd

from serving.server.supervisor import run_service
from serving.tasks.messages import Explain
from tests.bench.load import Connection, Target
from tests.bench.scene import IN_TURN, Scene
from tests.support.ports import free_port

MINUTES = 3.0


@contextmanager
def ours(of: Scene, workers: int = 1) -> Iterator[Target]:
    """Run this service, which computes features, score and explanation, and records them."""
    port = free_port()
    with (
        _set(TRIAGE_WORKERS=str(workers)),
        run_service(of.lake, port=port, log=of.lake.home / "log"),
    ):
        yield of.asking(port, Explain.ALL)


@contextmanager
def _set(**settings: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def of_mlflow(of: Scene, workers: int = 1, *, signature: bool) -> Iterator[Target]:
    """Run `mlflow models serve`, which only scores features computed beforehand."""
    path = of.lake.home / f"mlflow_{signature}"
    frame = pd.DataFrame(of.rows[:IN_TURN], columns=of.names)
    schema = mlflow.models.infer_signature(frame, of.booster.predict(frame)) if signature else None
    if not path.exists():
        mlflow.lightgbm.save_model(of.booster, path, signature=schema)
    port = free_port()
    command = [str(Path(sys.executable).with_name("mlflow")), "models", "serve", "-m", str(path)]
    command += ["-p", str(port), "--env-manager", "local", "-w", str(workers)]
    rows = json.loads(frame.to_json(orient="records"))
    bodies = tuple(json.dumps({"dataframe_records": [row]}).encode() for row in rows)
    target = Target(port, "/invocations", bodies)
    with _running(command, target, of.lake.home / "mlflow.log"):
        yield target


@contextmanager
def handwritten(of: Scene, workers: int = 1) -> Iterator[Target]:
    """Run `tests.bench.handwritten` on uvicorn, which only scores and records nothing."""
    path = of.lake.home / "bench_model.txt"
    of.booster.save_model(path)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.bench.handwritten:app", "--port", str(port)]
    command += ["--no-access-log", "--log-level", "warning", "--workers", str(workers)]
    rows = of.rows[:IN_TURN].tolist()
    bodies = tuple(json.dumps({"features": row}).encode() for row in rows)
    target = Target(port, "/score", bodies)
    with _running(command, target, of.lake.home / "handwritten.log", BENCH_MODEL=str(path)):
        yield target


@contextmanager
def _running(command: list[str], target: Target, log: Path, **settings: str) -> Iterator[None]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PATH": path} | settings
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        _answers(target, process, log)
        yield
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def _answers(target: Target, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60 * MINUTES
    while time.monotonic() < until and process.poll() is None:
        try:
            with Connection(target) as connection:
                connection.ask()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"{process.args} did not answer: {log.read_text()[-2000:]}")
