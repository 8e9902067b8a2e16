"""The world's records as canonical tables: only what is known before the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.catalogue import TABLES
from data.contracts.items import CURRENCY, ITEM_ID
from data.contracts.order_lines import (
    ORDER_ID,
    ORDER_LINE_ID,
    QUANTITY_DEMANDED,
    QUANTITY_SHORT,
    SALES_PRICE,
)
from data.contracts.sites import SITE_ID
from data.contracts.stock_levels import (
    ACTIVE,
    AVERAGE_DEMAND,
    BACKORDERED,
    ON_HAND,
    ON_ORDER,
    QUANTITY_REQUESTED,
    REORDER_POINT,
    SAFETY_STOCK,
)
from data.contracts.stock_movements import MOVEMENT_ID, MOVEMENT_KIND, QUANTITY_MOVED
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column
from data.sources.simulator.chance import Ints
from data.sources.simulator.clock import DAY, moments, unambiguous
from data.sources.simulator.days import KINDS, Levels, Moves
from data.sources.simulator.demand import Demand
from data.sources.simulator.stacking import take
from data.sources.simulator.texts import coded, numbered
from data.sources.simulator.world import World

_CARRIED_DAYS = 91  # an item not issued for so long is no longer active


def canonical(
    name: str, world: World, happened: Ints, known: Ints, columns: Mapping[Column, Any]
) -> pd.DataFrame:
    """A canonical table from columns of equal length and the two clocks in minutes."""
    start = world.size.start
    frame = pd.DataFrame({str(column): values for column, values in columns.items()})
    frame[HAPPENED_AT] = moments(unambiguous(happened, start), start)
    frame[KNOWN_AT] = moments(unambiguous(known, start), start)
    return TABLES[name].conform(frame)


def in_order(world: World, known: Ints, tie: NDArray[Any]) -> Ints:
    """Rows known before the end, in the order in which they became known."""
    seen = np.flatnonzero(known < world.size.days * DAY)
    return seen[np.lexsort((tie[seen], known[seen]))]


def document_ids(site: NDArray[Any], number: NDArray[Any]) -> pd.Series:
    """S01-000017: every site numbers its documents; missing where the number is below zero."""
    return site_ids(site) + numbered("-", number, 6)


def site_ids(site: NDArray[Any]) -> pd.Series:
    """S01, S02, ..."""
    return numbered("S", site + 1, 2)


def item_ids(item: NDArray[Any]) -> pd.Series:
    """I00001, I00002, ..."""
    return numbered("I", item + 1, 5)


def supplier_ids(supplier: NDArray[Any]) -> pd.Series:
    """V001, V002, ..."""
    return numbered("V", supplier + 1, 3)


def order_lines(world: World, demand: Demand, short: Ints) -> pd.DataFrame:
    """Customers' order lines; known when they were due to be served."""
    at = np.lexsort((demand.pair, demand.order, demand.minute))
    pair, minute = demand.pair[at], demand.minute[at]
    _, first, order = np.unique(demand.order[at], return_index=True, return_inverse=True)
    turn = np.argsort(np.argsort(first))
    site, item = world.pairs.site[pair], world.pairs.item[pair]
    margin = 1.18 + 0.3 * ((pair * 37 % 101) / 101)
    columns = {
        ORDER_LINE_ID: document_ids(site, np.arange(1, len(at) + 1)),
        ORDER_ID: document_ids(site, turn[order] + 1),
        SITE_ID: site_ids(site),
        ITEM_ID: item_ids(item),
        QUANTITY_DEMANDED: demand.quantity[at].astype(np.float64),
        QUANTITY_SHORT: short[at].astype(np.float64),
        SALES_PRICE: np.round(world.items.cost[item] * margin, 2),
        CURRENCY: coded(["EUR"], np.zeros(len(at))),
    }
    return canonical("order_lines", world, minute, minute + 1, columns)


def stock_levels(world: World, levels: Levels) -> pd.DataFrame:
    """Weekly reports of stock, and the opening count."""
    pair = levels.pair
    idle = levels.minute // DAY - levels.last_issue
    wanted = np.where(levels.requested > 0, levels.requested, np.nan)
    columns = {
        SITE_ID: site_ids(world.pairs.site[pair]),
        ITEM_ID: item_ids(world.pairs.item[pair]),
        ON_HAND: levels.on_hand.astype(np.float64),
        ON_ORDER: levels.on_order.astype(np.float64),
        BACKORDERED: levels.owed.astype(np.float64),
        REORDER_POINT: levels.reorder_point,
        SAFETY_STOCK: levels.safety,
        QUANTITY_REQUESTED: wanted,
        AVERAGE_DEMAND: np.round(levels.demand, 4),
        ACTIVE: (idle <= _CARRIED_DAYS) & (levels.minute < world.pairs.delisted[pair] * DAY),
    }
    return canonical("stock_levels", world, levels.minute, levels.minute + 20, columns)


def stock_movements(world: World, moves: Moves) -> pd.DataFrame:
    """Changes of stock on hand: issues summed by day, everything else one by one."""
    known = moves.minute + 15
    moves = take(moves, in_order(world, known, moves.pair))
    site = world.pairs.site[moves.pair]
    columns = {
        MOVEMENT_ID: document_ids(site, np.arange(1, len(site) + 1)),
        SITE_ID: site_ids(site),
        ITEM_ID: item_ids(world.pairs.item[moves.pair]),
        MOVEMENT_KIND: coded(KINDS, moves.kind),
        QUANTITY_MOVED: moves.quantity.astype(np.float64),
    }
    return canonical("stock_movements", world, moves.minute, moves.minute + 15, columns)
