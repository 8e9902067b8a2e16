"""stockouts_cdi: will a site be out of a product at the end of next month?

Asked at the midnight that ends a month, of site-products that issued something in their last
six records. The label is the closing stock of the very next month; a month that was not
reported leaves it unknown. `in_stock` are the asks that still have stock: new stock-outs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from data.contracts.items import ITEM_ID
from data.contracts.sites import SITE_ID
from data.contracts.stock_levels import ON_HAND
from data.contracts.stock_movements import MOVEMENT_KIND, QUANTITY_MOVED, MovementKind
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.sources.public_sets import stockouts_cdi
from data.store import Store
from features.tasks.stock_risk.feature_set import stock_risk_features
from models.task import Task
from models.tasks.stock_risk import STOCK_RISK
from training.backtest.protocols.canonical_sets import CanonicalSet, Flags, Floats
from training.backtest.protocols.protocol import BacktestProtocol
from training.dataset.asks import ASKED_AT, Asks
from training.dataset.labels import ONE_DAY, Labels, build_labels
from training.parameters.parameter_files import load_parameters
from training.tasks.stock_risk import asks as stock_risk_asks

SOURCE = "stockouts_cdi"
SITE_ITEM_COLUMNS = [str(SITE_ID), str(ITEM_ID)]
HORIZON_DAYS = 30
RULE_MONTHS = 3
MAX_COVER_MONTHS = 1e6
"""Months of cover of a site-product with stock that issued nothing lately."""


def query_asks(store: Store, task: Task) -> Asks:
    """Ask about every report of a carried site-product, at the midnight after its month."""
    return stock_risk_asks.query_asks(store, task)


def label_asks(store: Store, asks: Asks, task: Task) -> Labels:
    """1 = closing stock of the next month is zero; matures at the midnight after that month."""
    del task
    month = asks.frame[ASKED_AT].dt.tz_localize(None).dt.to_period("M")
    levels = store.frame("stock_levels")
    levels = levels.assign(month=_month(levels[HAPPENED_AT])).drop_duplicates(
        [*SITE_ITEM_COLUMNS, "month"], keep="last"
    )
    keys = asks.frame[SITE_ITEM_COLUMNS].astype(object).assign(month=month.to_numpy())
    found = keys.merge(
        levels[[*SITE_ITEM_COLUMNS, "month", ON_HAND, KNOWN_AT]].astype(
            dict.fromkeys(SITE_ITEM_COLUMNS, object)
        ),
        on=[*SITE_ITEM_COLUMNS, "month"],
        how="left",
    )
    known = found[ON_HAND].notna().to_numpy()
    out = found[ON_HAND].to_numpy(dtype=np.float64) <= 0
    closed = found[KNOWN_AT].to_numpy(dtype="datetime64[us]").astype("datetime64[D]") + ONE_DAY
    return build_labels(known, out.astype(np.int64), closed.astype("datetime64[us]"))


def _month(moment: pd.Series[pd.Timestamp]) -> pd.Series[pd.Period]:
    return moment.dt.tz_localize(None).dt.to_period("M")


def segment_masks(asks: Asks) -> Mapping[str, Flags]:
    """Segment the asks that have stock in hand."""
    return {"in_stock": asks.frame[ON_HAND].to_numpy(dtype=np.float64) > 0}


def rule_scores(store: Store, asks: Asks) -> Mapping[str, Floats]:
    """Low closing stock, and low closing stock against the issues of three months."""
    stock = asks.frame[ON_HAND].to_numpy(dtype=np.float64)
    issues = _mean_monthly_issues(store, asks)
    cover = np.where(issues > 0, stock / np.where(issues > 0, issues, 1.0), MAX_COVER_MONTHS)
    return {"low_stock": -stock, "stock_cover": -np.where(stock <= 0, 0.0, cover)}


def _mean_monthly_issues(store: Store, asks: Asks) -> Floats:
    """Mean monthly issues of the last `RULE_MONTHS` months of each ask's site-product."""
    moved = store.frame("stock_movements")
    issued = moved[moved[MOVEMENT_KIND] == MovementKind.ISSUE.value]
    month = _month(issued[HAPPENED_AT])
    monthly = (-issued[QUANTITY_MOVED]).groupby([issued[SITE_ID], issued[ITEM_ID], month]).sum()
    asked_in = asks.frame[ASKED_AT].dt.tz_localize(None).dt.to_period("M")
    total = np.zeros(len(asks))
    for back in range(1, RULE_MONTHS + 1):
        keys = pd.MultiIndex.from_arrays([asks.text(SITE_ID), asks.text(ITEM_ID), asked_in - back])
        total += np.nan_to_num(monthly.reindex(keys).to_numpy(dtype=np.float64))
    return total / RULE_MONTHS


TASK = replace(
    STOCK_RISK,
    question="Will this site be out of this product at the end of next month?",
    horizon_days=HORIZON_DAYS,
    features=stock_risk_features(HORIZON_DAYS),
)


def build_protocol() -> BacktestProtocol:
    """The protocol, with the parameters of the set's file."""
    chosen = load_parameters(SOURCE)
    return BacktestProtocol(
        source=SOURCE,
        task=chosen.task(TASK),
        gather=CanonicalSet(
            SOURCE, stockouts_cdi.read, query_asks, label_asks, segment_masks, rule_scores
        ).gather,
        bootstrap_unit="site",
        apart=False,
        options=chosen.options,
    )
