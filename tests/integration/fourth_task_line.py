"""Train, serve, report on, decide and replay one task; run in a copy of the project that has it.

`python -m tests.integration.fourth_task_line NAME FOLDER` writes what happened as one JSON object.
"""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from starlette.testclient import TestClient

from data.canonical_tables import end_of_data
from data.ingest import ingest
from data.lake import Lake
from data.simulator.simulation import simulate
from data.simulator.world.size import WorldSize
from data.source_batch import batches_from_frames
from data.store import Store
from features.profiles import build_profiles
from models.catalogue import task_named
from models.task import Task
from serving.http.app import create_app
from serving.http.openapi.contract import CURRENT_FILE, breaking_changes, current_contract
from serving.pipeline.engine import load_engine
from serving.replay.replay import replay_entries
from serving.replay.sources import open_replay_sources
from serving.review.service import open_review_service
from serving.runtime.settings import ServiceSettings
from serving.tasks.catalogue import SERVED_TASKS
from tests.support.open_access import ALLOW_EVERY_CALLER
from training.approval.approval import Approval
from training.approval.people import Identity
from training.dataset.request_bodies import request_bodies
from training.monitor.outcomes import matured_outcomes
from training.promotion.promote import promote
from training.registry.mlflow_registry import open_registry
from training.tasks.catalogue import training_task
from training.train import train_task

SIZE = WorldSize(sites=3, suppliers=9, items=150, months=6, start=date(2025, 1, 1))
APPROVED = Approval(Identity("bo", "head of purchasing", "token"), "a test", override=True)
MOST_CASES = 20


def train(task: Task, home: Path) -> Lake:
    """Return a lake with a simulated history and a promoted model of the task."""
    lake = Lake(home).make()
    frames = batches_from_frames(simulate(SIZE, seed=1), "simulated")
    ingest(frames, lake.canonical, lake.quarantine)
    with Store.from_folder(lake.canonical) as store:
        day = end_of_data(lake.canonical).date()
        build_profiles(store, training_task(task).streams, day, lake.profiles)
    registry = open_registry(lake)
    train_task(task.name, lake, registry=registry)
    noon = datetime.now(UTC)
    promote(task.name, lake, noon, registry=registry, approval=APPROVED, record=lambda fields: None)
    return lake


def open_cases(task: Task, lake: Lake) -> list[dict]:
    """Return the newest open cases as the service takes them."""
    with Store.from_folder(lake.canonical) as store:
        asks = training_task(task).query_open_asks(store, task, end_of_data(lake.canonical))
        return request_bodies(asks)[-MOST_CASES:]


def serve(task: Task, lake: Lake) -> dict:
    """Answer the open cases, report on one, decide it, and replay all answers."""
    now = end_of_data(lake.canonical) + timedelta(days=1)
    engine = load_engine(ServiceSettings(home=lake.home), lambda: now)
    app = create_app(SERVED_TASKS)
    app.state.authenticator = ALLOW_EVERY_CALLER
    app.state.engine, app.state.max_body_bytes = engine, 10**7
    app.state.review = open_review_service(engine, lake)
    client = TestClient(app)
    answered = client.post(f"/v1/{task.name}", json={"cases": open_cases(task, lake)})
    answers = answered.json()["recommendations"]
    path = f"/v1/recommendations/{answers[0]['id']}"
    report = client.get(f"{path}/report")
    decision = {"action": "followed", "role": "buyer", "resolved_as": task.classes[0]}
    decided = client.post(f"{path}/decision", json=decision)
    entries = [engine.audit.read(answer["id"]) for answer in answers]
    outcomes = replay_entries(entries, open_replay_sources(lake, engine.audit))
    engine.audit.close()
    return {
        "statuses": [answered.status_code, report.status_code, decided.status_code],
        "answers": answers,
        "report": report.text,
        "replayed": [[outcome.difference, outcome.obstacle] for outcome in outcomes],
    }


def known_outcomes(task: Task, lake: Lake, answers: list[dict]) -> int:
    """Return for how many answers a month ago the outcome would be known by now."""
    import pandas as pd

    asked = pd.Timestamp(end_of_data(lake.canonical)) - pd.Timedelta(days=30)
    recommended = pd.DataFrame(
        {
            "id": [answer["id"] for answer in answers],
            "case_id": ["/".join(answer["case"].values()) for answer in answers],
            "site_id": "",
            "asked_at": asked,
        }
    )
    with Store.from_folder(lake.canonical) as store:
        return len(matured_outcomes(store, training_task(task), recommended))


def main() -> None:
    """Take the task's name and a folder for the lake."""
    task, home = task_named(sys.argv[1]), Path(sys.argv[2])
    lake = train(task, home)
    happened = serve(task, lake)
    happened["outcomes"] = known_outcomes(task, lake, happened["answers"])
    happened["breaks"] = breaking_changes(CURRENT_FILE, current_contract())
    sys.stdout.write(json.dumps(happened) + "\n")


if __name__ == "__main__":
    main()
