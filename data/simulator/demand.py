"""Customer demand: daily rates with seasons and bursts, and the order lines drawn from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.simulator.world.clock import DAY, HOUR, weekday, year_angle
from data.simulator.world.items import CATEGORY_NAMES
from data.simulator.world.random_streams import Ints, autoregressive_paths, episode_intensities
from data.simulator.world.world import World

_WEEKDAY_FACTORS = np.array([1.2, 1.15, 1.1, 1.1, 1.15, 0.3, 0.0])


@dataclass(frozen=True)
class CustomerDemand:
    """Order lines sorted by day, pair and minute; `first[d]` is the first line of day d."""

    pair: Ints
    quantity: Ints
    minute: Ints
    order: Ints
    first: Ints


def make_demand(world: World, rng: np.random.Generator) -> CustomerDemand:
    """Draw all customer order lines of the simulated period."""
    expected = _expected_lines(world, rng)
    lines = rng.poisson(expected)
    day, pair = np.nonzero(lines.T)
    times = lines.T[day, pair]
    day, pair = np.repeat(day, times), np.repeat(pair, times)
    order, minute = _group_into_orders(day, world.pairs.site[pair], rng)
    minute = minute + day * DAY
    sort = np.lexsort((order, minute, pair, day))
    pair, minute, order, day = pair[sort], minute[sort], order[sort], day[sort]
    typical = world.items.line_quantity[world.pairs.item[pair]]
    quantity = np.ceil(rng.gamma(0.9, 1.0, len(pair)) * typical).astype(np.int64)
    return CustomerDemand(
        pair=pair,
        quantity=np.maximum(quantity, 1),
        minute=minute,
        order=order,
        first=np.searchsorted(day, np.arange(world.size.days + 1)),
    )


def _expected_lines(world: World, rng: np.random.Generator) -> NDArray[np.float32]:
    """Expected order lines by pair and day."""
    pairs, items, days = world.pairs, world.items, world.size.days
    day = np.arange(days)
    weeks = days // 7 + 2
    waves = np.exp(autoregressive_paths(rng, len(pairs), weeks, 0.92, 0.22))
    bursts = rng.gamma(0.35, 1 / 0.35, (len(pairs), weeks))
    by_week = np.where(pairs.intermittent[:, None], waves * bursts, waves).astype(np.float32)
    rate = by_week[:, day // 7]
    rate *= _category_season(world, day, rng)[items.category[pairs.item]]
    rate *= _WEEKDAY_FACTORS[weekday(day, world.size.start)].astype(np.float32)
    rate *= np.exp(items.growth[pairs.item, None] * (day / 365)[None, :]).astype(np.float32)
    promotion = episode_intensities(rng, len(items), days, 0.7, (7, 21)).astype(np.float32)
    rate *= 1 + 2.2 * promotion[pairs.item]
    carried = (day >= pairs.listed[:, None]) & (day < pairs.delisted[:, None])
    rate *= carried
    rate *= pairs.rate[:, None].astype(np.float32)
    rate *= np.float32(world.size.demand_rate * days * len(pairs) / max(rate.sum(), 1e-9))
    return rate


def _category_season(world: World, day: Ints, rng: np.random.Generator) -> NDArray[np.float32]:
    """Yearly season by category and day: each has its own month and depth."""
    phase = rng.uniform(0, 2 * np.pi, len(CATEGORY_NAMES))[:, None]
    depth = rng.uniform(0.1, 0.45, len(CATEGORY_NAMES))[:, None]
    wave = 1 + depth * np.cos(year_angle(day, world.size.start)[None, :] - phase)
    return wave.astype(np.float32)


def _group_into_orders(day: Ints, site: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return the order of each line (about three lines each), and its minute of the day."""
    group, size = np.unique(day * 100 + site, return_inverse=True, return_counts=True)[1:]
    orders = np.maximum(size // 3, 1)
    offset = np.concatenate([[0], np.cumsum(orders)[:-1]])
    order = offset[group] + np.floor(rng.random(len(day)) * orders[group]).astype(np.int64)
    minute = rng.integers(6 * HOUR, 17 * HOUR, orders.sum())
    return order, minute[order]
