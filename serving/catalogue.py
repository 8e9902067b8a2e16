"""What the service needs of each task besides its model, one entry each."""

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
from features.request import invoice_mismatch, stock_risk, supplier_delay
from models.catalogue import TASKS
from models.task import Task, TaskName
from serving.api.messages import Request
from serving.api.messages_invoice_mismatch import invoice_mismatch_request
from serving.api.messages_stock_risk import stock_risk_request
from serving.api.messages_supplier_delay import supplier_delay_request
from serving.policy import rules_invoice_mismatch, rules_stock_risk, rules_supplier_delay
from serving.policy.finding import Finding
from serving.policy.policy import Policy

Record = Mapping[str, Any]
Rules = Callable[[Record, Policy, datetime], list[Finding]]


@dataclass(frozen=True)
class Served:
    """A task as the service serves it.

    reference: columns that say which case it is; the latest recommendation of a reference
        is the one on the desk. rules: findings of a case at a moment.
    """

    task: Task
    streams: Sequence[Stream]
    request: Request
    reference: tuple[str, ...]
    rules: Rules


def served() -> dict[TaskName, Served]:
    """Every task, by name."""
    stock = TASKS[TaskName.STOCK_RISK]

    def stock_rules(case: Record, policy: Policy, at: datetime) -> list[Finding]:
        return rules_stock_risk.findings(case, policy, at, stock.horizon_days)

    entries = (
        Served(stock, stock_risk.STREAMS, stock_risk_request(), (SITE_ID, ITEM_ID), stock_rules),
        Served(
            TASKS[TaskName.INVOICE_MISMATCH],
            invoice_mismatch.STREAMS,
            invoice_mismatch_request(),
            (INVOICE_LINE_ID,),
            rules_invoice_mismatch.findings,
        ),
        Served(
            TASKS[TaskName.SUPPLIER_DELAY],
            supplier_delay.STREAMS,
            supplier_delay_request(),
            (PO_LINE_ID,),
            rules_supplier_delay.findings,
        ),
    )
    return {entry.task.name: entry for entry in entries}
