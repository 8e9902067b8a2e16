"""Replenishment: when a site orders and how much, from estimates that may be outdated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.simulator.demand import CustomerDemand
from data.simulator.world.clock import weekday
from data.simulator.world.random_streams import Flags, Floats, Ints
from data.simulator.world.world import World

_SMOOTHING = 1 / 56  # weight of today in the running averages
_REVIEW_DAYS = 7  # a supplier's items are planned once a week


@dataclass
class ReplenishmentEstimates:
    """What each site's system believes of its pairs. Changed day by day.

    seen, seen_squares: running averages of issues a day and of their squares.
    demand, spread: the system's average and deviation, worked out anew only now and then.
    lead: planned lead time in days. reorder_point, safety, up_to: base units.
    """

    seen: Floats
    seen_squares: Floats
    demand: Floats
    spread: Floats
    lead: Floats
    reorder_point: Floats
    safety: Floats
    up_to: Floats

    def observe(self, issued: Ints) -> None:
        """Take in a day's issues (served, so lost demand is never seen)."""
        self.seen += _SMOOTHING * (issued - self.seen)
        self.seen_squares += _SMOOTHING * (issued.astype(np.float64) ** 2 - self.seen_squares)

    def refresh(self, world: World, due: Flags) -> None:
        """Work out averages and stock targets anew where it is due."""
        site = world.pairs.site[due]
        mean = self.seen[due]
        spread = np.sqrt(np.maximum(self.seen_squares[due] - mean**2, 0.0))
        self.demand[due], self.spread[due] = mean, spread
        lead = self.lead[due]
        variance = (lead + _REVIEW_DAYS) * spread**2 + (0.2 * lead * mean) ** 2
        safety = 1.28 * world.site_parameter("caution")[site] * np.sqrt(variance)
        self.safety[due] = np.ceil(safety)
        self.reorder_point[due] = np.ceil(mean * (lead + _REVIEW_DAYS) + safety)
        cover = mean * world.site_parameter("cover_days")[site]
        self.up_to[due] = self.reorder_point[due] + np.maximum(np.ceil(cover), 1)


def initial_estimates(
    world: World, demand: CustomerDemand, rng: np.random.Generator
) -> ReplenishmentEstimates:
    """Estimates on the first day: about right on the first quarter, with each site's errors."""
    pairs = world.pairs
    n = len(pairs)
    quarter = min(91, world.size.days)
    early = slice(0, int(demand.first[quarter]))
    quantity = demand.quantity[early].astype(np.float64)
    mean = np.bincount(demand.pair[early], weights=quantity, minlength=n) / quarter
    squares = np.bincount(demand.pair[early], weights=quantity**2, minlength=n) / quarter
    guess = rng.lognormal(0, 0.25, n)
    typical = pairs.rate / max(float(pairs.rate.mean()), 1e-9) * world.size.demand_rate
    typical = typical * world.items.line_quantity[pairs.item]
    planned = world.suppliers.lead[pairs.supplier] * rng.normal(1.0, 0.12, n).clip(0.7, 1.4)
    estimates = ReplenishmentEstimates(
        seen=np.where(mean > 0, mean, 0.5 * typical) * guess,
        seen_squares=np.where(mean > 0, squares, typical**2) * guess**2,
        demand=np.zeros(n),
        spread=np.zeros(n),
        lead=np.ceil(planned),
        reorder_point=np.zeros(n),
        safety=np.zeros(n),
        up_to=np.zeros(n),
    )
    estimates.refresh(world, np.ones(n, dtype=bool))
    return estimates


def planning_weekdays(world: World) -> Ints:
    """Weekday on which each pair is planned: all items of a supplier together."""
    days = np.array([np.resize(np.array(s.review_days), 7) for s in world.sites])
    counts = np.array([len(s.review_days) for s in world.sites])
    pairs = world.pairs
    return np.asarray(days[pairs.site, pairs.supplier % counts[pairs.site]], dtype=np.int64)


def plan_orders(
    world: World, estimates: ReplenishmentEstimates, position: Floats, urgent: Flags, day: int
) -> tuple[Ints, Ints]:
    """Pairs to reorder today and the quantities, in whole packs.

    position: on hand + on order - owed to customers. urgent: cannot wait for the plan day.
    """
    pairs = world.pairs
    today = int(weekday(day, world.size.start))
    works = np.array([today in site.review_days for site in world.sites])[pairs.site]
    carried = (day >= pairs.listed - estimates.lead) & (day < pairs.delisted - 30)
    planned = (planning_weekdays(world) == today) & (position <= estimates.reorder_point)
    due = carried & (planned | (works & urgent))
    chosen = np.flatnonzero(due & (estimates.up_to > position))
    pack = world.items.pack[pairs.item[chosen]]
    packs = np.ceil((estimates.up_to[chosen] - position[chosen]) / pack)
    return chosen, (np.maximum(packs, 1) * pack).astype(np.int64)
