"""Training side of supplier_delay: its object, baseline rules and purpose."""

from __future__ import annotations

import pandas as pd

from data.contracts.purchase_orders import PO_LINE_ID, PURCHASE_ORDERS
from data.contracts.receipts import RECEIPTS
from features.tasks.supplier_delay.feature_set import SHAPE, STREAMS
from models.tasks.supplier_delay import SUPPLIER_DELAY
from training.dataset.training_task import Floats, ModelPurpose, TrainingTask, feature_values
from training.tasks.supplier_delay.asks import query_asks, query_open_asks
from training.tasks.supplier_delay.labels import add_promised_dates, label_asks

PURPOSE = ModelPurpose(
    use="To follow up the open order lines that are most likely to come late.",
    readers="buyer",
    ask="an open purchase order line, some days before its promised date",
    never=(
        (
            "To rank or penalise suppliers: a delay may lie in the promise, the carrier, or a "
            "change that was asked for."
        ),
    ),
    limits=(
        "Delay is counted from the promised date; a line without one cannot be asked about.",
        "An order that is still open is not on time; lines that never came teach nothing yet.",
    ),
)


def supplier_late_share(inputs: pd.DataFrame) -> Floats:
    """Score an order line by its supplier's share of late receipts in the last year."""
    return feature_values(inputs, "supplier_late_share_364d")


def days_overdue(inputs: pd.DataFrame) -> Floats:
    """Score an order line by the days since its promised day, negative before it."""
    return 0.0 - feature_values(inputs, "days_to_promise")


SUPPLIER_DELAY_TRAINING = TrainingTask(
    task=SUPPLIER_DELAY,
    shape=SHAPE,
    streams=STREAMS,
    reference=(PO_LINE_ID,),
    query_asks=query_asks,
    query_open_asks=query_open_asks,
    label_asks=label_asks,
    baseline_rules={"supplier_late_share": supplier_late_share, "days_overdue": days_overdue},
    purpose=PURPOSE,
    needs={
        PURCHASE_ORDERS.name: "order lines with a promised day",
        RECEIPTS.name: "goods received against them",
    },
    labels_from="receipts against order lines that were promised",
    add_outcome_facts=add_promised_dates,
)
