"""Simulated items, and which site carries which of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.simulator.world.random_streams import Flags, Floats, Ints
from data.simulator.world.size import WorldSize

CATEGORIES = {
    "fasteners": ("screws", "anchors", "rivets"),
    "electrical": ("cable", "switches", "lighting"),
    "plumbing": ("pipe", "fittings", "valves"),
    "safety": ("gloves", "eyewear", "footwear"),
    "tools": ("hand tools", "power tools", "abrasives"),
    "chemicals": ("adhesives", "coatings", "cleaners"),
    "packaging": ("boxes", "tape", "film"),
    "bearings": ("ball", "roller", "housings"),
}
CATEGORY_NAMES = tuple(CATEGORIES)
_COST = (0.4, 9.0, 6.0, 7.0, 22.0, 5.0, 1.2, 14.0)
_NEVER_DELISTED = 1_000_000  # a day beyond every world
_PACKS = np.array([1, 6, 10, 12, 24, 48])


@dataclass(frozen=True)
class Items:
    """Columns over items.

    Attributes:
        line_quantity: typical quantity of a customer's order line.
    """

    category: Ints
    subcategory: Ints
    pack: Ints
    cost: Floats
    popularity: Floats
    line_quantity: Floats
    growth: Floats
    fragile: Floats
    supplier: Ints
    second_supplier: Ints

    def __len__(self) -> int:
        return len(self.category)

    def subcategory_names(self) -> NDArray[np.object_]:
        """Name of each item's subcategory."""
        names = np.array(list(CATEGORIES.values()), dtype=object)
        return np.asarray(names[self.category, self.subcategory])


@dataclass(frozen=True)
class SiteItems:
    """Columns over stocked site-items, sorted by site, then item.

    Attributes:
        rate: order lines a day before season.
        intermittent: whether demand comes in bursts.
        listed, delisted: first day carried, first day no longer carried.
        substitute: another pair of the same site and supplier (itself where there is none).
    """

    site: Ints
    item: Ints
    supplier: Ints
    rate: Floats
    intermittent: Flags
    listed: Ints
    delisted: Ints
    substitute: Ints

    def __len__(self) -> int:
        return len(self.site)


def make_items(size: WorldSize, rng: np.random.Generator) -> Items:
    """Items drawn at random, each from a supplier who serves its category."""
    n = size.items
    category = rng.integers(len(CATEGORY_NAMES), size=n)
    home = rng.integers(len(CATEGORY_NAMES), size=size.suppliers)  # what a supplier is good at
    suppliers = np.arange(size.suppliers)
    chosen = np.empty((2, n), dtype=np.int64)
    weight = rng.lognormal(0, 0.7, size.suppliers)
    for number in range(len(CATEGORY_NAMES)):
        odds = weight * np.where(home == number, 12.0, 1.0)
        of_category = np.flatnonzero(category == number)
        chosen[:, of_category] = rng.choice(suppliers, (2, len(of_category)), p=odds / odds.sum())
    return Items(
        category=category,
        subcategory=rng.integers(3, size=n),
        pack=_PACKS[rng.integers(len(_PACKS), size=n)],
        cost=np.round(np.array(_COST)[category] * rng.lognormal(0, 0.8, n) + 0.05, 2),
        popularity=rng.lognormal(0, 1.0, n),
        line_quantity=rng.lognormal(1.5, 0.7, n),
        growth=rng.normal(0.03, 0.18, n),
        fragile=rng.lognormal(-0.3, 0.8, n),
        supplier=chosen[0],
        second_supplier=chosen[1],
    )


def make_site_items(
    size: WorldSize, items: Items, scale: Floats, rng: np.random.Generator
) -> SiteItems:
    """Choose the items of each site: popular items everywhere, others here and there."""
    reach = 0.18 + 0.5 * (np.argsort(np.argsort(items.popularity)) / len(items))
    carried = rng.random((size.sites, len(items))) < reach * np.clip(scale, 0.7, 1.4)[:, None]
    carried[0, ~carried.any(axis=0)] = True
    site, item = np.nonzero(carried)
    n = len(site)
    second = rng.random(n) < 0.15
    rate = items.popularity[item] * scale[site] * rng.lognormal(0, 0.45, n)
    intermittent = rng.random(n) < np.clip(0.75 - rate * 0.3, 0.1, 0.75)
    listed = np.where(rng.random(n) < 0.07, rng.integers(0, size.days, n), 0)
    gone = rng.random(n) < 0.04
    supplier = np.where(second, items.second_supplier[item], items.supplier[item])
    return SiteItems(
        site=site,
        item=item,
        supplier=supplier,
        rate=rate,
        intermittent=intermittent,
        listed=listed,
        delisted=np.where(gone, rng.integers(listed, size.days), _NEVER_DELISTED),
        substitute=_substitutes(site, supplier, items.category[item]),
    )


def _substitutes(site: Ints, supplier: Ints, category: Ints) -> Ints:
    """The next pair of the same site, supplier and category, in a ring."""
    key = (site * 1000 + supplier) * 10 + category
    order = np.argsort(key, kind="stable")
    result = np.roll(order, -1)
    first = np.searchsorted(key[order], key[order])
    same = key[order] == key[result]
    ring = np.where(same, result, order[first])
    neighbours = np.empty(len(key), dtype=np.int64)
    neighbours[order] = ring
    return neighbours
