"""Prices: suppliers' lists, what sites know of them, and currency rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.simulator.deliveries import PurchaseOrderLines
from data.simulator.world.clock import DAY
from data.simulator.world.random_streams import Floats, Ints, autoregressive_paths
from data.simulator.world.suppliers import ORIGINS
from data.simulator.world.world import World

CURRENCIES = ("EUR", "GBP", "PLN", "USD")
_EURO_RATES = np.array([1.0, 1.17, 0.23, 0.92])  # euros for one unit, at the start
PLANNED_DAYS = 91  # days for which a planned rate is fixed
_DAYS_BEYOND_END = 200


@dataclass(frozen=True)
class Prices:
    """Price lists and currency rates.

    Attributes:
        listed: supplier's true list factor by day.
        known: the factor in a site's system.
        spot: euros for a currency's unit by day.
        planned: the rate that orders are priced at, fixed for a quarter.
        currency: index in CURRENCIES of each supplier's orders.
    """

    listed: Floats  # supplier, day
    known: Floats  # site, supplier, day
    spot: Floats  # currency, day
    planned: Floats  # currency, day
    currency: Ints


def make_prices(world: World, rng: np.random.Generator) -> Prices:
    """Price lists and rates for the world's life."""
    days, suppliers = world.size.days + _DAYS_BEYOND_END, len(world.suppliers)
    listed = np.ones((suppliers, days))
    known = np.ones((len(world.sites), suppliers, days))
    lags = world.site_parameter("list_lag_days")
    for supplier in range(suppliers):
        for day in np.sort(rng.integers(-60, days, rng.poisson(1.3 * days / 365))):
            step = 1 + rng.choice([0.02, 0.03, 0.04, 0.06, 0.08, -0.03])
            listed[supplier, max(day, 0) :] *= step
            announced = rng.random(len(lags)) < 0.35
            late = np.where(announced, 0, rng.gamma(1.5, lags / 1.5)).astype(np.int64)
            for site, begins in enumerate(day + late):
                known[site, supplier, max(int(begins), 0) :] *= step
    drift = np.exp(np.cumsum(rng.normal(0, 0.0045, (len(CURRENCIES), days)), axis=1))
    drift[0] = 1.0
    spot = _EURO_RATES[:, None] * drift
    quarter = np.arange(days) // PLANNED_DAYS * PLANNED_DAYS
    codes = [CURRENCIES.index(ORIGINS[origin].currency) for origin in world.suppliers.origin]
    return Prices(listed, known, spot, spot[:, quarter], np.array(codes, dtype=np.int64))


def order_prices(
    world: World, prices: Prices, lines: PurchaseOrderLines, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Price on each order line, in the supplier's currency, and the true price's factor to it."""
    pairs = world.pairs
    supplier, item = pairs.supplier[lines.pair], pairs.item[lines.pair]
    site, day = pairs.site[lines.pair], lines.placed // DAY
    deal = rng.normal(1.0, 0.06, (len(world.items), 2)).clip(0.8, 1.25)
    usual = (
        world.items.cost[item] * deal[item, (supplier != world.items.supplier[item]).astype(int)]
    )
    rate = prices.planned[prices.currency[supplier], day]
    known = prices.known[site, supplier, day]
    price = np.maximum(np.round(usual * known / rate, 4), 0.01)
    return price, prices.listed[supplier, day] / known


def forgotten_rebate_shares(world: World, rng: np.random.Generator) -> NDArray[np.float64]:
    """Share of lines whose agreed rebate a supplier forgets, by supplier and week."""
    weeks = (world.size.days + _DAYS_BEYOND_END) // 7 + 1
    level = autoregressive_paths(rng, len(world.suppliers), weeks, 0.9, 1.0)
    return np.asarray(0.05 / (1 + np.exp(-2.2 * (level - 1.6))))
