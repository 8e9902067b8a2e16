"""Catalogue of the training side of all tasks, one line each."""

from __future__ import annotations

from dataclasses import replace

from models.task import Task, TaskName
from training.dataset.training_task import TrainingTask
from training.tasks.invoice_mismatch.training_task import INVOICE_MISMATCH_TRAINING
from training.tasks.stock_risk.training_task import STOCK_RISK_TRAINING
from training.tasks.supplier_delay.training_task import SUPPLIER_DELAY_TRAINING

TRAINING_TASKS: dict[TaskName, TrainingTask] = {
    training.task.name: training
    for training in (
        STOCK_RISK_TRAINING,
        INVOICE_MISMATCH_TRAINING,
        SUPPLIER_DELAY_TRAINING,
    )
}


def training_task(task: Task) -> TrainingTask:
    """Return the training side of a task.

    Args:
        task: a task of the catalogue, or a copy of one with another horizon, other features
            or other parameters; the result trains that copy.
    """
    return replace(TRAINING_TASKS[task.name], task=task)
