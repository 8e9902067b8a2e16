"""Messages about an order line count by what they say, however often and in whatever order they come."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from features.cases import Cases
from features.feature import feature_frame
from features.tasks.supplier_delay.messages import FEATURES
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.pipeline.scoring import build_cases
from serving.tasks.supplier_delay.messages import supplier_delay_request
from tests.spec.tables import canonical
from tests.spec.training.ask_tables import store
from training.tasks.supplier_delay.asks import query_open_asks

ASKED_AT = datetime(2026, 4, 20, 8, tzinfo=UTC)
LINE = """
    po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | happened_at
    line       | PO7   | north   | acme        | bolt    | 60               | 2026-04-24  | 2026-04-01 """
SAID = """
    po_line_id | message_number | event_kind      | ack_status | expected_at | event_quantity | happened_at      | known_at
    line       |                | acknowledgement | IA         | 2026-04-24  | 60             | 2026-04-02 08:00 | 2026-04-02 09:00
    line       | N-1            | asn             |            | 2026-04-23  | 30             | 2026-04-15 08:00 | 2026-04-15 09:00
    line       |                | delay_notice    |            | 2026-04-29  |                | 2026-04-16 08:00 | 2026-04-16 09:00 """
LATEST = [
    "acknowledgement_status",
    "acknowledged_shift_days",
    "ship_notice_shift_days",
    "ship_notice_age_days",
    "revised_shift_days",
    "announced_shift_days",
    "message_age_days",
]


def asked_in_training(events: str) -> Cases:
    tables = store(purchase_orders=LINE, supplier_events=events)
    return query_open_asks(tables, SUPPLIER_DELAY, ASKED_AT).cases({})


def asked_in_serving(events: str) -> Cases:
    request = supplier_delay_request()
    (line,) = rows("purchase_orders", LINE)
    case = {str(c): line.get(c) for c in request.shape.columns} | {
        "asked_at": ASKED_AT.isoformat(),
        "ordered_at": line["happened_at"],
        "events": [
            {str(c): row[c] for c in request.shape.children["events"]}
            for row in rows("supplier_events", events)
        ],
    }
    (message,) = request.read(json.dumps({"cases": [case]}).encode())
    return build_cases(request.shape, [request.to_record(message)], [ASKED_AT], ASKED_AT.date())


def rows(table: str, text: str) -> list[dict]:
    found = canonical(table, text).astype(object)
    found = found.where(found.notna(), None)
    return [
        {k: v.isoformat() if isinstance(v, pd.Timestamp) else v for k, v in row.items()}
        for row in found.to_dict("records")
    ]


@pytest.fixture(params=[asked_in_training, asked_in_serving])
def features(request: pytest.FixtureRequest) -> Callable[[str], dict[str, object]]:
    def answer(events: str) -> dict[str, object]:
        values = feature_frame(FEATURES, request.param(events)).iloc[0].to_dict()
        return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in values.items()}

    return answer


AGAIN = {
    "an acknowledgement without a number": """
    line       |                | acknowledgement | IA         | 2026-04-24  | 60             | 2026-04-02 08:00 | 2026-04-18 07:00""",
    "a ship notice with its number, stamped anew": """
    line       | N-1            | asn             |            | 2026-04-23  | 30             | 2026-04-15 08:00 | 2026-04-15 09:05
    line       | N-1            | asn             |            | 2026-04-23  | 30             | 2026-04-17 06:00 | 2026-04-17 06:10""",
    "a delay notice": """
    line       |                | delay_notice    |            | 2026-04-29  |                | 2026-04-16 08:00 | 2026-04-19 09:00""",
}


@pytest.mark.parametrize("copies", AGAIN.values(), ids=AGAIN)
def test_sending_a_message_again_changes_no_feature(features, copies) -> None:
    assert features(SAID + copies) == features(SAID)


OTHERS = {
    "another number": """
    line       | N-2            | asn             |            | 2026-04-23  | 30             | 2026-04-15 08:00 | 2026-04-15 09:05""",
    "another quantity": """
    line       |                | delay_notice    |            | 2026-04-29  | 30             | 2026-04-16 08:00 | 2026-04-16 09:00""",
}


@pytest.mark.parametrize("another", OTHERS.values(), ids=OTHERS)
def test_a_message_that_says_something_else_is_another_message(features, another) -> None:
    before, after = features(SAID), features(SAID + another)
    counts = ("ship_notices", "delay_notices")
    assert sum(after[name] for name in counts) == sum(before[name] for name in counts) + 1


def test_an_older_message_that_comes_in_last_is_not_the_latest(features) -> None:
    older = """
    line       | N-0            | asn             |            | 2026-04-25  | 30             | 2026-04-10 08:00 | 2026-04-19 09:00
    line       |                | revised_promise |            | 2026-04-24  |                | 2026-04-12 08:00 | 2026-04-19 10:00
    line       |                | acknowledgement | IB         | 2026-05-24  |                | 2026-04-01 12:00 | 2026-04-19 11:00"""
    before, after = features(SAID), features(SAID + older)
    assert {name: after[name] for name in LATEST} == {name: before[name] for name in LATEST}
    assert after["ship_notice_share"] == 1.0


def test_a_newer_message_is_the_latest(features) -> None:
    newer = """
    line       |                | revised_promise |            | 2026-04-27  |                | 2026-04-17 08:00 | 2026-04-17 08:00"""
    assert features(SAID)["announced_shift_days"] == 5
    assert features(SAID + newer)["announced_shift_days"] == 3
