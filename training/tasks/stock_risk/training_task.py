"""Training side of stock_risk: its object, baseline rules and purpose."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.contracts.items import ITEM_ID
from data.contracts.sites import SITE_ID
from data.contracts.stock_levels import STOCK_LEVELS
from features.tasks.stock_risk.feature_set import SHAPE, STREAMS
from models.tasks.stock_risk import STOCK_RISK
from training.dataset.training_task import Floats, ModelPurpose, TrainingTask, feature_values
from training.tasks.stock_risk.asks import query_asks, query_open_asks
from training.tasks.stock_risk.labels import add_time_zones, label_asks

PURPOSE = ModelPurpose(
    use="To look first at the items of a site that are most likely to run out.",
    readers="planner",
    ask="an item at a site, at a moment",
    never=(
        (
            "To set safety stocks or order quantities: it says how likely a stock-out is, not "
            "how much to order."
        ),
    ),
    limits=(
        "Sales during a stock-out are not demand; what could not be sold is not seen.",
        "Receipts after the horizon are no cover, however certain they are.",
    ),
)


def stock_cover(inputs: pd.DataFrame) -> Floats:
    """Score a site-item by the days that its stock lasts, negated; none on hand lasts 0 days."""
    days = feature_values(inputs, "days_of_supply_84d")
    return 0.0 - np.where(feature_values(inputs, "is_out") > 0, 0.0, days)


def projected_cover(inputs: pd.DataFrame) -> Floats:
    """Score a site-item by the days of demand left at the horizon, receipts included, negated."""
    return 0.0 - feature_values(inputs, "projected_cover_days")


STOCK_RISK_TRAINING = TrainingTask(
    task=STOCK_RISK,
    shape=SHAPE,
    streams=STREAMS,
    reference=(SITE_ID, ITEM_ID),
    needs={STOCK_LEVELS.name: "reports of what each site holds of each item"},
    labels_from="later rows of stock_levels, and order_lines of customers",
    standing=True,
    query_asks=query_asks,
    query_open_asks=query_open_asks,
    label_asks=label_asks,
    baseline_rules={"stock_cover": stock_cover, "projected_cover": projected_cover},
    purpose=PURPOSE,
    add_outcome_facts=add_time_zones,
)
