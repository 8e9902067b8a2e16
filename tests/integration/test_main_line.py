"""The whole line on a small distributor: simulated, ingested, trained, promoted, served, audited."""

import json
import os
import socket
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from data.canonical_tables import end_of_data
from data.lake import Lake
from data.store import Store
from features.cases import Cases
from features.feature import FeatureKind, feature_frame
from features.profiles import Profiles
from models.catalogue import TASKS
from models.task import TaskName
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.audit.log.entry_kind import ANSWER_KINDS, EntryKind
from serving.audit.log.store import AuditStore
from serving.pipeline.batch import CaseBatch, ScoringRequest
from serving.pipeline.scoring import build_cases
from serving.runtime.context import service_context
from serving.server.supervisor import run_service
from serving.tasks.catalogue import SERVED_TASKS
from training.dataset.builder import model_inputs
from training.dataset.request_bodies import request_bodies
from training.tasks.catalogue import training_task
from training.tasks.open_cases import open_asks as open_asks_of

pytestmark = pytest.mark.slow(60)

MOST = 40


@pytest.fixture(scope="module")
def lake(root, tmp_path_factory) -> Lake:
    """What the commands of a newcomer leave behind."""
    home = tmp_path_factory.mktemp("lake")
    run = commands(root, home)
    run("simulate", "--sites", "3", "--suppliers", "9", "--items", "90", "--months", "10")
    run("ingest", "--source", "simulator")
    run("profiles")
    for name in TASKS:
        run("train", name, "--most", "2000")
        run("promote", name, "--override", "--reason", "a small distributor for a test")
    return Lake(home)


