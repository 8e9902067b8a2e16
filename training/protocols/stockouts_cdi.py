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
from data.sources import stockouts_cdi
from data.store import Store
from features.request.stock_risk import features
from models.catalogue import TASKS
from models.task import Task, TaskName
from training.asks import stock_risk
from training.asks.asks import ASKED_AT, Asks
from training.labels.labels import DAY, Labels, labels_of
from training.parameters.read import parameters
from training.protocols.protocol import Protocol
from training.protocols.tables import Flags, Floats, Tables

SOURCE = "stockouts_cdi"
PAIR = [str(SITE_ID), str(ITEM_ID)]
HORIZON_DAYS = 30
RULE_MONTHS = 3
NO_END = 1e6
"""Months of cover of a site-product with stock that issued nothing lately."""


def asks(store: Store, task: Task) -> Asks:
    """Every report of a carried site-product, at the midnight after its month."""
    return stock_risk.asks(store, task)


def labels(store: Store, asks: Asks, task: Task) -> Labels:
    """1 = closing stock of the next month is zero; matures at the midnight after that month."""
    del task
    month = asks.frame[ASKED_AT].dt.tz_localize(None).dt.to_period("M")
    levels = store.frame("stock_levels")
    levels = levels.assign(month=_month(levels[HAPPENED_AT])).drop_duplicates(
        [*PAIR, "month"], keep="last"
    )
    keys = asks.frame[PAIR].astype(object).assign(month=month.to_numpy())
    found = keys.merge(
        levels[[*PAIR, "month", ON_HAND, KNOWN_AT]].astype(dict.fromkeys(PAIR, object)),
        on=[*PAIR, "month"],
        how="left",
    )
    known = found[ON_HAND].notna().to_numpy()
    out = found[ON_HAND].to_numpy(dtype=np.float64) <= 0
    closed = found[KNOWN_AT].to_numpy(dtype="datetime64[us]").astype("datetime64[D]") + DAY
    return labels_of(known, out.astype(np.int64), closed.astype("datetime64[us]"))


def _month(moment: pd.Series[pd.Timestamp]) -> pd.Series[pd.Period]:
    return moment.dt.tz_localize(None).dt.to_period("M")


def segments(asks: Asks) -> Mapping[str, Flags]:
    """Asks with stock in hand."""
    return {"in_stock": asks.frame[ON_HAND].to_numpy(dtype=np.float64) > 0}


def rules(store: Store, asks: Asks) -> Mapping[str, Floats]:
    """Low closing stock, and low closing stock against the issues of three months."""
    stock = asks.frame[ON_HAND].to_numpy(dtype=np.float64)
    issues = _issues(store, asks)
    cover = np.where(issues > 0, stock / np.where(issues > 0, issues, 1.0), NO_END)
    return {"low_stock": -stock, "stock_cover": -np.where(stock <= 0, 0.0, cover)}


def _issues(store: Store, asks: Asks) -> Floats:
    """Mean monthly issues of the last `RULE_MONTHS` months of each ask's site-product."""
    moved = store.frame("stock_movements")
    issued = moved[moved[MOVEMENT_KIND] == MovementKind.ISSUE.value]
    month = _month(issued[HAPPENED_AT])
    monthly = (-issued[QUANTITY_MOVED]).groupby([issued[SITE_ID], issued[ITEM_ID], month]).sum()
    asked = asks.frame[ASKED_AT].dt.tz_localize(None).dt.to_period("M")
    total = np.zeros(len(asks))
    for back in range(1, RULE_MONTHS + 1):
        keys = pd.MultiIndex.from_arrays([asks.text(SITE_ID), asks.text(ITEM_ID), asked - back])
        total += np.nan_to_num(monthly.reindex(keys).to_numpy(dtype=np.float64))
    return total / RULE_MONTHS


ASKED = replace(
    TASKS[TaskName.STOCK_RISK],
    question="Will this site be out of this product at the end of next month?",
    horizon_days=HORIZON_DAYS,
    features=features(HORIZON_DAYS),
)


def protocol() -> Protocol:
    """The protocol, with the parameters of the set's file."""
    chosen = parameters(SOURCE)
    return Protocol(
        source=SOURCE,
        task=chosen.task(ASKED),
        gather=Tables(SOURCE, stockouts_cdi.read, asks, labels, segments, rules).gather,
        drawn_by="site",
        apart=False,
        options=chosen.options,
    )
