"""Daily operations: receive goods, serve customers, count stock, replenish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.simulator.deliveries import (
    Deliveries,
    PurchaseOrderLines,
    deliver_order_lines,
    place_order_lines,
)
from data.simulator.demand import CustomerDemand
from data.simulator.world.clock import DAY, HOUR, weekday
from data.simulator.world.columns import concatenate_records, take_rows
from data.simulator.world.random_streams import Flags, Floats, Ints, random_stream
from data.simulator.world.world import World

_SMOOTHING = 1 / 56  # weight of today in the running averages
_REVIEW_DAYS = 7  # a supplier's items are planned once a week


@dataclass
class ReplenishmentEstimates:
    """Demand and lead time that each site's system estimates per site-item; updated daily.

    Attributes:
        seen, seen_squares: running averages of issues a day and of their squares.
        demand, spread: the system's average and deviation, recomputed only at intervals.
        lead: planned lead time in days.
        reorder_point, safety, up_to: base units.
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
    """Return the pairs to reorder today and the quantities, in whole packs.

    Args:
        world: simulated world.
        estimates: the sites' estimates.
        position: on hand + on order - owed to customers.
        urgent: pairs that cannot wait for the plan day.
        day: number of the day.
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


REPORT_MINUTE = 22 * HOUR  # minute of the day at which stock is reported
_SUNDAY = 6


@dataclass(frozen=True)
class StockMovements:
    """Changes of stock on hand; `kind` is an index in `MOVEMENT_KINDS`."""

    pair: Ints
    minute: Ints
    kind: Ints
    quantity: Ints


MOVEMENT_KINDS = ("issue", "receipt", "adjustment", "scrap")
_ISSUE, _RECEIPT, _ADJUSTMENT, _SCRAP = range(4)


@dataclass(frozen=True)
class StockReports:
    """Stock reports."""

    pair: Ints
    minute: Ints
    on_hand: Ints
    on_order: Ints
    owed: Ints
    reorder_point: Floats
    safety: Floats
    requested: Floats
    demand: Floats
    last_issue: Ints


@dataclass(frozen=True)
class OperationsRecord:
    """Record of the simulated days. `short` is per line of the demand."""

    short: Ints
    moves: StockMovements
    levels: StockReports
    lines: PurchaseOrderLines
    parts: Deliveries


class DailyOperations:
    """The state of the world on one day, and what was recorded so far."""

    def __init__(
        self, world: World, demand: CustomerDemand, strain: NDArray[np.float32], seed: int
    ) -> None:
        """Open for business: stock somewhere between reorder point and target."""
        self.world, self.demand, self.strain = world, demand, strain
        self.rng = random_stream(seed, "days")
        n = len(world.pairs)
        self.estimates: ReplenishmentEstimates = initial_estimates(world, demand, self.rng)
        low, high = self.estimates.reorder_point, self.estimates.up_to
        self.on_hand = np.ceil(0.6 * low + self.rng.random(n) * (high - 0.6 * low)).astype(np.int64)
        self.on_order = np.zeros(n, dtype=np.int64)
        self.owed = np.zeros(n, dtype=np.int64)
        self.last_issue = np.full(n, -1000)
        self.short = np.zeros(len(demand.pair), dtype=np.int64)
        self.moves: list[StockMovements] = []
        self.levels: list[StockReports] = []
        self.lines: list[PurchaseOrderLines] = []
        self.parts: list[Deliveries] = []
        self.coming: Deliveries | None = None  # parts that have not arrived
        self.ordered_pair = np.empty(0, dtype=np.int64)  # pair of every line so far
        self.into_pair = np.empty(0, dtype=np.int64)  # pair that every line will stock
        self.documents = 0
        self._report(-1, np.arange(n))

    def live(self, progress: Callable[[str, float], None] | None) -> OperationsRecord:
        """Simulate every day in order."""
        days = self.world.size.days
        for day in range(days):
            self._receive(day)
            self._serve(day)
            self._count(day)
            self._reorder(day)
            sunday = weekday(day, self.world.size.start) == _SUNDAY
            if sunday or day == days - 1:
                self._report(day, np.flatnonzero(self.world.pairs.listed <= day))
            if progress is not None and day % 30 == 0:
                progress("days", day / days)
        return OperationsRecord(
            self.short,
            concatenate_records(self.moves),
            concatenate_records(self.levels),
            concatenate_records(self.lines),
            concatenate_records(self.parts),
        )

    def _receive(self, day: int) -> None:
        if self.coming is None:
            return
        today = self.coming.arrived // DAY == day
        if not today.any():
            return
        parts, self.coming = take_rows(self.coming, today), take_rows(self.coming, ~today)
        pair = self.into_pair[parts.line]
        np.add.at(self.on_hand, pair, parts.received - parts.damaged)
        np.subtract.at(self.on_order, self.ordered_pair[parts.line], parts.relieves)
        arrived = parts.receipt & (parts.received > 0)
        self._move(pair[arrived], parts.arrived[arrived], _RECEIPT, parts.received[arrived])
        broken = parts.damaged > 0
        late = np.full(int(broken.sum()), day * DAY + 20 * HOUR)
        self._move(pair[broken], late, _SCRAP, -parts.damaged[broken])

    def _serve(self, day: int) -> None:
        """Serve old debts first, then today's lines in the order in which they came."""
        paid = np.minimum(self.on_hand, self.owed)
        self.owed -= paid
        left = self.on_hand - paid
        lines = slice(int(self.demand.first[day]), int(self.demand.first[day + 1]))
        pair, quantity = self.demand.pair[lines], self.demand.quantity[lines]
        running = np.cumsum(quantity)
        begins = np.searchsorted(pair, pair)
        before = running - quantity - (running - quantity)[begins]
        served = np.clip(left[pair] - before, 0, quantity)
        self.short[lines] = quantity - served
        issued = paid + np.bincount(pair, weights=served, minlength=len(paid)).astype(np.int64)
        self.on_hand -= issued
        missed = np.bincount(pair, weights=quantity - served, minlength=len(paid))
        keeps = np.array([site.backorders for site in self.world.sites])[self.world.pairs.site]
        self.owed += np.where(keeps, missed, 0).astype(np.int64)
        some = np.flatnonzero(issued)
        self.last_issue[some] = day
        self._move(some, np.full(len(some), day * DAY + 18 * HOUR), _ISSUE, -issued[some])
        self.estimates.observe(issued)

    def _count(self, day: int) -> None:
        """Cycle counts: each pair about every ten weeks; what went missing is written off."""
        n = len(self.on_hand)
        counted = np.flatnonzero((np.arange(n) * 31 + day) % 70 == 0)
        lost = self.rng.binomial(np.maximum(self.on_hand[counted], 0), 0.012)
        surplus = self.rng.poisson(0.004 * self.on_hand[counted])
        change = surplus - lost
        some = change != 0
        where = counted[some]
        self.on_hand[where] += change[some]
        self._move(where, np.full(len(where), day * DAY + 19 * HOUR), _ADJUSTMENT, change[some])

    def _reorder(self, day: int) -> None:
        world, estimates = self.world, self.estimates
        every = world.site_parameter("estimate_days")[world.pairs.site]
        due = (day + world.pairs.site * 11) % every == 0
        estimates.refresh(world, due)
        position = (self.on_hand + self.on_order - self.owed).astype(np.float64)
        urgent = (self.on_hand <= 0.25 * estimates.safety) & (self.on_order == 0)
        urgent &= self.rng.random(len(urgent)) < 0.35
        pair, quantity = plan_orders(world, estimates, position, urgent, day)
        if len(pair) == 0:
            return
        rush = urgent[pair]
        lines = place_order_lines(
            world,
            self.strain,
            self.rng,
            day=day,
            pair=pair,
            quantity=quantity,
            rush=rush,
            documents=self.documents,
        )
        parts = deliver_order_lines(world, self.rng, lines, len(self.ordered_pair))
        self.documents = int(lines.document.max()) + 1
        np.add.at(self.on_order, pair, quantity)
        into = np.where(lines.substituted, world.pairs.substitute[pair], pair)
        self.ordered_pair = np.concatenate([self.ordered_pair, pair])
        self.into_pair = np.concatenate([self.into_pair, into])
        self.lines.append(lines)
        self.parts.append(parts)
        self.coming = parts if self.coming is None else concatenate_records([self.coming, parts])

    def _report(self, day: int, pair: Ints) -> None:
        """Stock reports of these pairs; day -1 is the opening count."""
        minute = day * DAY + REPORT_MINUTE if day >= 0 else 1
        estimates = self.estimates
        position = self.on_hand + self.on_order - self.owed
        wanted = np.where(position <= estimates.reorder_point, estimates.up_to - position, 0.0)
        self.levels.append(
            StockReports(
                pair=pair,
                minute=np.full(len(pair), minute),
                on_hand=self.on_hand[pair],
                on_order=np.maximum(self.on_order[pair], 0),
                owed=self.owed[pair],
                reorder_point=estimates.reorder_point[pair],
                safety=estimates.safety[pair],
                requested=np.maximum(wanted[pair], 0.0),
                demand=estimates.demand[pair],
                last_issue=self.last_issue[pair],
            )
        )

    def _move(self, pair: Ints, minute: Ints, kind: int, quantity: Ints) -> None:
        self.moves.append(StockMovements(pair, minute, np.full(len(pair), kind), quantity))
