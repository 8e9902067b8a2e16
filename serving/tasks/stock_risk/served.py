"""Task stock_risk as the service serves it."""

from __future__ import annotations

from collections.abc import Sequence

from data.contracts.items import ITEM_ID
from data.contracts.sites import SITE_ID
from data.decimals import ZERO, decimal_of
from data.free_stock import free_stock
from features.tasks.stock_risk.feature_set import STREAMS
from models.tasks.stock_risk import STOCK_RISK as TASK
from serving.policy.finding import Finding
from serving.policy.sections import AbstainPolicy, Level, TaskPolicy, Thresholds
from serving.recommendation.advised_task import Record
from serving.recommendation.priority import multiply_known
from serving.tasks.served_task import ChildSource, FactSources, ServedTask
from serving.tasks.stock_risk.evidence import stock_risk_evidence
from serving.tasks.stock_risk.levers import stock_risk_levers
from serving.tasks.stock_risk.messages import stock_risk_request
from serving.tasks.stock_risk.rules import StockFinding, stock_risk_findings
from serving.tasks.stock_risk.wording import case_name, expectation

SHORT = frozenset({StockFinding.OUT_OF_STOCK, StockFinding.PROJECTED_SHORTAGE})


def amount_at_risk(case: Record, findings: Sequence[Finding]) -> tuple[float | None, str]:
    """Return the cost of what is short within the horizon, at worst.

    Where the scheduled receipts cover the demand, that of what would be short without them.
    """
    days, cost = TASK.horizon_days, case["unit_cost"]
    if short := [abs(one.measured or 0.0) for one in findings if one.code in SHORT]:
        how = f"most short on a day within {days} days x unit cost"
        known = max(short) > 0 or case["average_demand"] is not None
        return multiply_known(max(short) if known else None, cost), how
    how = f"short within {days} days if no receipt came x unit cost"
    if case["average_demand"] is None:
        return None, how
    stock = decimal_of(case["on_hand"]), decimal_of(case["backordered"] or 0)
    missing = days * decimal_of(case["average_demand"]) - free_stock(*stock)
    return multiply_known(float(max(missing, ZERO)), cost), how


POLICY = TaskPolicy(
    expiry_hours=24,
    role="planner",
    thresholds=Thresholds(act=0.5, watch=0.2),
    abstain=AbstainPolicy.from_limits(
        TASK.abstention,
        instead="Judge it from stock, demand and open orders below, as if there were no score.",
    ),
    suggestions={
        Level.ACT: "Confirm the count and the dates of scheduled receipts, and ask which site "
        "could spare stock.",
        Level.WATCH: "Keep an eye on this item: check that the scheduled receipts are still "
        "confirmed.",
        Level.NONE: "Nothing to do now.",
    },
)

FACT_SOURCES = FactSources(
    tables=("stock_levels", "items", "sites", "exchange_rates"),
    children={"scheduled_receipts": ChildSource("purchase_orders", "Scheduled receipts")},
    renamed={"exchange_rate_at": "exchange_rates.happened_at"},
)

STOCK_RISK = ServedTask(
    task=TASK,
    streams=STREAMS,
    request=stock_risk_request(),
    reference=(SITE_ID, ITEM_ID),
    rules=stock_risk_findings,
    case_name=case_name,
    expectation=expectation,
    amount_at_risk=amount_at_risk,
    levers=stock_risk_levers,
    fact_sources=FACT_SOURCES,
    policy=POLICY,
    title="Stock risk",
    event="running out of stock",
    evidence=stock_risk_evidence,
    conclusive_codes=frozenset({StockFinding.OUT_OF_STOCK}),
)
