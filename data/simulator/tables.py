"""Canonical tables of the simulation: shared columns, master data, demand and stock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.catalogue import TABLES
from data.contracts.exchange_rates import EXCHANGE_RATE, REPORTING_CURRENCY
from data.contracts.item_units import BASE_UNITS, UNIT
from data.contracts.items import (
    BASE_UNIT,
    CATEGORY,
    CURRENCY,
    ITEM_ID,
    ITEM_NAME,
    PACK_SIZE,
    SUBCATEGORY,
    UNIT_COST,
)
from data.contracts.order_lines import (
    ORDER_ID,
    ORDER_LINE_ID,
    QUANTITY_DEMANDED,
    QUANTITY_SHORT,
    SALES_PRICE,
)
from data.contracts.sites import (
    COUNTRY,
    LATITUDE,
    LONGITUDE,
    REGION,
    SITE_ID,
    SITE_KIND,
    SITE_NAME,
    SITE_TYPE,
    TIME_ZONE,
)
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
from data.contracts.suppliers import (
    BANK_ACCOUNT,
    PAYMENT_TERM,
    SENDS_ASN,
    SUPPLIER_ID,
    SUPPLIER_NAME,
    VAT_ID,
)
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column
from data.simulator.daily_operations import MOVEMENT_KINDS, StockMovements, StockReports
from data.simulator.demand import CustomerDemand
from data.simulator.prices import CURRENCIES, PLANNED_DAYS, Prices
from data.simulator.world.clock import DAY, avoid_clock_changes, utc_timestamps
from data.simulator.world.columns import decoded_text, numbered_ids, take_rows, text_column
from data.simulator.world.items import CATEGORY_NAMES
from data.simulator.world.random_streams import Ints
from data.simulator.world.suppliers import ORIGINS
from data.simulator.world.world import World

_CARRIED_DAYS = 91  # an item not issued for so long is no longer active


def canonical_table(
    name: str, world: World, happened: Ints, known: Ints, columns: Mapping[Column, Any]
) -> pd.DataFrame:
    """A canonical table from columns of equal length and the two clocks in minutes."""
    start = world.size.start
    frame = pd.DataFrame({str(column): values for column, values in columns.items()})
    frame[HAPPENED_AT] = utc_timestamps(avoid_clock_changes(happened, start), start)
    frame[KNOWN_AT] = utc_timestamps(avoid_clock_changes(known, start), start)
    return TABLES[name].conform(frame)


def known_before_end(world: World, table: pd.DataFrame) -> pd.DataFrame:
    """The rows known before the end, in the order in which they became known."""
    end = pd.Timestamp(world.size.end, tz="UTC")
    return table[table[KNOWN_AT] < end].sort_values(KNOWN_AT, kind="stable", ignore_index=True)


def rows_in_known_order(world: World, known: Ints, tie: NDArray[Any]) -> Ints:
    """Rows known before the end, in the order in which they became known."""
    seen = np.flatnonzero(known < world.size.days * DAY)
    return seen[np.lexsort((tie[seen], known[seen]))]


def document_ids(site: NDArray[Any], number: NDArray[Any]) -> pd.Series:
    """S01-000017: every site numbers its documents; missing where the number is below zero."""
    return site_ids(site) + numbered_ids("-", number, 6)


def site_ids(site: NDArray[Any]) -> pd.Series:
    """S01, S02, ..."""
    return numbered_ids("S", site + 1, 2)


def item_ids(item: NDArray[Any]) -> pd.Series:
    """I00001, I00002, ..."""
    return numbered_ids("I", item + 1, 5)


def supplier_ids(supplier: NDArray[Any]) -> pd.Series:
    """V001, V002, ..."""
    return numbered_ids("V", supplier + 1, 3)


def order_lines(world: World, demand: CustomerDemand, short: Ints) -> pd.DataFrame:
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
        CURRENCY: decoded_text(["EUR"], np.zeros(len(at))),
    }
    return canonical_table("order_lines", world, minute, minute + 1, columns)


def stock_levels(world: World, levels: StockReports) -> pd.DataFrame:
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
    return canonical_table("stock_levels", world, levels.minute, levels.minute + 20, columns)


def stock_movements(world: World, moves: StockMovements) -> pd.DataFrame:
    """Changes of stock on hand: issues summed by day, everything else one by one."""
    known = moves.minute + 15
    moves = take_rows(moves, rows_in_known_order(world, known, moves.pair))
    site = world.pairs.site[moves.pair]
    columns = {
        MOVEMENT_ID: document_ids(site, np.arange(1, len(site) + 1)),
        SITE_ID: site_ids(site),
        ITEM_ID: item_ids(world.pairs.item[moves.pair]),
        MOVEMENT_KIND: decoded_text(MOVEMENT_KINDS, moves.kind),
        QUANTITY_MOVED: moves.quantity.astype(np.float64),
    }
    return canonical_table("stock_movements", world, moves.minute, moves.minute + 15, columns)


def site_table(world: World) -> pd.DataFrame:
    """Build the table of sites: location and kind, not their hidden parameters."""
    own = world.sites
    columns = {
        SITE_ID: site_ids(np.arange(len(own))),
        SITE_NAME: [site.name for site in own],
        SITE_KIND: [str(site.kind) for site in own],
        SITE_TYPE: [site.site_type for site in own],
        REGION: [site.region for site in own],
        COUNTRY: [site.country for site in own],
        TIME_ZONE: [site.time_zone for site in own],
        LATITUDE: [site.latitude for site in own],
        LONGITUDE: [site.longitude for site in own],
    }
    return _master_table("sites", world, len(own), columns)


def item_table(world: World) -> pd.DataFrame:
    """Build the table of items; costs are in euros."""
    own = world.items
    sub = own.subcategory_names()
    number = np.arange(len(own))
    names = [f"{sub[n].capitalize()} {CATEGORY_NAMES[own.category[n]][:3]}-{n + 1}" for n in number]
    columns = {
        ITEM_ID: item_ids(number),
        ITEM_NAME: names,
        CATEGORY: decoded_text(CATEGORY_NAMES, own.category),
        SUBCATEGORY: text_column(sub),
        BASE_UNIT: decoded_text(["EA"], np.zeros(len(own))),
        PACK_SIZE: own.pack.astype(np.float64),
        UNIT_COST: own.cost,
        CURRENCY: decoded_text(["EUR"], np.zeros(len(own))),
    }
    return _master_table("items", world, len(own), columns)


def supplier_table(world: World) -> pd.DataFrame:
    """Build the table of suppliers: terms, and whether they agreed to send ship notices."""
    own = world.suppliers
    number = np.arange(len(own))
    # Two suppliers of one group have one tax number and are paid to one account.
    group = np.where(own.sister >= 0, np.minimum(number, own.sister), number)
    vat = [f"{ORIGINS[own.origin[n]].country}{100_000_000 + 7919 * n}" for n in number]
    accounts = [f"{ORIGINS[own.origin[n]].country}{10**17 + 104_729 * n}" for n in number]
    columns = {
        SUPPLIER_ID: supplier_ids(np.arange(len(own))),
        SUPPLIER_NAME: text_column(own.name),
        COUNTRY: [ORIGINS[origin].country for origin in own.origin],
        PAYMENT_TERM: own.payment_term.astype(np.float64),
        SENDS_ASN: own.sends_asn,
        VAT_ID: decoded_text(vat, group),
        BANK_ACCOUNT: decoded_text(accounts, group),
    }
    return _master_table("suppliers", world, len(own), columns)


def item_unit_table(world: World) -> pd.DataFrame:
    """Build the table of units: the cases in which items are ordered and invoiced."""
    items = np.flatnonzero(world.items.pack > 1)
    columns = {
        ITEM_ID: item_ids(items),
        UNIT: decoded_text(["CS"], np.zeros(len(items))),
        BASE_UNITS: world.items.pack[items].astype(np.float64),
    }
    return _master_table("item_units", world, len(items), columns)


def exchange_rate_table(world: World, prices: Prices) -> pd.DataFrame:
    """Build the table of rates that orders are priced at, fixed for a quarter."""
    days = np.arange(0, world.size.days, PLANNED_DAYS)
    currency, day = (grid.ravel() for grid in np.meshgrid(np.arange(len(CURRENCIES)), days))
    columns = {
        CURRENCY: decoded_text(CURRENCIES, currency),
        REPORTING_CURRENCY: decoded_text(["EUR"], np.zeros(len(day))),
        EXCHANGE_RATE: np.round(prices.planned[currency, day], 6),
    }
    return canonical_table("exchange_rates", world, day * DAY, day * DAY, columns)


def _master_table(
    name: str, world: World, rows: int, columns: Mapping[Column, Any]
) -> pd.DataFrame:
    """Master data, entered on the first of January of the year in which the world begins."""
    start = world.size.start
    entered = np.full(rows, (date(start.year, 1, 1) - start).days * DAY, dtype=np.int64)
    return canonical_table(name, world, entered, entered, columns)
