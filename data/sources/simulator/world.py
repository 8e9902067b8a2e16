"""The world before the first day: sites, items, suppliers, who carries what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.sources.simulator.chance import Floats, stream
from data.sources.simulator.habits import Habits, habits
from data.sources.simulator.items import Items, Pairs, make_items, make_pairs
from data.sources.simulator.size import Size
from data.sources.simulator.suppliers import Suppliers, make_suppliers


@dataclass(frozen=True)
class World:
    """What stands still while the days go by."""

    size: Size
    sites: tuple[Habits, ...]
    suppliers: Suppliers
    items: Items
    pairs: Pairs

    def habit(self, name: str) -> Floats:
        """One numeric habit of every site, in site order."""
        return np.array([getattr(site, name) for site in self.sites], dtype=np.float64)


def make_world(size: Size, seed: int) -> World:
    """The world of a seed."""
    sites = habits(size.sites)
    scale = np.array([site.scale for site in sites])
    items = make_items(size, stream(seed, "items"))
    return World(
        size=size,
        sites=sites,
        suppliers=make_suppliers(size, stream(seed, "suppliers")),
        items=items,
        pairs=make_pairs(size, items, scale, stream(seed, "assortment")),
    )
