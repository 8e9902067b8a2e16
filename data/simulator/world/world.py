"""The simulated world before the first day.

Sites with their practices, suppliers, items, assortments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data.contracts.sites import SiteKind
from data.simulator.world.items import Items, SiteItems, make_items, make_site_items
from data.simulator.world.random_streams import Floats, random_stream
from data.simulator.world.size import WorldSize
from data.simulator.world.suppliers import Suppliers, make_suppliers


@dataclass(frozen=True)
class SimulatedSite:
    """One site with its hidden parameters. Only the first line of fields is ever recorded.

    Attributes:
        review_days: weekdays on which replenishment is planned.
        estimate_days: interval in days at which the average demand is recomputed.
        caution: factor on safety stock.
        cover_days: days that an order is meant to last.
        posting_days: typical days until a receipt is posted when it is posted late.
        posting_share: share of receipts that are posted late.
        *_tolerance: variance at which half of the cases are stopped.
        patience_days: days an invoice waits for its receipt.
        early_days: days before the promise that annoy the site.
        amount_limit: approval limit of a document, EUR.
        strictness: factor on how much is noticed at all.
        haste: factor on the time to resolve.
        list_lag_days: days until a supplier's new price list is in the system.
        unit_trouble: how often case and piece conversions are wrong here.
    """

    name: str
    kind: SiteKind
    site_type: str
    region: str
    country: str
    time_zone: str
    latitude: float
    longitude: float
    currency: str
    scale: float
    review_days: tuple[int, ...]
    estimate_days: int
    caution: float
    cover_days: float
    backorders: bool
    posting_days: float
    posting_share: float
    price_tolerance: float
    quantity_tolerance: float
    patience_days: float
    early_days: float
    amount_limit: float
    strictness: float
    haste: float
    list_lag_days: float
    unit_trouble: float


_DC = SiteKind.DISTRIBUTION_CENTRE
_WH = SiteKind.WAREHOUSE

# fmt: off
_SITES = (
    SimulatedSite("Hamburg", _DC, "central", "north", "DE", "Europe/Berlin", 53.55, 9.99,
           "EUR", 1.6, (0, 1, 2, 3, 4), 28, 1.15, 21, True, 1.0, 0.02, 0.030, 0.030, 14, 12, 26_000,
           1.00, 1.0, 15, 0.10),
    SimulatedSite("Manchester", _WH, "acquired", "west", "GB", "Europe/London", 53.48, -2.24,
           "GBP", 1.0, (0, 2, 4), 63, 1.00, 24, False, 1.5, 0.05, 0.020, 0.050, 11, 15, 9_000,
           1.15, 1.6, 40, 0.30),
    SimulatedSite("Rotterdam", _DC, "central", "north", "NL", "Europe/Amsterdam", 51.92, 4.48,
           "EUR", 1.3, (1, 3), 42, 1.05, 24, True, 7.0, 0.45, 0.040, 0.040, 9, 15, 18_000,
           0.95, 1.2, 25, 0.12),
    SimulatedSite("Lyon", _WH, "regional", "south", "FR", "Europe/Paris", 45.76, 4.84,
           "EUR", 0.9, (0, 3), 91, 0.85, 28, True, 1.5, 0.06, 0.060, 0.020, 17, 10, 9_000,
           0.80, 0.8, 60, 0.15),
    SimulatedSite("Wroclaw", _WH, "acquired", "east", "PL", "Europe/Warsaw", 51.11, 17.03,
           "PLN", 0.8, (1, 4), 119, 0.90, 30, False, 2.0, 0.08, 0.015, 0.025, 12, 5, 7_000,
           1.25, 1.9, 30, 0.18),
    SimulatedSite("Valencia", _WH, "regional", "south", "ES", "Europe/Madrid", 39.47, -0.38,
           "EUR", 0.7, (2,), 84, 0.95, 32, True, 1.2, 0.04, 0.050, 0.060, 20, 14, 12_000,
           0.75, 1.1, 75, 0.12),
    SimulatedSite("Chicago", _DC, "acquired", "overseas", "US", "America/Chicago", 41.88, -87.63,
           "USD", 1.1, (0, 2, 4), 56, 1.10, 24, True, 1.0, 0.03, 0.035, 0.035, 13, 20, 20_000,
           1.05, 0.6, 20, 0.22),
)
# fmt: on


def simulated_sites(sites: int) -> tuple[SimulatedSite, ...]:
    """Habits of the first sites; beyond the seventh the ways repeat in a new place."""
    return tuple(
        replace(_SITES[n % len(_SITES)], name=f"{_SITES[n % len(_SITES)].name} {n // 7 + 1}")
        if n >= len(_SITES)
        else _SITES[n]
        for n in range(sites)
    )


@dataclass(frozen=True)
class World:
    """Fixed entities of a simulation: sites, items, suppliers and their parameters."""

    size: WorldSize
    sites: tuple[SimulatedSite, ...]
    suppliers: Suppliers
    items: Items
    pairs: SiteItems

    def site_parameter(self, name: str) -> Floats:
        """Return one numeric parameter of every site, in site order."""
        return np.array([getattr(site, name) for site in self.sites], dtype=np.float64)


def make_world(size: WorldSize, seed: int) -> World:
    """The world of a seed."""
    sites = simulated_sites(size.sites)
    scale = np.array([site.scale for site in sites])
    items = make_items(size, random_stream(seed, "items"))
    return World(
        size=size,
        sites=sites,
        suppliers=make_suppliers(size, random_stream(seed, "suppliers")),
        items=items,
        pairs=make_site_items(size, items, scale, random_stream(seed, "assortment")),
    )
