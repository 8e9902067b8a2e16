"""Training side of invoice_mismatch: its object, baseline rules and purpose."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.contracts.invoice_outcomes import ExceptionClass, Resolution
from data.contracts.invoices import INVOICE_LINE_ID, INVOICES
from features.tasks.invoice_mismatch.feature_set import SHAPE, STREAMS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from training.dataset.training_task import Floats, ModelPurpose, TrainingTask, feature_values
from training.tasks.invoice_mismatch.asks import query_asks, query_open_asks
from training.tasks.invoice_mismatch.labels import label_asks

PURPOSE = ModelPurpose(
    use="To send an invoice line to the role that can settle it, and to look first at what "
    "is likely to end as an exception.",
    readers="accounts payable, procurement, receiving",
    ask="an invoice line when it is booked",
    never=(
        "To pay, block or reject an invoice, or to call one fraud.",
        "In place of tolerances: what a rule can compute is computed and shown as a rule.",
    ),
    limits=(
        "It learns how lines ended here. What was released by habit teaches it that habit.",
        "A class with few past cases is rarely its first answer; read the set of classes.",
    ),
)


def largest_variance(inputs: pd.DataFrame) -> Floats:
    """Score an invoice line by its largest variance, as a share.

    Price away from the order's, quantity invoiced and not received, tax rate off. A line
    without any receipt scores 1 by the second.
    """
    uncovered = feature_values(inputs, "uncovered_share")
    variances = (
        np.abs(feature_values(inputs, "price_variance")),
        np.fmax(uncovered, 0.0),
        np.abs(feature_values(inputs, "tax_rate_gap")),
    )
    comparable = np.isfinite(variances[0]) | np.isfinite(uncovered)
    return np.where(comparable, np.fmax.reduce(variances), np.nan)


def supplier_exception_share(inputs: pd.DataFrame) -> Floats:
    """Score an invoice line by its supplier's share of exceptions in the last year."""
    return feature_values(inputs, "supplier_exceptions_share_364d")


INVOICE_MISMATCH_TRAINING = TrainingTask(
    task=INVOICE_MISMATCH,
    shape=SHAPE,
    streams=STREAMS,
    reference=(INVOICE_LINE_ID,),
    query_asks=query_asks,
    query_open_asks=query_open_asks,
    label_asks=label_asks,
    baseline_rules={
        "largest_variance": largest_variance,
        "supplier_exception_share": supplier_exception_share,
    },
    purpose=PURPOSE,
    needs={INVOICES.name: "lines of suppliers' invoices"},
    labels_from="invoice_outcomes, or what people decided on recommendations",
    # The other ways of resolving say how an invoice was mended, not what was wrong: a credit
    # note ends five classes.
    class_of_resolution={Resolution.NONE_NEEDED: ExceptionClass.CLEAN},
)
