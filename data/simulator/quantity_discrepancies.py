"""Causes of invoices that do not match the goods: counts, units, receipts, damage, dates."""

from __future__ import annotations

import numpy as np

from data.contracts.invoice_outcomes import ExceptionClass
from data.simulator.deliveries import Deliveries, PurchaseOrderLines
from data.simulator.invoicing import InvoiceDrafts, block_severity
from data.simulator.world.clock import DAY, NEVER, year_angle
from data.simulator.world.random_streams import Flags, draw_flags
from data.simulator.world.world import World


def apply_quantity_differences(
    world: World,
    drafts: InvoiceDrafts,
    lines: PurchaseOrderLines,
    parts: Deliveries,
    rng: np.random.Generator,
) -> None:
    """More was shipped than ordered, or less was counted than shipped and billed."""
    n = len(lines.pair)
    shipped = np.bincount(parts.line, weights=parts.shipped, minlength=n)
    received = np.bincount(parts.line, weights=parts.received, minlength=n)
    ordered = lines.quantity.astype(np.float64)
    line = drafts.line
    over = np.where(shipped > ordered, shipped / ordered - 1, 0.0)[line]
    missing = np.where(shipped > 0, 1 - received / np.maximum(shipped, 1), 0.0)[line]
    tolerance = world.site_parameter("quantity_tolerance")[drafts.site]
    drafts.visible |= (over > 0) | (missing > 0)
    kept = draw_flags(rng, np.full(len(drafts), 0.3))  # the site was glad to have more
    severity = block_severity(over, 1.5 * tolerance) * np.where(kept, 0.1, 0.9)
    drafts.add_severity(ExceptionClass.QTY_OVER_ORDERED, severity)
    drafts.add_severity(ExceptionClass.QTY_OVER_RECEIVED, 1.1 * block_severity(missing, tolerance))
    miscount = draw_flags(rng, np.full(len(drafts), 0.0025))
    drafts.add_severity(ExceptionClass.QTY_OVER_RECEIVED, np.where(miscount, 1.2, 0.0))
    _apply_undelivered_rest(world, drafts, lines, parts)


def _apply_undelivered_rest(
    world: World, drafts: InvoiceDrafts, lines: PurchaseOrderLines, parts: Deliveries
) -> None:
    """All was billed with the first part: it depends on how long the rest takes."""
    last = np.full(len(lines.pair), NEVER)
    np.maximum.at(last, parts.line, parts.arrived)
    wait = (last[drafts.line] - drafts.booked) / DAY
    whole = (drafts.arrived != NEVER) & (last[drafts.line] > drafts.arrived)
    whole &= drafts.base_quantity >= lines.quantity[drafts.line]
    patience = world.site_parameter("patience_days")[drafts.site]
    drafts.visible |= whole
    drafts.add_severity(
        ExceptionClass.QTY_OVER_RECEIVED,
        np.where(whole, 1.5 / (1 + np.exp(-(wait - patience) / 2.5)), 0.0),
    )


def apply_missing_receipt(world: World, drafts: InvoiceDrafts, two_way: Flags) -> None:
    """The invoice waits for a receipt that is posted late, or for goods that never came."""
    never = drafts.posted == NEVER
    wait = np.where(never, 60.0, (drafts.posted - drafts.booked) / DAY)
    patience = world.site_parameter("patience_days")[drafts.site]
    severity = 1.9 / (1 + np.exp(-(wait - 0.8 * patience) / 1.8))
    severity = np.where((wait > 0) & ~two_way[drafts.line], severity, 0.0)
    drafts.visible |= wait > 0
    drafts.add_severity(ExceptionClass.NO_RECEIPT, severity)


def apply_damage(
    world: World,
    drafts: InvoiceDrafts,
    parts: Deliveries,
    recorded: Flags,
    rng: np.random.Generator,
) -> None:
    """Goods are broken: noted at the dock, or found when the box is opened."""
    n = int(max(drafts.line.max(), parts.line.max())) + 1
    damaged = np.bincount(parts.line, weights=parts.damaged, minlength=n)
    received = np.bincount(parts.line, weights=parts.received, minlength=n)
    share = np.minimum(damaged / np.maximum(received, 1), 1)[drafts.line]
    noted = np.zeros(n, dtype=bool)
    noted[parts.line[recorded & (parts.damaged > 0)]] = True
    settled = draw_flags(rng, np.full(len(drafts), 0.35))  # credited on the spot
    severity = np.where(share > 0, 0.5 + 2.5 * share, 0.0) * np.where(settled, 0.1, 1.0)
    drafts.visible |= noted[drafts.line]
    drafts.add_severity(ExceptionClass.QUALITY_HOLD, severity)
    fragile = np.minimum(world.items.fragile[drafts.item], 6)
    defect = draw_flags(rng, 0.09 * world.suppliers.damage[drafts.supplier] * fragile)
    drafts.add_severity(ExceptionClass.QUALITY_HOLD, np.where(defect, 1.5, 0.0))


def apply_early_delivery(
    world: World, drafts: InvoiceDrafts, lines: PurchaseOrderLines, rng: np.random.Generator
) -> None:
    """Delivered and billed long before the promise: no room, and no wish to pay yet."""
    early = lines.promised[drafts.line] - drafts.arrived // DAY
    early = np.where(drafts.arrived == NEVER, 0, early)
    angle = year_angle(drafts.booked // DAY, world.size.start)
    full_house = 1 + 0.5 * np.exp(3 * (np.cos(angle + 0.5) - 1))  # before the year's end
    limit = world.site_parameter("early_days")[drafts.site] / full_house
    severity = 1.4 / (1 + np.exp(-(early - limit) / 1.5))
    drafts.visible |= early > 2
    drafts.add_severity(ExceptionClass.DATE_VARIANCE, np.where(early > 1, severity, 0.0))
    terms = draw_flags(rng, np.full(len(drafts), 0.0012))  # agreed payment date ignored
    drafts.add_severity(ExceptionClass.DATE_VARIANCE, np.where(terms, 1.4, 0.0))


def apply_unit_errors(world: World, drafts: InvoiceDrafts, rng: np.random.Generator) -> None:
    """Cases and pieces: billed in packs, rightly or with a wrong unit or conversion."""
    pack = world.items.pack[drafts.item]
    whole = (pack > 1) & (drafts.base_quantity % pack == 0)
    by_case = whole & ((drafts.supplier * 31 + drafts.item * 7) % 5 == 0)
    trouble = world.site_parameter("unit_trouble")[drafts.site]
    careless = world.suppliers.careless[drafts.supplier]
    mislabelled = whole & draw_flags(rng, 0.05 * trouble * careless)
    in_cases = by_case | mislabelled
    drafts.quantity = np.where(in_cases, drafts.base_quantity / pack, drafts.quantity)
    drafts.price = np.where(in_cases, np.round(drafts.price * pack, 4), drafts.price)
    drafts.in_packs = in_cases & ~mislabelled
    drafts.visible |= mislabelled
    stale = (drafts.item * 48_271 + drafts.site * 31) % 23 == 0  # old pack size in the system
    severity = np.where(mislabelled, 1.5, 0.0)
    severity += np.where(drafts.in_packs & stale, 0.9, 0.0)
    severity += np.where(drafts.in_packs, 0.1 * trouble, 0.0)
    drafts.add_severity(ExceptionClass.UNIT_OF_MEASURE, severity)
