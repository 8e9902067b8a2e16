"""Training side of uninvoiced_receipt: its object, baseline rule and purpose."""

from __future__ import annotations

import pandas as pd

from data.contracts.receipts import RECEIPT_ID
from features.tasks.uninvoiced_receipt.feature_set import SHAPE, STREAMS
from models.tasks.uninvoiced_receipt import UNINVOICED_RECEIPT
from training.dataset.training_task import Floats, ModelPurpose, TrainingTask, feature_values
from training.tasks.uninvoiced_receipt.asks import query_asks, query_open_asks
from training.tasks.uninvoiced_receipt.labels import label_asks


def longest_wait(inputs: pd.DataFrame) -> Floats:
    """Score a receipt by the days since the goods came."""
    return feature_values(inputs, "days_since_received")


UNINVOICED_RECEIPT_TRAINING = TrainingTask(
    task=UNINVOICED_RECEIPT,
    shape=SHAPE,
    streams=STREAMS,
    reference=(RECEIPT_ID,),
    query_asks=query_asks,
    query_open_asks=query_open_asks,
    label_asks=label_asks,
    baseline_rules={"longest_wait": longest_wait},
    purpose=ModelPurpose(
        use="To ask first for the invoices that are likely to stay out.",
        readers="accounts payable",
        ask="a goods receipt without an invoice",
        never=("To accrue a liability: it says how likely an invoice is, not what it amounts to.",),
        limits=("A second invoice on an order line is not looked for.",),
    ),
)
