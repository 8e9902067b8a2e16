"""The record as frames: what was answered and what people did, as training reads it."""

import json
from datetime import timedelta

import pandas as pd
import pytest

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.dataframes import (
    DECISION_DTYPES,
    RECOMMENDATION_DTYPES,
    decisions_frame,
    recommendations_frame,
)
from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.pipeline.engine import load_engine
from serving.review.decisions import DecisionMessage
from serving.runtime.settings import ServiceSettings
from tests.support.synthetic_lake import ASKED_AT, decide, example_case, make_lake

pytestmark = pytest.mark.slow(3)

DELAY, INVOICE = SUPPLIER_DELAY.name, INVOICE_MISMATCH.name
LATER = ASKED_AT + timedelta(minutes=7)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    lake = make_lake(tmp_path_factory.mktemp("lake"), (DELAY, INVOICE))
    started = load_engine(ServiceSettings(home=lake.home), lambda: LATER)
    yield started
    started.audit.close()


@pytest.fixture(scope="module")
def answered(engine):
    """Two cases a task, of which both delays were decided."""
    made = [
        answer
        for task in (DELAY, INVOICE)
        for answer in engine.answer(task, cases(engine, task)).recommendations
    ]
    actions = (("ignored", None), ("overridden", "the lorry is at the gate"))
    for answer, (action, reason) in zip(made, actions, strict=False):
        _, advice = engine.read(answer.id)
        message = {"action": action, "role": "buyer", "resolved_as": "ON_TIME", "reason": reason}
        decide(engine, advice, DecisionMessage.model_validate(message))
    return made


def cases(engine, task):
    body = json.dumps({"cases": [example_case(task, 1), example_case(task, 2)]}).encode()
    return engine.tasks[task].request.read(body)


def test_a_recommendation_is_a_row_with_what_was_answered(engine, answered):
    frame = recommendations_frame(engine.audit)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == RECOMMENDATION_DTYPES
    assert frame["sequence"].tolist() == [1, 2, 3, 4]
    assert frame["task"].tolist() == [DELAY, DELAY, INVOICE, INVOICE]
    assert frame["case_id"].tolist() == ["po-00001", "po-00002", "inv-00001", "inv-00002"]
    assert (frame["asked_at"] == ASKED_AT).all()
    assert (frame["answered_at"] == LATER).all()
    for row, answer in zip(frame.to_dict("records"), answered, strict=True):
        told = answer.model_dump(mode="json")
        for name in ("id", "explained_class", "probabilities", "class_set", "delay_days", "level"):
            assert row[name] == told[name]
        assert row["exception_probability"] == answer.exception_probability
        assert (row["model_version"], row["model_digest"]) == ("1", answer.model.digest)
        assert set(row["features"]) == {f.name for f in engine.tasks[answer.task].task.features}


def test_a_decision_is_a_row_in_the_order_of_the_record(engine, answered):
    frame = decisions_frame(engine.audit)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == DECISION_DTYPES
    assert frame["recommendation_id"].tolist() == [answered[0].id, answered[1].id]
    assert frame["action"].tolist() == ["ignored", "overridden"]
    assert frame["reason"].tolist() == [None, "the lorry is at the gate"]
    assert frame["role"].tolist() == ["buyer", "buyer"]
    assert (frame["known_at"] == pd.Timestamp(LATER)).all()


def test_an_entry_of_today_says_whether_it_was_sampled_and_why_nothing_was_advised(
    engine, answered, tmp_path
):
    entry = engine.audit.read(answered[0].id)
    payload = entry.payload
    payload["recommendation"] |= {
        "abstained": True,
        "abstentions": [{"code": "stale_history", "sentence": "The history is old."}],
        "level": "watch",
        "flagged": False,
        "audit_sample": True,
        "audit_share": 0.02,
    }
    now = AuditStore.open(tmp_path / "audit.db")
    now.append(
        [
            Draft(
                entry.id,
                EntryKind.RECOMMENDATION,
                entry.id,
                DELAY,
                "",
                "",
                0.0,
                entry.recorded_at,
                payload,
            )
        ]
    )
    [row] = recommendations_frame(now).to_dict("records")
    now.close()
    assert (row["abstained"], row["abstentions"]) == (True, ["stale_history"])
    assert not row["flagged"]  # to be looked at, but only because it was drawn
    assert (row["audit_sample"], row["audit_share"]) == (True, 0.02)


def test_an_empty_record_has_the_columns_and_no_rows(tmp_path):
    store = AuditStore.open(tmp_path / "audit.db")
    for frame, types in (
        (recommendations_frame(store), RECOMMENDATION_DTYPES),
        (decisions_frame(store), DECISION_DTYPES),
    ):
        assert len(frame) == 0
        assert {name: str(kind) for name, kind in frame.dtypes.items()} == types
    store.close()
