"""Label of stock_risk: did the site run out of the item, or serve a customer short.

The window begins when asked and includes the horizon's last day at the site: the day in which
it ends, or that ends with it. A shortage counts by when it happened. Without any report of
stock or line of demand in the window nobody looked, and the label is not known.
"""

from __future__ import annotations

from typing import cast

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.calendar_days import ends_of_days, local_days
from data.contracts.items import ITEM_ID
from data.contracts.order_lines import ORDER_LINES, QUANTITY_SHORT
from data.contracts.sites import SITE_ID, SITES, TIME_ZONE
from data.contracts.stock_levels import ON_HAND, STOCK_LEVELS
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.store import Store
from models.task import Task
from training.dataset.asks import ASKED_AT, ROW, Asks
from training.dataset.labels import (
    ONE_DAY,
    Labels,
    align_rows,
    build_labels,
    last_known_moment,
    moment_column,
)

OVER = "over"


def label_asks(store: Store, asks: Asks, task: Task) -> Labels:
    """Label 1 a site-item that was short of stock within the horizon, 0 any other.

    Matures when the horizon is over; a shortage that was posted only later, when it was.
    """
    over = _horizon_ends(asks, task)
    seen = _shortages_in_window(store, asks, over)
    found = align_rows(seen, np.arange(len(asks)).astype(object), ROW)
    short = found["short"].fillna(False).to_numpy(dtype=bool)
    matured = np.where(short, np.fmax(moment_column(found, "short_known_at"), over), over)
    looked = found["short"].notna().to_numpy()
    end = last_known_moment(store, STOCK_LEVELS.name, ORDER_LINES.name)
    return build_labels(looked & (matured <= end), short.astype(np.int64), matured)


def add_time_zones(store: Store, frame: pd.DataFrame) -> pd.DataFrame:
    """Add the time zone of each site, missing where it is not known."""
    sites = store.table(SITES.name)
    zones = sites.select(SITE_ID, TIME_ZONE).to_pandas()
    return frame.merge(zones.drop_duplicates(SITE_ID), on=SITE_ID, how="left")


def _horizon_ends(asks: Asks, task: Task) -> NDArray[np.datetime64]:
    zones = asks.text(TIME_ZONE)
    last_moment = asks.asked_at + ONE_DAY * task.horizon_days - np.timedelta64(1, "us")
    return ends_of_days(local_days(last_moment, zones), zones)


def _shortages_in_window(store: Store, asks: Asks, over: NDArray[np.datetime64]) -> ir.Table:
    """For each ask with anything in its window: was it short, and when that was first known.

    over: moment at which each ask's horizon is over.
    """
    keys = asks.frame[[SITE_ID, ITEM_ID, ASKED_AT]].assign(
        **{ROW: np.arange(len(asks)), OVER: pd.Series(over).dt.tz_localize("UTC")}
    )
    pairs = ibis.memtable(keys).inner_join(_shortage_rows(store), [SITE_ID, ITEM_ID])
    after = pairs[HAPPENED_AT] > pairs[ASKED_AT]
    inside = pairs.filter(after, pairs[HAPPENED_AT] <= pairs[OVER])
    return inside.group_by(ROW).agg(
        short=inside["short"].any(),
        short_known_at=inside[KNOWN_AT].min(where=inside["short"]),
    )


def _shortage_rows(store: Store) -> ir.Table:
    """Days on which stock was reported or asked for, and whether there was too little."""
    levels, lines = store.table(STOCK_LEVELS.name), store.table(ORDER_LINES.name)
    rows = [
        table.select(SITE_ID, ITEM_ID, HAPPENED_AT, KNOWN_AT, short=short)
        for table, short in ((levels, levels[ON_HAND] <= 0), (lines, lines[QUANTITY_SHORT] > 0))
    ]
    return cast("ir.Table", rows[0].union(rows[1]))
