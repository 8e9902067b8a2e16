"""Catalogue of served tasks, one line each."""

from __future__ import annotations

from models.task import TaskName
from serving.tasks.invoice_mismatch.served import INVOICE_MISMATCH
from serving.tasks.served_task import ServedTask
from serving.tasks.stock_risk.served import STOCK_RISK
from serving.tasks.supplier_delay.served import SUPPLIER_DELAY

SERVED_TASKS: dict[TaskName, ServedTask] = {
    served.task.name: served
    for served in (
        STOCK_RISK,
        INVOICE_MISMATCH,
        SUPPLIER_DELAY,
    )
}
