"""A serving process does not import the libraries for tables and data frames."""

import json
import subprocess
import sys

import pytest

from models.catalogue import TASKS
from tests.support.synthetic_lake import example_case, make_lake

pytestmark = pytest.mark.slow(6)

OF_WORKERS = ("numpy", "numba", "sqlalchemy", "fastapi", "opentelemetry", "models", "features")
HEAVY = ("pandas", "pandera", "pyarrow", "ibis", "duckdb", "sklearn", "lightgbm", "mlflow")
OTHER_STORES = ("psycopg", "redis")
ANSWER = """
import json, sys
from datetime import UTC, datetime
import serving.server.process, serving.server.service
from models.task import TaskName
from serving.pipeline.batch import ScoringRequest
from serving.runtime.context import service_context
from serving.pipeline.engine import load_engine
from serving.runtime.settings import ServiceSettings

engine = load_engine(ServiceSettings(), lambda: datetime.now(UTC))
asked = []
for name, body in json.load(sys.stdin).items():
    task = TaskName(name)
    cases = engine.tasks[task].request.read(json.dumps(body).encode())
    asked.append(ScoringRequest([(task, one) for one in cases], service_context("code")))
for answer in engine.answer_requests(asked):
    assert answer.recommendations[0].explained, answer
print(json.dumps(sorted(set(sys.modules) & set(sys.argv[1:]))))
"""


def test_a_process_that_answers_every_task_loads_no_library_of_tables_or_other_stores(
    tmp_path, monkeypatch
):
    lake = make_lake(tmp_path)
    monkeypatch.setenv("TRIAGE_HOME", str(lake.home))
    bodies = {task: {"cases": [example_case(task, 1)]} for task in TASKS}
    ran = subprocess.run(
        [sys.executable, "-c", ANSWER, *HEAVY, *OTHER_STORES],
        input=json.dumps(bodies),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == []


def test_a_process_that_only_starts_workers_loads_nothing_that_answers():
    told = "import json, sys, serving.server.service; print(json.dumps(list(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=300
    )
    assert "bentoml" in json.loads(ran.stdout)
    assert not set(json.loads(ran.stdout)) & set(OF_WORKERS)
