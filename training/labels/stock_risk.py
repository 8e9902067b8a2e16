"""Label of stock_risk: did the site run out of the item, or serve a customer short.

The window is (asked, asked + horizon]. A shortage counts by when it happened. Without any
report of stock or line of demand in the window nobody looked, and the label is not known.
"""

from __future__ import annotations

from typing import cast

import ibis
import ibis.expr.types as ir
import numpy as np

from data.contracts.items import ITEM_ID
from data.contracts.order_lines import ORDER_LINES, QUANTITY_SHORT
from data.contracts.sites import SITE_ID
from data.contracts.stock_levels import ON_HAND, STOCK_LEVELS
from data.contracts.table import HAPPENED_AT, KNOWN_AT
from data.store import Store
from models.task import Task
from training.asks.asks import ASKED_AT, ROW, Asks
from training.labels.labels import DAY, Labels, aligned, column, data_end, labels_of


def labels(store: Store, asks: Asks, task: Task) -> Labels:
    """1 = short of stock within the horizon, 0 = not.

    Matures when the horizon is over; a shortage that was posted only later, when it was.
    """
    seen = _seen(store, asks, task)
    found = aligned(seen, np.arange(len(asks)).astype(object), ROW)
    short = found["short"].fillna(False).to_numpy(dtype=bool)
    over = asks.asked_at + DAY * task.horizon_days
    matured = np.where(short, np.fmax(column(found, "short_known_at"), over), over)
    looked = found["short"].notna().to_numpy()
    end = data_end(store, STOCK_LEVELS.name, ORDER_LINES.name)
    return labels_of(looked & (matured <= end), short.astype(np.int64), matured)


def _seen(store: Store, asks: Asks, task: Task) -> ir.Table:
    """For each ask with anything in its window: was it short, and when that was first known."""
    keys = asks.frame[[SITE_ID, ITEM_ID, ASKED_AT]].assign(**{ROW: np.arange(len(asks))})
    pairs = ibis.memtable(keys).inner_join(_evidence(store), [SITE_ID, ITEM_ID])
    until = pairs[ASKED_AT] + ibis.interval(days=task.horizon_days)
    inside = pairs.filter(pairs[HAPPENED_AT] > pairs[ASKED_AT], pairs[HAPPENED_AT] <= until)
    return inside.group_by(ROW).agg(
        short=inside["short"].any(),
        short_known_at=inside[KNOWN_AT].min(where=inside["short"]),
    )


def _evidence(store: Store) -> ir.Table:
    """Days on which stock was reported or asked for, and whether there was too little."""
    levels, lines = store.table(STOCK_LEVELS.name), store.table(ORDER_LINES.name)
    rows = [
        table.select(SITE_ID, ITEM_ID, HAPPENED_AT, KNOWN_AT, short=short)
        for table, short in ((levels, levels[ON_HAND] <= 0), (lines, lines[QUANTITY_SHORT] > 0))
    ]
    return cast("ir.Table", rows[0].union(rows[1]))
