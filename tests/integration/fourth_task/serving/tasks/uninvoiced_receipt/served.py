"""Task uninvoiced_receipt as the service serves it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from data.contracts.receipts import QUANTITY_RECEIVED, RECEIPT_ID
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from features.tasks.uninvoiced_receipt.feature_set import SHAPE, STREAMS
from models.tasks.uninvoiced_receipt import UNINVOICED_RECEIPT as TASK
from serving.policy.finding import Finding
from serving.policy.sections import AbstainPolicy, Level, TaskPolicy, Thresholds
from serving.recommendation.advised_task import Record
from serving.tasks.lever import Lever
from serving.tasks.messages import build_task_request
from serving.tasks.served_task import FactSources, ServedTask
from serving.tasks.uninvoiced_receipt.rules import case_name, expectation, find_overdue_invoice

EXAMPLE = {
    "asked_at": "2026-03-10T08:00:00Z",
    "receipt_id": "receipt-00042",
    "po_line_id": "po-00042-1",
    "site_id": "site_03",
    "supplier_id": "supplier_07",
    "quantity_received": 100,
    "quantity_ordered": 100,
    "line_value": 420.0,
    "currency": "EUR",
    "received_at": "2026-03-09T09:00:00Z",
}


def amount_at_risk(case: Record, findings: Sequence[Finding]) -> tuple[float | None, str]:
    """Return the value of the order line."""
    del findings
    return case["line_value"], "net value of the order line"


def no_levers(case: Record, asked_at: datetime) -> tuple[Lever, ...]:
    """List no levers: nothing that people do to a receipt brings its invoice."""
    del case, asked_at
    return ()


POLICY = TaskPolicy(
    expiry_hours=24,
    role="accounts payable",
    thresholds=Thresholds(act=0.5, watch=0.25),
    abstain=AbstainPolicy.from_limits(TASK.abstention, instead="Look the receipt up."),
    suggestions={
        Level.ACT: "Ask the supplier for the invoice.",
        Level.WATCH: "Look again tomorrow.",
        Level.NONE: "Nothing to do: the invoice is expected.",
    },
)

UNINVOICED_RECEIPT = ServedTask(
    task=TASK,
    streams=STREAMS,
    request=build_task_request(
        "uninvoiced_receipt",
        SHAPE,
        (RECEIPT_ID, SITE_ID, SUPPLIER_ID, QUANTITY_RECEIVED),
        EXAMPLE,
    ),
    reference=(RECEIPT_ID,),
    rules=find_overdue_invoice,
    case_name=case_name,
    expectation=expectation,
    amount_at_risk=amount_at_risk,
    levers=no_levers,
    fact_sources=FactSources(
        tables=("receipts", "purchase_orders"),
        children={},
        renamed={"received_at": "receipts.happened_at"},
    ),
    policy=POLICY,
    title="Uninvoiced receipt",
    event="staying without an invoice",
)
