"""What a data scientist meets: `mlflow run`, a run that explains itself, a notebook that reads."""

import json
import os
import subprocess
from datetime import date
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from data.lake import Lake
from data.simulator.simulation import simulate
from data.simulator.world.size import WorldSize
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.lakes import write_lake
from training.registry.mlflow_registry import CHALLENGER, open_registry
from training.registry.run_tracking import FILE_MEANINGS

pytestmark = pytest.mark.slow(30)

TASK = SUPPLIER_DELAY.name
SIZE = WorldSize(sites=2, suppliers=6, items=60, months=12, start=date(2025, 1, 1))


def newcomer(root: Path, lake: Lake) -> dict[str, str]:
    """A shell with the virtual environment active, its MLflow and ours in the lake."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRIAGE_", "MLFLOW_"))}
    return kept | {
        "PATH": f"{root / '.venv' / 'bin'}:{os.environ['PATH']}",
        "TRIAGE_HOME": str(lake.home),
        "TRIAGE_USER": "ada",
        "MLFLOW_TRACKING_URI": f"sqlite:///{lake.tracking}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("lake")).make()
    write_lake(made.canonical, simulate(SIZE, seed=1))
    return made


@pytest.fixture(scope="module")
def project_run(root, lake) -> subprocess.CompletedProcess:
    """`mlflow run . -P task=... --env-manager=local`, as docs/models.md has it."""
    open_registry(lake)  # its own MLflow is there before a newcomer's first run
    command = ["mlflow", "run", ".", "-P", f"task={TASK}", "-P", "most=1500"]
    return subprocess.run(
        [*command, "--env-manager=local"],
        cwd=root,
        env=newcomer(root, lake),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def registry(lake, project_run):
    assert project_run.returncode == 0, project_run.stdout + project_run.stderr
    return open_registry(lake)


@pytest.fixture(scope="module")
def trained(registry):
    client = registry.mlflow.MlflowClient()
    version = client.get_model_version_by_alias(TASK, CHALLENGER)
    return client.get_run(version.run_id)


def test_mlflow_run_trains_a_challenger_among_the_runs_of_its_task(registry, trained):
    experiment = registry.mlflow.get_experiment_by_name(TASK)
    assert trained.info.experiment_id == experiment.experiment_id
    assert trained.info.status == "FINISHED"
    assert trained.data.params["max_rows"] == "1500"
    assert trained.data.tags["trained_by"] == "ada"


def test_the_run_of_the_project_says_where_its_training_is(registry, trained):
    (outer,) = registry.mlflow.search_runs(["0"], output_format="list")
    assert outer.data.tags["trained_run"] == trained.info.run_id
    assert outer.info.run_name == f"project: {TASK} version 1"
    assert trained.info.run_id in outer.data.tags["mlflow.note.content"]


def test_a_run_is_named_and_explains_its_question_period_figures_and_files(registry, trained):
    assert trained.info.run_name.startswith(f"{TASK} to 2025-12")
    note = trained.data.tags["mlflow.note.content"]
    assert note.startswith("**Will this order line be complete later than the day promised?**")
    client = registry.mlflow.MlflowClient()
    files = {file.path for file in client.list_artifacts(trained.info.run_id)}
    named = {name.rstrip("/") for name in FILE_MEANINGS}
    assert named <= files
    assert [name for name in named if name not in note] == []
    figures = {m.removeprefix("held_out_") for m in trained.data.metrics if "held_out_" in m}
    assert [name for name in figures if f"- `{name}`: " not in note] == []


def test_the_notebook_keeps_no_output(root):
    told = json.loads((root / "training" / "notebooks" / "models.ipynb").read_text())
    cells = [cell for cell in told["cells"] if cell["cell_type"] == "code"]
    assert [c for c in cells if c["outputs"] or c["execution_count"] is not None] == []


def test_the_notebook_reads_the_registry_and_changes_nothing(root, lake, trained, monkeypatch):
    for name, value in newcomer(root, lake).items():
        monkeypatch.setenv(name, value)
    before = sorted(path for path in lake.home.rglob("*") if "mlflow.db" not in path.name)
    notebook = nbformat.read(root / "training" / "notebooks" / "models.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(root)}}).execute()
    printed = json.dumps([c.get("outputs") for c in notebook.cells])
    assert "supplier_delay" in printed
    assert "site:S02" in printed or "site:site_02" in printed
    assert "image/png" in printed
    assert sorted(p for p in lake.home.rglob("*") if "mlflow.db" not in p.name) == before
