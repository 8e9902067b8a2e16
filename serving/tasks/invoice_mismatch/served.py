"""Task invoice_mismatch as the service serves it."""

from __future__ import annotations

from data.contracts.invoice_outcomes import Resolution
from data.contracts.invoices import INVOICE_LINE_ID
from features.tasks.invoice_mismatch.feature_set import STREAMS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH as TASK
from serving.policy.sections import AbstainPolicy, Level, TaskPolicy, Thresholds
from serving.tasks.invoice_mismatch.evidence import invoice_evidence
from serving.tasks.invoice_mismatch.levers import invoice_mismatch_levers
from serving.tasks.invoice_mismatch.messages import invoice_mismatch_request
from serving.tasks.invoice_mismatch.money import amount_at_risk
from serving.tasks.invoice_mismatch.rules import invoice_mismatch_findings
from serving.tasks.invoice_mismatch.wording import case_name, expectation, suspected_class
from serving.tasks.served_task import ChildSource, FactSources, ServedTask

POLICY = TaskPolicy(
    expiry_hours=72,
    role="accounts payable",
    thresholds=Thresholds(act=0.5, watch=0.15),
    abstain=AbstainPolicy.from_limits(
        TASK.abstention,
        instead="Match it by hand: order, receipts and what the rules found are below.",
    ),
    suggestions={
        Level.ACT: "Look at the line before it is released: an exception is likely.",
        Level.WATCH: "Look at the line before it is released: an exception is possible.",
        Level.NONE: "Nothing unusual: let the match run its usual course.",
    },
)

FACT_SOURCES = FactSources(
    tables=("invoices", "purchase_orders", "items", "suppliers", "sites", "exchange_rates"),
    children={
        "receipts": ChildSource("receipts", "Goods receipts"),
        "events": ChildSource("supplier_events", "Messages from the supplier"),
        "item_units": ChildSource("item_units", "Units of the item"),
        "earlier_invoices": ChildSource("invoices", "Invoices booked before"),
    },
    renamed={
        "ordered_at": "purchase_orders.happened_at",
        "document_at": "invoices.happened_at",
        "po_currency": "purchase_orders.currency",
        "exchange_rate_at": "exchange_rates.happened_at",
    },
)

# Ways in which an exception is settled that a person may report instead of its class.
# NONE_NEEDED and BLOCK_REMOVED are what sources say of lines that nobody decided on.
RESOLUTIONS = (
    Resolution.RECEIPT_ARRIVES,
    Resolution.PO_AMENDED,
    Resolution.CREDIT_NOTE,
    Resolution.RELEASED_IN_TOLERANCE,
    Resolution.REVERSED,
    Resolution.DUPLICATE,
)

INVOICE_MISMATCH = ServedTask(
    task=TASK,
    streams=STREAMS,
    request=invoice_mismatch_request(),
    reference=(INVOICE_LINE_ID,),
    rules=invoice_mismatch_findings,
    case_name=case_name,
    expectation=expectation,
    amount_at_risk=amount_at_risk,
    levers=invoice_mismatch_levers,
    fact_sources=FACT_SOURCES,
    policy=POLICY,
    title="Invoice mismatch",
    suspect=suspected_class,
    evidence=invoice_evidence,
    resolutions=RESOLUTIONS,
)
