"""The whole simulation, from a size and a seed to canonical tables."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.contracts.catalogue import TABLES
from data.sources.simulator import causes_of_paper as paper
from data.sources.simulator import causes_of_quantity as quantity
from data.sources.simulator import causes_of_value as value
from data.sources.simulator import (
    tables,
    tables_of_invoices,
    tables_of_masters,
    tables_of_orders,
)
from data.sources.simulator.chance import Flags, Floats, stream
from data.sources.simulator.conditions import strain
from data.sources.simulator.days import Days, History
from data.sources.simulator.demand import make_demand
from data.sources.simulator.drafts import Drafts
from data.sources.simulator.invoicing import posting, write
from data.sources.simulator.messages import confirmations, speak
from data.sources.simulator.prices import Prices, make_prices, order_prices
from data.sources.simulator.resolution import resolve
from data.sources.simulator.size import Size
from data.sources.simulator.world import World, make_world

_NOTED = 0.75  # share of damage that is noted on the receipt


def simulate(
    size: Size, seed: int, progress: Callable[[str, float], None] | None = None
) -> dict[str, pd.DataFrame]:
    """A distributor's life as canonical tables. The same size and seed give the same tables.

    progress: called with a step's name and the share done of it, now and then.
    Nothing known at or after the first moment of `size.end` is in the tables, so they end as
    a real system does: with open orders and invoices whose outcome is not known.
    """
    tell = progress or (lambda _step, _done: None)
    world = make_world(size, seed)
    demand = make_demand(world, stream(seed, "demand"))
    tell("demand", 1.0)
    history = Days(world, demand, strain(world, stream(seed, "conditions")), seed).live(progress)
    tell("days", 1.0)
    frames = {
        "sites": tables_of_masters.sites(world),
        "items": tables_of_masters.items(world),
        "suppliers": tables_of_masters.suppliers(world),
        "order_lines": tables.order_lines(world, demand, history.short),
        "stock_levels": tables.stock_levels(world, history.levels),
        "stock_movements": tables.stock_movements(world, history.moves),
        **_paperwork(world, history, seed, tell),
    }
    tell("tables", 1.0)
    return {name: frames.get(name, table.empty()) for name, table in TABLES.items()}


def _paperwork(
    world: World, history: History, seed: int, tell: Callable[[str, float], None]
) -> dict[str, pd.DataFrame]:
    """Orders, messages, receipts, invoices and outcomes from what happened."""
    lines, parts = history.lines, history.parts
    prices = make_prices(world, stream(seed, "prices"))
    price, factor = order_prices(world, prices, lines, stream(seed, "deals"))
    rng = stream(seed, "messages")
    acknowledged, confirmed = confirmations(world, lines, rng)
    messages = speak(
        world,
        lines,
        parts,
        rng,
        acknowledged=acknowledged,
        confirmed=confirmed,
        price_factor=factor,
    )
    posted = posting(world, lines, parts, stream(seed, "posting"))
    noted = stream(seed, "dock").random(len(parts.line)) < _NOTED
    drafts = write(
        world,
        lines,
        parts,
        stream(seed, "invoices"),
        posted=posted,
        price=price,
        currency=prices.currency,
    )
    drafts = _go_wrong(world, history, drafts, seed, prices=prices, factor=factor, noted=noted)
    tell("invoices", 1.0)
    outcomes = resolve(world, drafts, stream(seed, "resolution"))
    invoices, ends = tables_of_invoices.invoices(world, lines, drafts, outcomes)
    return {
        "purchase_orders": tables_of_orders.purchase_orders(world, lines, confirmed, price, prices),
        "receipts": tables_of_orders.receipts(world, lines, parts, posted, noted),
        "supplier_events": tables_of_orders.supplier_events(world, lines, messages),
        "invoices": invoices,
        "invoice_outcomes": ends,
    }


def _go_wrong(
    world: World,
    history: History,
    drafts: Drafts,
    seed: int,
    *,
    prices: Prices,
    factor: Floats,
    noted: Flags,
) -> Drafts:
    """All causes in turn. Money last but one: tax and freight follow the final amounts."""
    rng = stream(seed, "causes")
    lines, parts = history.lines, history.parts
    two_way: Flags = world.suppliers.two_way[world.pairs.supplier[lines.pair]]
    value.price_list_not_updated(world, drafts, factor, rng)
    value.rebate_forgotten(world, drafts, rng)
    value.currency_moved(world, drafts, prices, rng)
    quantity.quantities_differ(world, drafts, lines, parts, rng)
    quantity.no_receipt(world, drafts, two_way)
    quantity.damage_found(world, drafts, parts, noted, rng)
    quantity.came_early(world, drafts, lines, rng)
    quantity.units_mixed_up(world, drafts, rng)
    paper.reference_missing_or_wrong(world, drafts, lines, rng)
    paper.vendor_master_outdated(world, drafts, rng)
    value.freight_not_agreed(world, drafts, lines, rng)
    value.tax_code_wrong(world, drafts, rng)
    value.amount_above_limit(world, drafts, prices, rng)
    return paper.submitted_again(world, drafts, rng)
