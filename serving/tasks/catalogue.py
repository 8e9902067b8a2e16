"""Catalogue of served tasks: request, history streams, reference columns and rules of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data.contracts.invoices import INVOICE_LINE_ID
from data.contracts.items import ITEM_ID
from data.contracts.purchase_orders import PO_LINE_ID
from data.contracts.sites import SITE_ID
from features.history.stream import Stream
from features.tasks.invoice_mismatch import feature_set as invoice_mismatch_feature_set
from features.tasks.stock_risk import feature_set as stock_risk_feature_set
from features.tasks.supplier_delay import feature_set as supplier_delay_feature_set
from models.task import Task, TaskName
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.tasks.invoice_mismatch import rules as invoice_mismatch_rules
from serving.tasks.invoice_mismatch.messages import invoice_mismatch_request
from serving.tasks.messages import TaskRequest
from serving.tasks.stock_risk import rules as stock_risk_rules
from serving.tasks.stock_risk.messages import stock_risk_request
from serving.tasks.supplier_delay import rules as supplier_delay_rules
from serving.tasks.supplier_delay.messages import supplier_delay_request

Record = Mapping[str, Any]
Rules = Callable[[Record, Policy, datetime], list[Finding]]


@dataclass(frozen=True)
class ServedTask:
    """A task as the service serves it.

    reference: columns that say which case it is; the latest recommendation of a reference
        is the one on the desk. rules: findings of a case at a moment.
    """

    task: Task
    streams: Sequence[Stream]
    request: TaskRequest
    reference: tuple[str, ...]
    rules: Rules


def served_tasks() -> dict[TaskName, ServedTask]:
    """Every task, by name."""
    stock = STOCK_RISK

    def stock_rules(case: Record, policy: Policy, at: datetime) -> list[Finding]:
        return stock_risk_rules.stock_risk_findings(case, policy, at, stock.horizon_days)

    entries = (
        ServedTask(
            stock,
            stock_risk_feature_set.STREAMS,
            stock_risk_request(),
            (SITE_ID, ITEM_ID),
            stock_rules,
        ),
        ServedTask(
            INVOICE_MISMATCH,
            invoice_mismatch_feature_set.STREAMS,
            invoice_mismatch_request(),
            (INVOICE_LINE_ID,),
            invoice_mismatch_rules.invoice_mismatch_findings,
        ),
        ServedTask(
            SUPPLIER_DELAY,
            supplier_delay_feature_set.STREAMS,
            supplier_delay_request(),
            (PO_LINE_ID,),
            supplier_delay_rules.supplier_delay_findings,
        ),
    )
    return {entry.task.name: entry for entry in entries}
