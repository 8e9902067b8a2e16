"""Task uninvoiced_receipt: will a goods receipt still be without an invoice in three days?"""

from features.tasks.uninvoiced_receipt.feature_set import FEATURES
from models.task import AbstentionLimits, Task, TaskName

UNINVOICED_RECEIPT = Task(
    name=TaskName("uninvoiced_receipt"),
    question="Will this goods receipt still be without an invoice in three days?",
    classes=("INVOICED", "UNINVOICED"),
    features=FEATURES,
    horizon_days=3,
    # Its history is short, so fifty similar past cases have to be enough.
    abstention=AbstentionLimits(key_features=("supplier_id", "site_id"), few=50),
)
