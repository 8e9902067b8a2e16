"""What was received yesterday is part of the past that a running service answers from today."""

import socket
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from data.ingest import ingest
from data.source_batch import batches_from_frames
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.factory import open_audit
from serving.auth.caller import LOCAL_CALLER
from serving.events.inbox import record_events
from serving.events.received_event import parse_events
from serving.runtime.context import service_context
from serving.server.supervisor import run_service
from tests.support.synthetic_lake import AS_OF, example_case, make_lake, past_orders
from tests.swapping.trial import wait_until

pytestmark = pytest.mark.slow(30)

TASK = SUPPLIER_DELAY.name
SUPPLIER = "supplier_03"
COUNTED = "supplier_deliveries_events_ever"


@pytest.fixture
def lake(tmp_path):
    """With the tables that its profiles are of, and an order of which nothing came yet."""
    made, tables = make_lake(tmp_path / "lake", (TASK,)), past_orders()
    orders = tables["purchase_orders"]
    still = orders.iloc[[39]].assign(po_line_id="open", po_id="open")
    tables["purchase_orders"] = pd.concat([orders, still], ignore_index=True)
    ingest(batches_from_frames(tables, "test"), made.canonical, made.quarantine)
    return made


def received(lake, at):
    """A receipt of that order, on record since then."""
    event = {
        "specversion": "1.0",
        "id": "e1",
        "source": "/wms",
        "type": "goods.receipt",
        "time": at.isoformat(),
        "data": {
            "receipt_id": "new",
            "po_line_id": "open",
            "quantity_received": 10.0,
            "final": True,
        },
    }
    audit = open_audit(lake)
    try:
        record_events(
            audit,
            list(parse_events([event], at, batch=False).accepted.values()),
            LOCAL_CALLER,
            service_context("test"),
            at,
        )
    finally:
        audit.close()


def answered(lake, running):
    """Up to when the past is known, and how many receipts it has of the supplier."""
    (given,) = running.recommend(TASK, [example_case(TASK, 3, supplier_id=SUPPLIER)])
    audit = open_audit(lake)
    try:
        recorded = audit.read(given["id"]).payload["history"]
    finally:
        audit.close()
    return given["features_as_of"], recorded[COUNTED]


def test_a_receipt_of_yesterday_is_counted_by_a_process_beside_the_answers(lake, monkeypatch):
    monkeypatch.setenv("TRIAGE_SWAP_SECONDS", "0.1")
    now = datetime.now(UTC)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with run_service(lake, port=port, log=lake.home / "service.log") as running:
        day, before = answered(lake, running)
        assert day == AS_OF.isoformat()
    received(lake, now - timedelta(days=1))
    with run_service(lake, port=port, log=lake.home / "service.log") as running:
        wait_until(lambda: answered(lake, running)[0] != day)
        day, after = answered(lake, running)
    assert day >= now.date().isoformat()
    assert after == before + 1