def commands(root: Path, home: Path):
    def run(*arguments: str) -> str:
        done = subprocess.run(
            [str(root / ".venv" / "bin" / "triage"), *arguments],
            cwd=root,
            env=os.environ | {"TRIAGE_HOME": str(home), "TRIAGE_APPROVAL": "demo"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def open_asks(lake):
    """A few open exceptions of every task, at the end of the data."""
    with Store.from_folder(lake.canonical) as store:
        found = {}
        for name, task in TASKS.items():
            asks = training_task(task).query_open_asks(store, task, end_of_data(lake.canonical))
            asks = asks.take(pd.Series(range(len(asks))).lt(MOST).to_numpy())
            # An invoice is asked about when booked; serving knows the past as of its profiles.
            now = asks.frame.assign(as_of=pd.Timestamp(end_of_data(lake.canonical).date()))
            found[name] = (asks, model_inputs(training_task(task), store, replace(asks, frame=now)))
        return found


@pytest.fixture(scope="module")
def answered(lake, open_asks):
    """What the running service answers to them, and what it recorded."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with run_service(lake, port=port, log=lake.home / "service.log") as running:
        answers = {
            name: running.recommend(name, request_bodies(asks))
            for name, (asks, _) in open_asks.items()
        }
    store = AuditStore.open(lake.audit)
    try:
        return answers, {entry.id: entry for entry in store.all()}
    finally:
        store.close()


@pytest.mark.parametrize("name", list(TASKS))
def test_training_and_serving_compute_the_same_features_bit_for_bit(lake, open_asks, name):
    asks, trained = open_asks[name]
    entry = SERVED_TASKS[name]
    body = json.dumps({"cases": request_bodies(asks)}).encode()
    cases = [(entry.task.name, one) for one in entry.request.read(body)]
    batch = CaseBatch.from_request(
        entry, ScoringRequest(cases, service_context("code")), end_of_data(lake.canonical)
    )
    profiles = Profiles.open(lake.profiles)
    cases = build_cases(entry.request.shape, batch.records, batch.asked_at, profiles.as_of)
    past = profiles.lookup(entry.streams, cases.columns, len(cases))
    asked = Cases(cases.asked_at, cases.as_of, cases.columns, cases.children, past)
    pd.testing.assert_frame_equal(
        feature_frame(entry.task.features, asked), trained, check_exact=True, obj=name
    )


@pytest.mark.parametrize("name", list(TASKS))
def test_answer_audit_row_and_mlflow_agree_to_the_last_bit(lake, answered, name, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{lake.tracking}")
    mlflow.set_registry_uri(f"sqlite:///{lake.tracking}")  # another lake's may still be set
    answers, entries = answered
    registered = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    recorded = pd.DataFrame([entries[answer["id"]].payload["features"] for answer in answers[name]])
    features = recorded.astype({column: kinds(name)[column] for column in recorded})
    scored = registered.predict(features)
    for row, answer in zip(scored.to_dict("records"), answers[name], strict=True):
        recorded = entries[answer["id"]].payload["recommendation"]
        assert answer["probabilities"] == recorded["probabilities"]
        assert answer["probabilities"] == {c: row[f"probability_{c}"] for c in TASKS[name].classes}
        assert answer["delay_days"] == {
            level.removeprefix("quantile_"): value
            for level, value in row.items()
            if level.startswith("quantile_")
        }


def kinds(name: TaskName) -> dict[str, str]:
    """A feature that is missing in every row is still a number or a text."""
    return {
        f.name: "float64" if f.kind is FeatureKind.NUMBER else "object"
        for f in TASKS[name].features
    }


def test_every_promotion_and_answer_was_recorded_once_and_in_order(answered):
    answers, entries = answered
    given = [answer for of_task in answers.values() for answer in of_task]
    told = [entry.kind for entry in sorted(entries.values(), key=lambda e: e.sequence)]
    served = [kind for kind in told if kind is not EntryKind.CHECKPOINT]
    assert served[: len(TASKS)] == [EntryKind.MODEL_PROMOTED] * len(TASKS)
    rest = served[len(TASKS) :]
    assert rest[:2] == [EntryKind.SERVICE_STARTED, EntryKind.POLICY_CHANGED]
    assert set(rest[2:-1]) <= ANSWER_KINDS
    assert len(rest[2:-1]) == len(given)
    assert rest[-1] is EntryKind.SERVICE_STOPPED
    assert sorted(e.sequence for e in entries.values()) == list(range(1, len(entries) + 1))
    assert len({a["audit_sequence"] for a in given}) == len(given)
    assert all(entries[a["id"]].sequence == a["audit_sequence"] for a in given)
    assert all(a["recommendation_only"] is True for a in given)


def test_nothing_in_the_registry_is_pickled(lake):
    kept = [path for path in lake.runs.rglob("*") if path.is_file()]
    assert kept
    assert [p for p in kept if p.suffix in {".pkl", ".pickle", ".joblib", ".cloudpickle"}] == []


def test_the_case_command_prints_what_the_service_takes(root, lake, open_asks):
    asks, _ = open_asks[INVOICE_MISMATCH.name]
    line = asks.text("invoice_line_id")[0]
    body = commands(root, lake.home)("case", INVOICE_MISMATCH.name, line)
    cases = SERVED_TASKS[INVOICE_MISMATCH.name].request.read(body.encode())
    assert [case.invoice_line_id for case in cases] == [line]


def test_an_unknown_task_names_the_choices(root, lake):
    done = subprocess.run(
        [str(root / ".venv" / "bin" / "triage"), "train", "stock"],
        env=os.environ | {"TRIAGE_HOME": str(lake.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert said == (
        "triage: no task 'stock'; there are stock_risk, invoice_mismatch, supplier_delay"
    )


def test_all_open_cases_are_scored_once_a_day_and_written_ranked(lake, root, tmp_path):
    run, out = commands(root, lake.home), tmp_path / "scores.parquet"
    sites = ("--site", "S01", "--site", "S02")
    said = run("score", "--task", "stock_risk", *sites, "--out", str(out))
    scores = pd.read_parquet(out)
    assert f"{len(scores):,} rows in {out}" in said
    assert set(scores["site_id"]) == {"S01", "S02"}
    assert scores["rank"].tolist() == list(range(1, len(scores) + 1))
    assert scores["error"].isna().all()
    again = run("score", "--task", "stock_risk", *sites)
    assert f"stock_risk: {len(scores):,} answered earlier today" in again
    with Store.from_folder(lake.canonical) as store:
        at = end_of_data(lake.canonical)
        days_ago = at - timedelta(days=3)
        everything = open_asks_of(store, INVOICE_MISMATCH.name, at)
        recent = open_asks_of(store, INVOICE_MISMATCH.name, at, since=days_ago)
        assert 0 < len(recent) < len(everything)
        with pytest.raises(LookupError, match=r"no open case at nowhere; sites that have: "):
            open_asks_of(store, INVOICE_MISMATCH.name, at, ["nowhere"])


def test_several_cases_are_printed_as_one_request(lake, root):
    with Store.from_folder(lake.canonical) as store:
        asks = open_asks_of(store, "supplier_delay", end_of_data(lake.canonical))
    ids = asks.frame["po_line_id"].head(2).tolist()
    printed = json.loads(commands(root, lake.home)("case", "supplier_delay", *ids))
    assert {case["po_line_id"] for case in printed["cases"]} <= set(ids)
