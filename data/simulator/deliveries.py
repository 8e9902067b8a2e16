"""Deliveries of purchase order lines: lateness, promise, arrival, splits, damage, cancellation.

The outcome of a line is drawn when it is placed, from hidden conditions (drift, congestion,
shortages, seasons) at the time it will ship. No table records these conditions; features see
only their effects. What the tables say of a line, and since when, is decided elsewhere.

No table records them. Features can only see what they leave behind.

Drawn when a line is placed, from conditions at the time it will ship. What the tables may
say of it, and since when, is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.simulator.world.clock import DAY, HOUR, next_working_day, year_angle
from data.simulator.world.items import CATEGORY_NAMES
from data.simulator.world.random_streams import (
    Flags,
    Floats,
    Ints,
    autoregressive_paths,
    draw_flags,
    episode_intensities,
    sigmoid,
)
from data.simulator.world.suppliers import ORIGINS
from data.simulator.world.world import World

DAYS_BEYOND_END = 150  # days after the end for which orders may already be promised


def lateness_log_odds(world: World, rng: np.random.Generator) -> NDArray[np.float32]:
    """Log-odds of coming late, by supplier, category and day (the last runs past the end)."""
    days = world.size.days + DAYS_BEYOND_END
    suppliers, categories = len(world.suppliers), len(CATEGORY_NAMES)
    weeks = days // 7 + 1
    drift = np.repeat(autoregressive_paths(rng, suppliers, weeks, 0.96, 0.75), 7, axis=1)[:, :days]
    congestion = episode_intensities(rng, len(ORIGINS), days, 1.6, (21, 70))
    crunch = episode_intensities(rng, suppliers * categories, days, 0.9, (28, 84))
    by_supplier = (
        world.suppliers.lateness[:, None]
        + drift
        + 1.7 * congestion[world.suppliers.origin]
        + _lateness_season(world, days)
    )
    by_category = rng.normal(0, 0.3, (suppliers, categories, 1))
    total = by_supplier[:, None, :] + by_category
    total += 1.9 * crunch.reshape(suppliers, categories, days)
    return total.astype(np.float32)


def _lateness_season(world: World, days: int) -> NDArray[np.float64]:
    """Year-end peak everywhere; the new-year stop in February for sea freight."""
    angle = year_angle(np.arange(days), world.size.start)
    year_end = 0.7 * np.exp(3 * (np.cos(angle + 0.15) - 1))
    stop = 1.3 * np.exp(9 * (np.cos(angle - 0.85) - 1))
    by_sea = np.array([origin.mode == "sea" for origin in ORIGINS])[world.suppliers.origin]
    return np.asarray(year_end[None, :] + by_sea[:, None] * stop[None, :])


@dataclass(frozen=True)
class PurchaseOrderLines:
    """Purchase order lines and their hidden fate.

    Attributes:
        document: number of the order.
        placed: minute.
        requested, promised, arrives: days.
        held: backordered at the supplier.
        cancelled: day, or -1.
    """

    pair: Ints
    document: Ints
    quantity: Ints
    rush: Flags
    placed: Ints
    requested: Ints
    promised: Ints
    arrives: Ints
    held: Flags
    substituted: Flags
    cancelled: Ints


@dataclass(frozen=True)
class Deliveries:
    """Deliveries of lines. A part that is no receipt only closes a cancelled line.

    Attributes:
        arrived: minute.
        relieves: quantity that leaves the open order quantity.
        shipped: quantity according to the supplier.
        received: quantity counted.
        damaged: damaged quantity of the received.
    """

    line: Ints
    arrived: Ints
    shipped: Ints
    received: Ints
    damaged: Ints
    relieves: Ints
    final: Flags
    receipt: Flags


@dataclass(frozen=True)
class _OrderDraws:
    """Random draws shared by the lines of one order: one transport, one outcome."""

    lead: Floats
    luck: Floats
    severity: Floats
    minute: Ints


def place_order_lines(
    world: World,
    strain: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    day: int,
    pair: Ints,
    quantity: Ints,
    rush: Flags,
    documents: int,
) -> PurchaseOrderLines:
    """Lines placed today and their fate; `documents` orders were placed before."""
    pairs, suppliers, start = world.pairs, world.suppliers, world.size.start
    supplier = pairs.supplier[pair]
    order = np.unique((pairs.site[pair] * 1000 + supplier) * 2 + rush, return_inverse=True)[
        1
    ].astype(np.int64)
    shared = _draw_per_order(rng, int(order.max()) + 1)
    usual = suppliers.lead[supplier]
    lead = usual * shared.lead[order] * np.where(rush, 0.7, 1.0)
    undercut = np.clip(suppliers.optimism[supplier], -0.05, 0.25)
    promised = next_working_day(day + 1 + np.ceil(lead * (1 - undercut)).astype(np.int64), start)
    requested = next_working_day(
        day + 1 + np.round(usual * np.where(rush, 0.6, 1.0)).astype(int), start
    )
    then = np.minimum(promised, strain.shape[2] - 1)
    odds = strain[supplier, world.items.category[pairs.item[pair]], then].astype(np.float64)
    odds += 3.0 * undercut + np.where(rush, 0.4, 0.0)
    late = shared.luck[order] < sigmoid(odds)
    scale = (0.6 + usual / 25) * np.exp(0.25 * np.clip(odds + 2, -2, 4))
    delay = np.where(late, np.ceil(shared.severity[order] * scale), 0.0)
    delay -= np.where(late, 0, _days_early(rng, suppliers.early[supplier]))
    held = draw_flags(rng, 0.9 * sigmoid(odds - 1.6) * 0.35)
    delay += np.where(held, np.ceil(rng.gamma(2.0, 4.0, len(pair))), 0)
    arrives = next_working_day(promised + np.clip(delay, -15, 75).astype(np.int64), start)
    gone = draw_flags(rng, np.where(held, 0.06, 0.007))
    return PurchaseOrderLines(
        pair=pair,
        document=documents + order,
        quantity=quantity,
        rush=rush,
        placed=day * DAY + shared.minute[order],
        requested=requested,
        promised=promised,
        arrives=np.maximum(arrives, day + 1),
        held=held & ~gone,
        substituted=draw_flags(rng, np.where(held, 0.05, 0.008)) & ~gone,
        cancelled=np.where(gone, promised + rng.integers(-2, 15, len(pair)), -1),
    )


def _draw_per_order(rng: np.random.Generator, orders: int) -> _OrderDraws:
    return _OrderDraws(
        lead=rng.normal(1.0, 0.12, orders).clip(0.7, 1.5),
        luck=rng.random(orders),
        severity=rng.lognormal(0.85, 0.8, orders),
        minute=rng.integers(18 * HOUR + 30, 21 * HOUR, orders),
    )


def _days_early(rng: np.random.Generator, share: Floats) -> Ints:
    """Days before the promise of lines that are not late: mostly none, sometimes many."""
    few = rng.choice([0, 0, 0, 1, 1, 2], len(share))
    return np.where(draw_flags(rng, share), rng.integers(3, 16, len(share)), few)


def deliver_order_lines(
    world: World, rng: np.random.Generator, lines: PurchaseOrderLines, first: int
) -> Deliveries:
    """Deliveries of these lines, whose numbers start at `first`; one or two a line."""
    pairs, suppliers = world.pairs, world.suppliers
    n = len(lines.pair)
    supplier = pairs.supplier[lines.pair]
    gone = lines.cancelled >= 0
    split = draw_flags(rng, suppliers.partial[supplier]) | (
        lines.held & draw_flags(rng, np.full(n, 0.4))
    )
    split &= (lines.quantity > 1) & ~gone
    over = draw_flags(rng, suppliers.over[supplier]) & ~gone
    extra = np.where(over, np.ceil(lines.quantity * rng.uniform(0.03, 0.3, n)), 0).astype(int)
    early_part = np.floor(lines.quantity * rng.uniform(0.3, 0.9, n)).astype(np.int64)
    early_part = np.where(split, np.maximum(early_part, 1), 0)
    rest = np.where(gone, 0, lines.quantity + extra - early_part)
    first_day = np.where(lines.held, np.minimum(lines.promised, lines.arrives), lines.arrives)
    gap = np.where(lines.held, 0, rng.integers(2, 19, n))
    last_day = next_working_day(lines.arrives + np.where(split, gap, 0), world.size.start)
    last_day = np.where(gone, np.maximum(lines.cancelled, lines.placed // DAY + 1), last_day)
    number = np.arange(first, first + n)
    line = np.concatenate([number[split], number])
    shipped = np.concatenate([early_part[split], rest])
    day = np.concatenate([np.maximum(first_day, lines.placed // DAY + 1)[split], last_day])
    final = np.concatenate([np.zeros(split.sum(), dtype=bool), np.ones(n, dtype=bool)])
    where = line - first
    received, damaged = _received_and_damaged(world, rng, lines.pair[where], shipped)
    minute = _dock_minute(lines.document[where], day, rng)
    return Deliveries(
        line=line,
        arrived=day * DAY + minute,
        shipped=shipped,
        received=received,
        damaged=damaged,
        relieves=np.where(final, lines.quantity[where] - early_part[where], shipped),
        final=final,
        receipt=~gone[where],
    )


def _dock_minute(document: Ints, day: Ints, rng: np.random.Generator) -> Ints:
    """Minute of the day at which each part is unloaded: close together for one transport."""
    base = ((document * 7919 + day * 104_729) % 540).astype(np.int64)
    return 5 * HOUR + base + rng.integers(0, 40, len(document))


def _received_and_damaged(
    world: World, rng: np.random.Generator, pair: Ints, shipped: Ints
) -> tuple[Ints, Ints]:
    """Received and damaged quantities: some are short, some are broken."""
    supplier, item = world.pairs.supplier[pair], world.pairs.item[pair]
    short = draw_flags(rng, world.suppliers.short[supplier])
    missing = np.where(short, np.ceil(shipped * rng.beta(1.2, 7, len(pair))), 0)
    received = np.maximum(shipped - missing, np.minimum(shipped, 1)).astype(np.int64)
    odds = world.suppliers.damage[supplier] * np.minimum(world.items.fragile[item], 6)
    broken = draw_flags(rng, odds)
    damaged = np.where(broken, np.ceil(received * rng.beta(1, 4, len(pair))), 0)
    return received, np.minimum(damaged, received).astype(np.int64)
