"""From people's decisions to labels: reported to the service, exported, learnt from by weight."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from starlette.testclient import TestClient

from data.canonical_tables import end_of_data
from data.ingest import ingest
from data.lake import Lake
from data.simulator.simulation import simulate
from data.simulator.world.size import WorldSize
from data.source_batch import batches_from_frames
from data.store import Store
from features.profiles import build_profiles
from models.artefact.folder import save_artefact
from models.catalogue import TASKS
from models.fitting.fit import fit
from models.fitting.preparation import FitOptions
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.audit.dataframes import decisions_frame, recommendations_frame
from serving.commands.review import decisions as export
from serving.http.app import create_app
from serving.pipeline.engine import load_engine
from serving.review.service import open_review_service
from serving.runtime.settings import ServiceSettings
from serving.tasks.catalogue import SERVED_TASKS
from serving.tasks.policy_file import DEFAULT_POLICY_FILE
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_lake import SMALL_LIGHTGBM
from training.dataset.cache import MANIFEST, CachedTrainingSet, load_or_build_training_set
from training.dataset.labels import LabelSource
from training.dataset.request_bodies import request_bodies
from training.monitor.human_agreement import measure_agreement, recorded_outcomes
from training.tasks.catalogue import training_task

pytestmark = pytest.mark.slow(12)

NAME = INVOICE_MISMATCH.name
TASK = replace(TASKS[NAME], lightgbm=SMALL_LIGHTGBM)
SIZE = WorldSize(sites=3, suppliers=9, items=150, months=6, start=date(2025, 1, 1))
SHARE = 0.25


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    """Canonical tables and profiles of a small distributor."""
    made = Lake(tmp_path_factory.mktemp("lake")).make()
    ingest(
        batches_from_frames(simulate(SIZE, seed=1), "simulated"), made.canonical, made.quarantine
    )
    with Store.from_folder(made.canonical) as store:
        at = end_of_data(made.canonical).date()
        build_profiles(store, training_task(TASK).streams, at, made.profiles)
    return made


@pytest.fixture(scope="module")
def before(lake) -> CachedTrainingSet:
    """The training set without any decision; a model of it is the champion."""
    kept = load_or_build_training_set(training_task(TASK), lake)
    home = lake.models / NAME
    digest = save_artefact(fit(TASK, kept.training).model, home / "draft")
    (home / "draft").rename(home / digest)
    pointer = {"version": "1", "digest": digest, "promoted_at": "2025-07-01T00:00:00+00:00"}
    (home / "champion.json").write_text(json.dumps(pointer))
    return kept


@pytest.fixture(scope="module")
def engine(lake, before, tmp_path_factory):
    """The service two days after the data end, with a generous audit sample."""
    policy = tmp_path_factory.mktemp("policy") / "policy.toml"
    policy.write_text(DEFAULT_POLICY_FILE.read_text().replace("share = 0.02", f"share = {SHARE}"))
    now = end_of_data(lake.canonical) + timedelta(days=2)
    started = load_engine(ServiceSettings(home=lake.home, policy=policy), lambda: now)
    yield started
    started.audit.close()


@pytest.fixture(scope="module")
def decided(lake, engine) -> dict[str, str]:
    """What people settled on, by invoice line: on what was flagged or drawn for review."""
    app = create_app(SERVED_TASKS)
    app.state.authenticator = ALLOW_EVERY_CALLER
    app.state.engine, app.state.max_body_bytes = engine, 10**7
    app.state.review = open_review_service(engine, lake)
    client = TestClient(app)
    end = end_of_data(lake.canonical)
    with Store.from_folder(lake.canonical) as store:
        cases = request_bodies(
            training_task(TASK).query_asks(store, TASK, end - timedelta(days=28), end)
        )
    answers = client.post(f"/v1/{NAME}", json={"cases": cases}).json()["recommendations"]
    said = {}
    for number, answer in enumerate(answers):
        if answer["level"] == "none" and not answer["audit_sample"]:
            continue
        word = "NO_RECEIPT" if number % 2 else "CLEAN"
        body = {"action": "followed", "role": "ap clerk", "resolved_as": word}
        path = f"/v1/recommendations/{answer['id']}/decision"
        assert client.post(path, json=body).status_code == 201
        said[answer["case"]["invoice_line_id"]] = word
    return said


@pytest.fixture(scope="module")
def after(lake, decided) -> CachedTrainingSet:
    """The training set once the decisions are exported."""
    with pytest.MonkeyPatch.context() as during:
        during.setenv("TRIAGE_HOME", str(lake.home))
        export()
    return load_or_build_training_set(training_task(TASK), lake)


def test_decisions_are_labels_of_lines_that_no_system_has_ended(lake, before, decided, after):
    assert len(decided) > 10
    assert not after.reused
    assert len(after.training) == len(before.training) + len(decided)
    by_people = after.training.told_by != LabelSource.SYSTEM
    labels = Counter(TASK.classes[label] for label in after.training.label[by_people])
    assert labels == Counter(decided.values())
    known = end_of_data(lake.canonical) + timedelta(days=2)
    assert set(after.training.matured_at[by_people]) == {np.datetime64(known.replace(tzinfo=None))}


def test_flagged_lines_count_once_and_drawn_ones_for_all_they_stand_for(engine, before, after):
    rows = recommendations_frame(engine.audit)
    rows = rows[rows["id"].isin(decisions_frame(engine.audit)["recommendation_id"])]
    calm = int((~rows["flagged"]).sum())
    weight, told_by = after.training.weight, after.training.told_by
    assert 0 < calm < len(rows)
    assert Counter(told_by.tolist()) == {
        LabelSource.SYSTEM: len(before.training),
        LabelSource.PERSON_FLAGGED: len(rows) - calm,
        LabelSource.PERSON_SAMPLED: calm,
    }
    assert set(weight[told_by == LabelSource.PERSON_SAMPLED]) == {1 / SHARE}
    assert set(weight[told_by != LabelSource.PERSON_SAMPLED]) == {1.0}
    assert before.training.weight is None


def test_the_manifest_counts_labels_by_source(after):
    told = json.loads((after.folder / MANIFEST).read_text())
    assert sum(told["labels"].values()) == told["rows"] == len(after.training)
    assert set(told["labels"]) == {source.value for source in LabelSource}
    assert told["made_from"]["files"]["decisions"]


def test_a_model_learns_from_the_weighted_set(before, after):
    one = fit(TASK, after.training).model.digest
    assert one != fit(TASK, replace(after.training, weight=None)).model.digest
    assert one != fit(TASK, before.training, FitOptions()).model.digest


def test_labels_by_people_are_no_outcome_for_human_agreement(lake, engine, after):
    with Store.from_folder(lake.canonical) as store:
        answered, said = recommendations_frame(engine.audit), decisions_frame(engine.audit)
        found = measure_agreement(answered, said, recorded_outcomes(store, answered))
    assert found.decided == len(said)
    assert found.ended == 0
    [missed] = found.missed
    assert (
        missed.missed.rows == Counter(after.training.told_by.tolist())[LabelSource.PERSON_SAMPLED]
    )
