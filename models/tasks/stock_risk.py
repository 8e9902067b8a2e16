"""stock_risk: will a site run out of an item within the horizon?"""

from __future__ import annotations

from features.request.stock_risk import FEATURES, HORIZON_DAYS
from models.task import Task, TaskName

STOCK_RISK = Task(
    name=TaskName.STOCK_RISK,
    question="Will this site run out of this item within the horizon?",
    classes=("IN_STOCK", "STOCK_OUT"),
    features=FEATURES,
    horizon_days=HORIZON_DAYS,
    lightgbm={
        "learning_rate": 0.05,
        "num_leaves": 31,
        "min_data_in_leaf": 50,
        "lambda_l2": 10.0,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
    },
)
