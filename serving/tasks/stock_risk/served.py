"""Task stock_risk as the service serves it."""

from __future__ import annotations

from collections.abc import Sequence

from data.contracts.items import ITEM_ID
from data.contracts.sites import SITE_ID
from features.tasks.stock_risk.feature_set import STREAMS
from models.tasks.stock_risk import STOCK_RISK as TASK
from serving.policy.finding import Finding
from serving.policy.sections import AbstainPolicy, Level, TaskPolicy, Thresholds
from serving.recommendation.advised_task import Record
from serving.recommendation.priority import multiply_known
from serving.tasks.served_task import ChildSource, FactSources, ServedTask
from serving.tasks.stock_risk.levers import stock_risk_levers
from serving.tasks.stock_risk.messages import stock_risk_request
from serving.tasks.stock_risk.rules import StockFinding, stock_risk_findings
from serving.tasks.stock_risk.wording import case_name, expectation


def amount_at_risk(case: Record, findings: Sequence[Finding]) -> tuple[float | None, str]:
    """Return the value of the demand within the horizon."""
    del findings
    how = f"unit cost x average demand a day x {TASK.horizon_days} days"
    return multiply_known(case["unit_cost"], case["average_demand"], TASK.horizon_days), how


POLICY = TaskPolicy(
    expiry_hours=24,
    role="planner",
    thresholds=Thresholds(act=0.5, watch=0.2),
    abstain=AbstainPolicy.from_limits(
        TASK.abstention,
        instead="Judge it from stock, demand and open orders below, as if there were no score.",
    ),
    suggestions={
        Level.ACT: "Bring a scheduled receipt forward, or move stock from another site, before "
        "the balance runs out.",
        Level.WATCH: "Keep an eye on this item: check that the scheduled receipts are still "
        "confirmed.",
        Level.NONE: "Nothing to do: stock and scheduled receipts are expected to cover demand.",
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
    conclusive_codes=frozenset({StockFinding.OUT_OF_STOCK}),
)
