"""What the lake added is scored, found, recorded and replayed, without the lake."""

import json
import sqlite3
from datetime import timedelta

import pandas as pd
import pytest

from data.store import Store
from features.profiles import build_profiles
from features.reference_data import ReferenceData
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.pipeline.engine import load_engine
from serving.replay.replay import replay_entries
from serving.replay.sources import open_replay_sources
from serving.runtime.settings import ServiceSettings
from serving.tasks.catalogue import SERVED_TASKS
from tests.spec.tables import canonical
from tests.support.synthetic_lake import AS_OF, ASKED_AT, example_case, make_lake, past_orders

pytestmark = pytest.mark.slow(4)
TASK = INVOICE_MISMATCH.name
SENT = example_case(TASK, 1)
BEFORE = ASKED_AT - timedelta(days=20)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    made = make_lake(tmp_path_factory.mktemp("lake"), (TASK,))
    tables = past_orders() | {
        "suppliers": canonical(
            "suppliers",
            """
            supplier_id | supplier_name | known_at
            supplier_17 | Nordwerk GmbH | 2025-01-01
            """,
        ),
        "invoices": earlier_copy(),
    }
    with Store.from_frames(tables) as store:
        build_profiles(store, SERVED_TASKS[TASK].streams, AS_OF, made.profiles)
    return made


def earlier_copy() -> pd.DataFrame:
    """Return the same invoice as it was booked before, with a letter O in its number."""
    return pd.DataFrame(
        {
            "invoice_line_id": ["old-1"],
            "invoice_id": ["old"],
            "invoice_number": [SENT["invoice_number"].replace("0", "O")],
            "supplier_id": [SENT["supplier_id"]],
            "site_id": [SENT["site_id"]],
            "po_line_id": [SENT["po_line_id"]],
            "quantity_invoiced": [100.0],
            "line_amount": [SENT["line_amount"]],
            "happened_at": [BEFORE],
            "known_at": [BEFORE],
        }
    )


@pytest.fixture(scope="module")
def engine(lake):
    started = load_engine(ServiceSettings(home=lake.home), lambda: ASKED_AT)
    yield started
    started.audit.close()


def ask(engine):
    body = json.dumps({"cases": [SENT]}).encode()
    (made,) = engine.answer(TASK, engine.tasks[TASK].request.read(body)).recommendations
    return made, engine.audit.read(made.id)


def test_a_duplicate_that_only_the_lake_knows_is_found_and_recorded_as_from_the_lake(engine):
    answer, entry = ask(engine)
    assert "DUPLICATE" in [finding.code for finding in answer.findings]
    (earlier,) = entry.payload["input"]["earlier_invoices"]
    assert earlier["invoice_line_id"] == "old-1"
    assert entry.payload["input"]["supplier_name"] == "Nordwerk GmbH"
    marks = entry.payload["context"]["from_lake"]
    assert {"supplier_name", "earlier_invoices/old-1"} <= set(marks)


def test_the_completed_answer_is_replayed_when_the_lake_is_gone(engine, lake):
    _, entry = ask(engine)
    sources = open_replay_sources(lake, engine.audit)
    lake.profiles.rename(lake.profiles.with_suffix(".away"))
    try:
        (outcome,) = replay_entries([entry], sources)
    finally:
        lake.profiles.with_suffix(".away").rename(lake.profiles)
    assert (outcome.difference, outcome.obstacle) == (None, None)


def test_a_case_is_scored_as_it_was_sent_where_the_lake_cannot_be_read(engine, monkeypatch):
    def fails(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(ReferenceData, "earlier_invoices", fails)
    answer, entry = ask(engine)
    assert answer.model is not None
    assert entry.payload["input"]["earlier_invoices"] == []
    assert "from_lake" not in entry.payload["context"]
