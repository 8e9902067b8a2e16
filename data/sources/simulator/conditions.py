"""Hidden conditions that make suppliers late: drift, congestion, crunches, seasons.

No table records them. Features can only see what they leave behind.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.sources.simulator.chance import episodes, wandering
from data.sources.simulator.clock import year_angle
from data.sources.simulator.items import CATEGORY_NAMES
from data.sources.simulator.suppliers import ORIGINS
from data.sources.simulator.world import World

BEYOND = 150  # days after the end for which orders may already be promised


def strain(world: World, rng: np.random.Generator) -> NDArray[np.float32]:
    """Log-odds of coming late, by supplier, category and day (the last runs past the end)."""
    days = world.size.days + BEYOND
    suppliers, categories = len(world.suppliers), len(CATEGORY_NAMES)
    weeks = days // 7 + 1
    drift = np.repeat(wandering(rng, suppliers, weeks, 0.96, 0.75), 7, axis=1)[:, :days]
    congestion = episodes(rng, len(ORIGINS), days, 1.6, (21, 70))
    crunch = episodes(rng, suppliers * categories, days, 0.9, (28, 84))
    by_supplier = (
        world.suppliers.lateness[:, None]
        + drift
        + 1.7 * congestion[world.suppliers.origin]
        + _season(world, days)
    )
    by_category = rng.normal(0, 0.3, (suppliers, categories, 1))
    total = by_supplier[:, None, :] + by_category
    total += 1.9 * crunch.reshape(suppliers, categories, days)
    return total.astype(np.float32)


def _season(world: World, days: int) -> NDArray[np.float64]:
    """Year-end peak everywhere; the new-year stop in February for sea freight."""
    angle = year_angle(np.arange(days), world.size.start)
    year_end = 0.7 * np.exp(3 * (np.cos(angle + 0.15) - 1))
    stop = 1.3 * np.exp(9 * (np.cos(angle - 0.85) - 1))
    by_sea = np.array([origin.mode == "sea" for origin in ORIGINS])[world.suppliers.origin]
    return np.asarray(year_end[None, :] + by_sea[:, None] * stop[None, :])
