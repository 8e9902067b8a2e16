"""Catalogue of tasks in the training room: asks, open asks, labels and history streams."""

from __future__ import annotations

from features.tasks.invoice_mismatch import feature_set as invoice_mismatch_features
from features.tasks.stock_risk import feature_set as stock_risk_features
from features.tasks.supplier_delay import feature_set as supplier_delay_features
from models.task import TaskName
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from training.dataset.training_task import TrainingTask
from training.tasks.invoice_mismatch import asks as invoice_mismatch_asks
from training.tasks.invoice_mismatch import labels as invoice_mismatch_labels
from training.tasks.stock_risk import asks as stock_risk_asks
from training.tasks.stock_risk import labels as stock_risk_labels
from training.tasks.supplier_delay import asks as supplier_delay_asks
from training.tasks.supplier_delay import labels as supplier_delay_labels


def training_task(name: TaskName) -> TrainingTask:
    """The functions of that task."""
    match name:
        case STOCK_RISK.name:
            return TrainingTask(
                stock_risk_asks.query_asks,
                stock_risk_asks.query_open_asks,
                stock_risk_labels.label_asks,
                stock_risk_features.STREAMS,
            )
        case INVOICE_MISMATCH.name:
            return TrainingTask(
                invoice_mismatch_asks.query_asks,
                invoice_mismatch_asks.query_open_asks,
                invoice_mismatch_labels.label_asks,
                invoice_mismatch_features.STREAMS,
            )
        case SUPPLIER_DELAY.name:
            return TrainingTask(
                supplier_delay_asks.query_asks,
                supplier_delay_asks.query_open_asks,
                supplier_delay_labels.label_asks,
                supplier_delay_features.STREAMS,
            )
        case _:
            raise ValueError(f"no task {name!r}")
