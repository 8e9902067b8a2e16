"""Task supplier_delay as the service serves it."""

from __future__ import annotations

from data.contracts.purchase_orders import PO_LINE_ID
from features.tasks.supplier_delay.feature_set import STREAMS
from models.tasks.supplier_delay import SUPPLIER_DELAY as TASK
from serving.policy.sections import AbstainPolicy, Level, TaskPolicy, Thresholds
from serving.tasks.served_task import ChildSource, FactSources, ServedTask
from serving.tasks.supplier_delay.evidence import amount_at_risk, find_evidence
from serving.tasks.supplier_delay.levers import supplier_delay_levers
from serving.tasks.supplier_delay.messages import supplier_delay_request
from serving.tasks.supplier_delay.rules import DelayFinding, supplier_delay_findings
from serving.tasks.supplier_delay.wording import case_name, expectation

POLICY = TaskPolicy(
    expiry_hours=24,
    role="buyer",
    thresholds=Thresholds(act=0.5, watch=0.25),
    abstain=AbstainPolicy.from_limits(
        TASK.abstention,
        instead="Ask the supplier: the line and what was said about it are below.",
    ),
    suggestions={
        Level.ACT: "Ask the supplier for a firm date, and warn whoever waits for these goods.",
        Level.WATCH: "Check that the supplier has acknowledged the line and still stands by the "
        "promise.",
        Level.NONE: "Nothing to do: the line is expected to arrive by its promise.",
    },
)

FACT_SOURCES = FactSources(
    tables=("purchase_orders", "items", "suppliers", "sites", "exchange_rates"),
    children={
        "receipts": ChildSource("receipts", "Goods receipts"),
        "events": ChildSource("supplier_events", "Messages from the supplier"),
    },
    renamed={
        "ordered_at": "purchase_orders.happened_at",
        "exchange_rate_at": "exchange_rates.happened_at",
    },
)

SUPPLIER_DELAY = ServedTask(
    task=TASK,
    streams=STREAMS,
    request=supplier_delay_request(),
    reference=(PO_LINE_ID,),
    rules=supplier_delay_findings,
    case_name=case_name,
    expectation=expectation,
    amount_at_risk=amount_at_risk,
    levers=supplier_delay_levers,
    fact_sources=FACT_SOURCES,
    policy=POLICY,
    title="Supplier delay",
    event="coming late",
    evidence=find_evidence,
    conclusive_codes=frozenset({DelayFinding.PROMISE_PASSED}),
)
