"""What the bench asks: open cases of a distributor, each with a past, of a model that knows them."""

import json
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest

from serving.pipeline.batch import ScoringRequest
from serving.pipeline.engine import load_engine
from serving.runtime.context import service_context
from serving.runtime.settings import ServiceSettings
from serving.tasks.messages import Explain
from tests.bench.scene import IN_TURN, TASK, scene

pytestmark = pytest.mark.slow(20)

TREES, LEAVES, BATCH, FEW = 5, 7, 1000, 20


@pytest.fixture(scope="module")
def of(tmp_path_factory):
    return scene(tmp_path_factory.mktemp("bench"), TREES, LEAVES)


def test_there_are_as_many_open_cases_as_are_asked_and_others_get_their_features(of):
    one = of.asking(1, Explain.NONE)
    (batch,) = of.asking(1, Explain.ALL, BATCH).bodies
    assert len(set(one.bodies)) == IN_TURN
    assert len(json.loads(batch)["cases"]) == BATCH
    assert of.rows.shape == (len(of.cases), len(of.names))
    assert np.isfinite(of.rows).all()
    assert of.booster.num_trees() == TREES


def test_cases_are_answered_with_a_past_and_of_the_features_that_others_are_handed(of, monkeypatch):
    monkeypatch.setenv("TRIAGE_HOME", str(of.apart("other").lake.home))
    engine = load_engine(ServiceSettings(), lambda: datetime.now(UTC))
    with closing(engine.audit):
        read = engine.tasks[TASK].request.read
        bodies = of.asking(1, Explain.NONE).bodies[:FEW]
        asked = [
            ScoringRequest([(TASK, case)], service_context("code"))
            for body in bodies
            for case in read(body)
        ]
        given = [answer.recommendations[0].id for answer in engine.answer_requests(asked)]
        payloads = [engine.read(one)[0].payload for one in given]
    past = [value for payload in payloads for value in payload["history"].values()]
    assert np.mean([value is not None for value in past]) > 0.9
    numeric = of.model.encoder.numeric
    recorded = [[payload["features"][of.names[at]] or 0 for at in numeric] for payload in payloads]
    assert of.rows[:FEW, numeric].tolist() == recorded
