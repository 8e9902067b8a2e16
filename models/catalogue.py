"""Catalogue of all tasks, one line each."""

from __future__ import annotations

from models.task import Task, TaskName
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY

TASKS: dict[TaskName, Task] = {
    task.name: task
    for task in (
        STOCK_RISK,
        INVOICE_MISMATCH,
        SUPPLIER_DELAY,
    )
}


def task_named(name: str) -> Task:
    """Return the task with that name.

    Raises:
        ValueError: there is none; the message lists the names there are.
    """
    if (task := TASKS.get(TaskName(name))) is None:
        raise ValueError(f"no task {name!r}; there are {', '.join(TASKS)}")
    return task
