"""The servers that are compared, all with one model and one case."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import lightgbm as lgb
import mlflow
import numpy as np
import pandas as pd

from data.lake import Lake
from models.artefact import load, save
from models.golden import golden_inputs, golden_rows
from models.model import Model
from models.task import TaskName
from models.trees import Trees
from serving.explain import Explain
from serving.run import serve
from tests.bench.load import Connection, Target
from tests.ports import free_port
from tests.synthetic_service import case, make_lake

TASK = TaskName.STOCK_RISK
TREES, LEAVES, ROWS = 300, 63, 100_000
MINUTES = 3.0


@dataclass(frozen=True)
class Scene:
    """A lake with a champion, its booster alone, and rows of its features."""

    lake: Lake
    booster: lgb.Booster
    rows: np.ndarray

    @property
    def names(self) -> list[str]:
        """Of the columns."""
        return self.booster.feature_name()


def scene(home: Path, trees: int, leaves: int, rows: int) -> Scene:
    """The real features and service, with a champion of that size."""
    lake = make_lake(home / "lake", (TASK,))
    folder = lake.models / TASK
    pointer = json.loads((folder / "champion.json").read_text())
    model = load(folder / pointer["digest"])
    matrix = drawn(model, rows)
    booster = grown(model, matrix, 2, trees, leaves)
    text = booster.model_to_string()
    other = replace(model, trees=Trees(text))
    golden = golden_rows(other, pd.DataFrame(golden_inputs(model)))  # it must answer to its own
    digest = save(replace(other, golden=golden), folder / "draft")
    (folder / "draft").rename(folder / digest)
    (folder / "champion.json").write_text(json.dumps(pointer | {"digest": digest}))
    some = matrix[:1000]
    some[0] = np.nan_to_num(some[0])  # without a signature mlflow cannot read a null
    return Scene(lake, booster, some)


def drawn(model: Model, rows: int) -> np.ndarray:
    """Numbers for the features of a model, with gaps; codes for its categories."""
    random = np.random.default_rng(7)
    matrix = random.normal(size=(rows, len(model.features)))
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    for place in model.encoder.categorical:
        matrix[:, place] = random.integers(0, 30, rows)
    return matrix


def grown(model: Model, matrix: np.ndarray, classes: int, trees: int, leaves: int) -> lgb.Booster:
    """A booster of that size whose answer hangs on many of the columns."""
    random = np.random.default_rng(8)
    known = np.nan_to_num(matrix)
    signal = known[:, :20] @ random.normal(size=20) / 5 + known[:, 20] * known[:, 21]
    signal += random.normal(size=len(matrix))
    label = np.digitize(signal, np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1]))
    goal = {"objective": "binary"} if classes == 2 else {"objective": "multiclass"}
    goal |= {"num_class": classes} if classes > 2 else {}
    chosen = {"num_leaves": leaves, "learning_rate": 0.05, "verbosity": -1} | goal
    data = lgb.Dataset(matrix, label, categorical_feature=model.encoder.categorical)
    return lgb.train(chosen, data, trees)


@contextmanager
def ours(of: Scene, workers: int = 1) -> Iterator[Target]:
    """This service: features, score, explanation, and the record, before it answers."""
    port = free_port()
    with _set(TRIAGE_WORKERS=str(workers)), serve(of.lake, port=port, log=of.lake.home / "log"):
        yield asking(port, Explain.ALL)


def asking(port: int, explain: Explain, cases: int = 1) -> Target:
    """A request to this service."""
    body = {"cases": [case(TASK, 7 + i) for i in range(cases)], "explain": explain}
    return Target(port, f"/v1/{TASK}", json.dumps(body).encode())


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
    """`mlflow models serve`: the score alone, of features that somebody has computed."""
    path = of.lake.home / f"mlflow_{signature}"
    frame = pd.DataFrame(of.rows[:50], columns=of.names)
    told = mlflow.models.infer_signature(frame, of.booster.predict(frame)) if signature else None
    if not path.exists():
        mlflow.lightgbm.save_model(of.booster, path, signature=told)
    port = free_port()
    command = [str(Path(sys.executable).with_name("mlflow")), "models", "serve", "-m", str(path)]
    command += ["-p", str(port), "--env-manager", "local", "-w", str(workers)]
    rows = json.loads(frame.iloc[:1].to_json(orient="records"))
    target = Target(port, "/invocations", json.dumps({"dataframe_records": rows}).encode())
    with _running(command, target, of.lake.home / "mlflow.log"):
        yield target


@contextmanager
def handwritten(of: Scene, workers: int = 1) -> Iterator[Target]:
    """`tests.bench.handwritten` on uvicorn with uvloop: the score alone, nothing recorded."""
    path = of.lake.home / "bench_model.txt"
    of.booster.save_model(path)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.bench.handwritten:app", "--port", str(port)]
    command += ["--no-access-log", "--log-level", "warning", "--workers", str(workers)]
    row = [None if value != value else value for value in of.rows[0].tolist()]  # noqa: PLR0124
    target = Target(port, "/score", json.dumps({"features": row}).encode())
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
