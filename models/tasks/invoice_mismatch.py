"""Task invoice_mismatch: in what class will an invoice line end?"""

from data.contracts.invoice_outcomes import ExceptionClass
from features.tasks.invoice_mismatch.feature_set import FEATURES
from models.task import AbstentionLimits, Task, TaskName

INVOICE_MISMATCH = Task(
    name=TaskName("invoice_mismatch"),
    question="In what class of exception, if any, will this invoice line end?",
    classes=tuple(kind.value for kind in ExceptionClass),  # CLEAN is the first
    features=FEATURES,
    horizon_days=30,
    abstention=AbstentionLimits(key_features=("supplier_id", "site_id", "category")),
)
