"""Task stock_risk: will a site run out of an item within the horizon?"""

from __future__ import annotations

from features.tasks.stock_risk.feature_set import FEATURES, HORIZON_DAYS
from models.task import AbstentionLimits, Task, TaskName

STOCK_RISK = Task(
    name=TaskName("stock_risk"),
    question="Will this site run out of this item within the horizon?",
    classes=("IN_STOCK", "STOCK_OUT"),
    features=FEATURES,
    horizon_days=HORIZON_DAYS,
    abstention=AbstentionLimits(key_features=("category", "region", "site_type")),
)
