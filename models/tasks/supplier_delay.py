"""Task supplier_delay: will an open order line come later than promised, and by how much?"""

from features.tasks.supplier_delay.feature_set import FEATURES
from models.task import AbstentionLimits, Task, TaskName

SUPPLIER_DELAY = Task(
    name=TaskName("supplier_delay"),
    question="Will this order line be complete later than the day promised?",
    classes=("ON_TIME", "LATE"),
    features=FEATURES,
    horizon_days=0,  # a line's question is over when its promised day is
    tolerance_days=0,
    settle_days=21,  # late lines come within it, nineteen in twenty
    # The last one is after the promise: a line that is open then is late, and the model
    # must have seen it, for people ask about overdue lines too.
    ask_before_days=(14, 7, 2, -3),
    quantiles=(0.1, 0.5, 0.9),
    abstention=AbstentionLimits(key_features=("supplier_id", "site_id", "category")),
)
