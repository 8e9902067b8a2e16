"""Scene of the benchmarks: a small distributor's lake, its champion, and open cases."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from data.canonical_tables import end_of_data
from data.lake import Lake
from data.store import Store
from models.catalogue import TASKS
from models.fitting.fit import fit
from models.fitting.preparation import FitOptions
from models.model import Model
from models.tasks.stock_risk import STOCK_RISK
from serving.tasks.messages import Explain
from tests.bench.load import Target
from tests.support.synthetic_lake import install_champion
from training.dataset.builder import build_training_set, model_inputs
from training.dataset.request_bodies import request_bodies
from training.tasks.catalogue import training_task

TASK = STOCK_RISK.name
TREES, LEAVES = 300, 63
SIZE = ("--sites", "3", "--suppliers", "9", "--items", "800", "--months", "10")
MOST = 15_000
"""Upper bound of training rows."""
IN_TURN = 500
"""Number of distinct cases that requests cycle through."""


@dataclass(frozen=True)
class Scene:
    """A lake, its champion and its open cases.

    Attributes:
        lake: Lake with the champion installed.
        model: The champion.
        booster: LightGBM booster of the champion.
        cases: Open cases, as a caller sends them.
        rows: Features, one row per case; no value is missing, because without a signature
            mlflow cannot read a null.
    """

    lake: Lake
    model: Model
    booster: lgb.Booster
    cases: list[dict[str, Any]]
    rows: np.ndarray

    @property
    def names(self) -> list[str]:
        """Names of the feature columns."""
        return list(self.model.encoder.names)

    def apart(self, name: str) -> Scene:
        """Return a copy in a lake of its own: services on one record would wait for each other."""
        home = self.lake.home.with_name(name)
        shutil.copytree(self.lake.home, home)
        return replace(self, lake=Lake(home))

    def asking(self, port: int, explain: Explain, cases: int = 1) -> Target:
        """Return requests to the service that cycle through the open cases."""
        chosen = self.cases[:IN_TURN] if cases == 1 else self.cases[:cases]
        batches = [chosen[at : at + cases] for at in range(0, len(chosen), cases)]
        bodies = [json.dumps({"cases": batch, "explain": explain}).encode() for batch in batches]
        return Target(port, f"/v1/{TASK}", tuple(bodies))


def scene(home: Path, trees: int, leaves: int) -> Scene:
    """Simulate a distributor, fit a model of the given size, and read the open cases."""
    lake = Lake(home / "lake")
    for command in (("simulate", *SIZE), ("ingest", "--source", "simulator"), ("profiles",)):
        _triage(lake, *command)
    task = replace(TASKS[TASK], lightgbm={"num_leaves": leaves, "learning_rate": 0.05})
    with Store.from_folder(lake.canonical) as store:
        training = build_training_set(training_task(task), store, max_rows=MOST)
        asks = training_task(task).query_open_asks(store, task, end_of_data(lake.canonical))
        inputs = model_inputs(training_task(task), store, asks)
    model = fit(task, training, FitOptions(rounds=trees)).model
    install_champion(lake, TASK, model)
    booster = lgb.Booster(model_str=model.trees.text)
    rows = np.nan_to_num(model.encoder.encode(inputs).matrix)
    return Scene(lake, model, booster, request_bodies(asks), rows)


def eight_classes(of: Scene, trees: int, leaves: int) -> lgb.Booster:
    """Train a booster on as many features, with eight classes and trees of the given size."""
    random = np.random.default_rng(8)
    matrix = random.normal(size=(20_000, len(of.names)))
    signal = matrix[:, :20] @ random.normal(size=20) / 5 + matrix[:, 20] * matrix[:, 21]
    signal += random.normal(size=len(matrix))
    label = np.digitize(signal, np.quantile(signal, np.linspace(0, 1, 9)[1:-1]))
    chosen = {"objective": "multiclass", "num_class": 8, "num_leaves": leaves, "verbosity": -1}
    return lgb.train(chosen | {"learning_rate": 0.05}, lgb.Dataset(matrix, label), trees)


def _triage(lake: Lake, *command: str) -> None:
    environment = os.environ | {"TRIAGE_HOME": str(lake.home)}
    program = str(Path(sys.executable).with_name("triage"))
    subprocess.run([program, *command], check=True, env=environment, stdout=subprocess.DEVNULL)
