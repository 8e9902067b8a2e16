"""The whole simulation: from a size and a seed to canonical tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from data.contracts.catalogue import TABLES
from data.simulator import discrepancies as paper
from data.simulator import discrepancies as quantity
from data.simulator import discrepancies as value
from data.simulator import purchasing_tables, tables
from data.simulator.corrections import draw_line_states, draw_mistaken_postings, draw_returns
from data.simulator.daily_operations import DailyOperations, OperationsRecord
from data.simulator.deliveries import lateness_log_odds
from data.simulator.demand import make_demand
from data.simulator.invoicing import (
    InvoiceDrafts,
    add_credit_notes,
    draft_invoices,
    receipt_posting_minutes,
)
from data.simulator.prices import Prices, make_prices, order_prices
from data.simulator.resolution import resolve_invoices, settle_credit_notes
from data.simulator.supplier_messages import confirm_order_lines, generate_messages
from data.simulator.world.columns import concatenate_records
from data.simulator.world.random_streams import Flags, Floats, random_stream
from data.simulator.world.size import WorldSize
from data.simulator.world.world import World, make_world

_DAMAGE_NOTED_SHARE = 0.75  # share of damage that is noted on the receipt


def simulate(
    size: WorldSize, seed: int, progress: Callable[[str, float], None] | None = None
) -> dict[str, pd.DataFrame]:
    """A distributor's life as canonical tables. The same size and seed give the same tables.

    progress: called with a step's name and the share done of it, now and then.
    Nothing known at or after the first moment of `size.end` is in the tables, so they end as
    a real system does: with open orders and invoices whose outcome is not known.
    """
    tell = progress or (lambda _step, _done: None)
    world = make_world(size, seed)
    demand = make_demand(world, random_stream(seed, "demand"))
    tell("demand", 1.0)
    history = DailyOperations(
        world, demand, lateness_log_odds(world, random_stream(seed, "conditions")), seed
    ).live(progress)
    tell("days", 1.0)
    frames = {
        "sites": tables.site_table(world),
        "items": tables.item_table(world),
        "suppliers": tables.supplier_table(world),
        "item_units": tables.item_unit_table(world),
        "order_lines": tables.order_lines(world, demand, history.short),
        "stock_levels": tables.stock_levels(world, history.levels),
        "stock_movements": tables.stock_movements(world, history.moves),
        **_paperwork(world, history, seed, tell),
    }
    tell("tables", 1.0)
    return {name: frames.get(name, table.empty()) for name, table in TABLES.items()}


def _paperwork(
    world: World, history: OperationsRecord, seed: int, tell: Callable[[str, float], None]
) -> dict[str, pd.DataFrame]:
    """Orders, messages, receipts, invoices and outcomes from what happened."""
    lines, parts = history.lines, history.parts
    prices = make_prices(world, random_stream(seed, "prices"))
    price, factor = order_prices(world, prices, lines, random_stream(seed, "deals"))
    rng = random_stream(seed, "messages")
    acknowledged, confirmed = confirm_order_lines(world, lines, rng)
    messages = generate_messages(
        world,
        lines,
        parts,
        rng,
        acknowledged=acknowledged,
        confirmed=confirmed,
        price_factor=factor,
    )
    posted = receipt_posting_minutes(world, lines, parts, random_stream(seed, "posting"))
    noted = random_stream(seed, "dock").random(len(parts.line)) < _DAMAGE_NOTED_SHARE
    drafts = draft_invoices(
        world,
        lines,
        parts,
        random_stream(seed, "invoices"),
        posted=posted,
        price=price,
        currency=prices.currency,
    )
    drafts = _apply_discrepancies(
        world, history, drafts, seed, prices=prices, factor=factor, noted=noted
    )
    tell("invoices", 1.0)
    returns = draw_returns(parts, posted, noted, seed)
    billed = len(drafts)
    drafts = add_credit_notes(
        drafts, parts, returns, random_stream(seed, "credit notes"), start=world.size.start
    )
    outcomes = resolve_invoices(
        world, drafts.rows(np.arange(billed)), random_stream(seed, "resolution")
    ).below(settle_credit_notes(drafts.rows(np.arange(billed, len(drafts)))))
    invoices, ends = purchasing_tables.invoice_tables(
        world, lines, drafts, outcomes, documents_first=billed
    )
    states = draw_line_states(lines, parts, posted, messages, seed)
    corrections = [draw_mistaken_postings(parts, posted, confirmed, seed), returns]
    return {
        "exchange_rates": tables.exchange_rate_table(world, prices),
        "purchase_orders": purchasing_tables.purchase_orders(
            world, lines, confirmed, price, prices, states=states
        ),
        "receipts": purchasing_tables.receipts(
            world,
            lines,
            parts,
            posted,
            noted,
            states=states,
            corrections=concatenate_records(corrections),
        ),
        "supplier_events": purchasing_tables.supplier_events(world, lines, messages),
        "invoices": invoices,
        "invoice_outcomes": ends,
    }


def _apply_discrepancies(
    world: World,
    history: OperationsRecord,
    drafts: InvoiceDrafts,
    seed: int,
    *,
    prices: Prices,
    factor: Floats,
    noted: Flags,
) -> InvoiceDrafts:
    """Apply every cause in order; tax and freight come after the amounts they depend on."""
    rng = random_stream(seed, "causes")
    lines, parts = history.lines, history.parts
    two_way: Flags = world.suppliers.two_way[world.pairs.supplier[lines.pair]]
    value.apply_outdated_price_list(world, drafts, factor, rng)
    value.apply_forgotten_rebate(world, drafts, rng)
    value.apply_currency_moves(world, drafts, prices, rng)
    quantity.apply_quantity_differences(world, drafts, lines, parts, rng)
    quantity.apply_missing_receipt(world, drafts, two_way)
    quantity.apply_damage(world, drafts, parts, noted, rng)
    quantity.apply_early_delivery(world, drafts, lines, rng)
    quantity.apply_unit_errors(world, drafts, rng)
    paper.apply_reference_errors(world, drafts, lines, rng)
    paper.apply_outdated_vendor_master(world, drafts, rng)
    value.apply_freight_charges(world, drafts, lines, rng)
    value.apply_tax_errors(world, drafts, rng)
    value.apply_amount_limit(world, drafts, prices, rng)
    return paper.add_duplicate_invoices(world, drafts, rng)
