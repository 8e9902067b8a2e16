"""Causes of wrong amounts on invoices: prices, quantities and documents.

Each function adds one cause to the simulated invoice lines and records it as the true outcome.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.contracts.invoice_outcomes import ExceptionClass
from data.simulator.deliveries import Deliveries, PurchaseOrderLines
from data.simulator.invoicing import InvoiceDrafts, block_severity
from data.simulator.prices import CURRENCIES, Prices, forgotten_rebate_shares
from data.simulator.world.clock import DAY, HOUR, NEVER, next_working_day, year_angle
from data.simulator.world.random_streams import Flags, Floats, Ints, draw_flags, episode_intensities
from data.simulator.world.world import World


def apply_reference_errors(
    world: World, drafts: InvoiceDrafts, lines: PurchaseOrderLines, rng: np.random.Generator
) -> None:
    """No order number, or that of another order of the same supplier and site."""
    careless = world.suppliers.careless[drafts.supplier]
    odds = 0.009 * careless * np.where(drafts.manual, 1.7, 0.5)
    odds = odds * np.where(lines.rush[drafts.line], 3.0, 1.0)  # ordered by phone
    wrong = draw_flags(rng, np.minimum(odds, 0.5))
    missing = wrong & draw_flags(rng, np.full(len(drafts), 0.6))
    drafts.referenced_line = np.where(missing, -1, drafts.referenced_line)
    elsewhere = _previous_line_of_supplier(world, lines)[drafts.line]
    drafts.referenced_line = np.where(wrong & ~missing, elsewhere, drafts.referenced_line)
    drafts.visible |= wrong
    recognised = draw_flags(rng, np.full(len(drafts), 0.3))  # the clerk knew which order was meant
    severity = np.where(missing, np.where(drafts.manual, 1.3, 0.8), 1.5)
    drafts.add_severity(
        ExceptionClass.PO_REFERENCE, np.where(wrong, severity * np.where(recognised, 0.1, 1.0), 0.0)
    )
    unapproved = draw_flags(rng, np.where(lines.rush[drafts.line], 0.02, 0.001))
    drafts.add_severity(ExceptionClass.PO_REFERENCE, np.where(unapproved, 1.2, 0.0))


def _previous_line_of_supplier(world: World, lines: PurchaseOrderLines) -> Ints:
    """Return, for each order line, the previous one of the same site and supplier."""
    key = world.pairs.site[lines.pair] * 1000 + world.pairs.supplier[lines.pair]
    order = np.lexsort((lines.placed, key))
    before = np.roll(order, 1)
    same = key[before] == key[order]
    result = np.empty(len(order), dtype=np.int64)
    result[order] = np.where(same, before, order)
    return result


def apply_outdated_vendor_master(
    world: World, drafts: InvoiceDrafts, rng: np.random.Generator
) -> None:
    """Bank or legal details changed; until a site has taken that in, invoices are stopped."""
    days = int(drafts.booked.max()) // DAY + 1
    severity: Floats = np.zeros(len(drafts))
    for supplier in range(len(world.suppliers)):
        for begins in rng.integers(-30, days, rng.poisson(0.55 * days / 365)):
            lasts = rng.gamma(2.0, 9.0, len(world.sites))[drafts.site]
            since = drafts.booked / DAY - begins
            hit = (drafts.supplier == supplier) & (since >= 0) & (since < lasts)
            severity = np.where(hit, np.where(drafts.manual, 0.5, 0.28), severity)
    severity += np.where(draw_flags(rng, np.full(len(drafts), 0.0008)), 1.2, 0.0)
    drafts.add_severity(ExceptionClass.SUPPLIER_MASTER, severity)


def add_duplicate_invoices(
    world: World, drafts: InvoiceDrafts, rng: np.random.Generator
) -> InvoiceDrafts:
    """The drafts, and below them documents that came a second time in one of five patterns."""
    documents = int(drafts.document.max()) + 1
    manual = np.zeros(documents, dtype=bool)
    manual[drafts.document] = drafts.manual
    careless = np.zeros(documents)
    careless[drafts.document] = world.suppliers.careless[drafts.supplier]
    chosen = draw_flags(rng, np.minimum(0.011 * careless * np.where(manual, 1.4, 0.6), 0.3))
    again = drafts.rows(chosen[drafts.document])
    pattern = rng.integers(5, size=documents)[again.document]
    wait = rng.integers(2 * DAY, 45 * DAY, documents)[again.document] // DAY * DAY
    clock = rng.integers(6 * HOUR, 17 * HOUR, documents)[again.document]
    booked = next_working_day((again.booked + wait) // DAY, world.size.start)
    again.booked = booked * DAY + clock
    again.severity[:] = 0.0
    again.visible[:] = True
    _vary_duplicates(world, again, pattern, wait, rng)
    again.document = again.document + documents
    again.manual |= draw_flags(rng, np.full(len(again), 0.5))
    again.add_severity(ExceptionClass.DUPLICATE, np.where(pattern == 0, 3.0, 1.6))
    return drafts.below(again)


def _vary_duplicates(
    world: World, again: InvoiceDrafts, pattern: Ints, wait: Ints, rng: np.random.Generator
) -> None:
    """0 exact, 1 number read or typed differently, 2 other amount, 3 other date, 4 sister."""
    again.number = np.where(pattern == 1, _rewritten_numbers(again.number), again.number)
    nudge = np.where(pattern == 2, rng.normal(0, 0.03, len(again)), 0.0)
    again.price = np.maximum(np.round(again.price * (1 + nudge), 4), 0.0001)
    again.dated = np.where(pattern == 3, again.dated + wait, again.dated)
    sister = world.suppliers.sister[again.supplier]
    again.supplier = np.where((pattern == 4) & (sister >= 0), sister, again.supplier)


def _rewritten_numbers(numbers: NDArray[np.object_]) -> NDArray[np.object_]:
    """A number as someone else would write it."""
    result = np.empty(len(numbers), dtype=object)
    for n, number in enumerate(numbers):
        plain = str(number).replace("-", "").replace("/", "")
        result[n] = plain if plain != number else f"{number}A" if n % 2 else number.lstrip("0")
    return result


_FREIGHT_PAID_INCOTERMS = ("DAP", "CIF", "CPT")  # freight is in the price


def apply_outdated_price_list(
    world: World, drafts: InvoiceDrafts, factor: Floats, rng: np.random.Generator
) -> None:
    """The supplier bills the new list, the order still had the old; or rounds in its way."""
    gap = factor[drafts.line] - 1
    applied = np.where(draw_flags(rng, np.full(len(drafts), 0.9)), gap, 0.0)
    rounding = draw_flags(rng, np.full(len(drafts), 0.07))
    applied += np.where(rounding, rng.normal(0, 0.006, len(drafts)), 0.0)
    drafts.price = np.maximum(np.round(drafts.price * (1 + applied), 4), 0.0001)
    drafts.visible |= np.abs(applied) > 1e-9
    tolerance = world.site_parameter("price_tolerance")[drafts.site]
    agreed = draw_flags(rng, np.full(len(drafts), 0.25))  # the buyer had accepted it by phone
    severity = block_severity(applied, tolerance) * np.where(applied > 0, 1.0, 0.25)
    drafts.add_severity(ExceptionClass.PRICE_VARIANCE, severity * np.where(agreed, 0.1, 1.0))


def apply_forgotten_rebate(world: World, drafts: InvoiceDrafts, rng: np.random.Generator) -> None:
    """A rebate agreed outside the order is missing: nothing on paper shows it."""
    share = forgotten_rebate_shares(world, rng)[drafts.supplier, drafts.booked // (7 * DAY)]
    forgotten = draw_flags(rng, share * np.where(drafts.base_quantity > 20, 1.6, 0.6))
    drafts.add_severity(ExceptionClass.PRICE_VARIANCE, np.where(forgotten, 1.3, 0.0))


def apply_currency_moves(
    world: World, drafts: InvoiceDrafts, prices: Prices, rng: np.random.Generator
) -> None:
    """The planned rate is off the spot rate, or the bill comes in another currency."""
    day = np.minimum(drafts.booked // DAY, prices.spot.shape[1] - 1)
    home = np.array([CURRENCIES.index(site.currency) for site in world.sites])[drafts.site]
    foreign = drafts.currency != home
    spot, planned = (rates[drafts.currency, day] for rates in (prices.spot, prices.planned))
    off = np.where(foreign, spot / planned - 1, 0.0)
    drafts.add_severity(
        ExceptionClass.CURRENCY_RATE, 0.13 * block_severity(off, np.full(len(drafts), 0.05))
    )
    other = foreign & draw_flags(rng, 0.004 + 0.008 * (drafts.supplier % 4 == 0))
    rate = prices.spot[drafts.currency, day] / prices.spot[home, day]
    margin = rng.normal(0.01, 0.025, len(drafts))
    drafts.price = np.where(other, np.round(drafts.price * rate * (1 + margin), 4), drafts.price)
    drafts.currency = np.where(other, home, drafts.currency)
    drafts.visible |= other
    drafts.add_severity(
        ExceptionClass.CURRENCY_RATE,
        np.where(other, 0.25 + block_severity(margin, np.full(len(drafts), 0.02)), 0.0),
    )


def apply_freight_charges(
    world: World, drafts: InvoiceDrafts, lines: PurchaseOrderLines, rng: np.random.Generator
) -> None:
    """Freight where it was in the price, or more of it than agreed."""
    n = len(drafts)
    days = int(drafts.booked.max()) // DAY + 1
    fuel = episode_intensities(rng, len(world.suppliers), days, 0.5, (30, 90))
    terms = world.suppliers.incoterm[drafts.supplier]
    free = np.isin(terms, _FREIGHT_PAID_INCOTERMS)
    usual = np.where(free, 0.0, 0.012 + 0.03 * (drafts.supplier % 7) / 7)
    rush = lines.rush[drafts.line]
    surcharge = draw_flags(rng, 0.004 + 0.07 * fuel[drafts.supplier, drafts.booked // DAY])
    surcharge |= rush & draw_flags(rng, np.full(n, 0.3))
    extra = np.where(surcharge, rng.uniform(0.01, 0.06, n), 0.0)
    first = np.zeros(n, dtype=bool)
    first[np.unique(drafts.document, return_index=True)[1]] = True
    share = np.where(first, usual * rng.normal(1, 0.08, n), 0.0) + extra
    flat = np.where(surcharge, rng.choice([15.0, 25.0, 40.0], n), 0.0)
    drafts.freight = np.round(share * drafts.amount + flat, 2)
    drafts.visible |= surcharge
    agreed = np.where(rush, 0.12, np.where(free, 1.3, 0.7))
    drafts.add_severity(ExceptionClass.FREIGHT_CHARGES, np.where(surcharge, agreed, 0.0))


def apply_tax_errors(world: World, drafts: InvoiceDrafts, rng: np.random.Generator) -> None:
    """The supplier charges another rate, or the order's tax code is wrong."""
    n = len(drafts)
    careless = world.suppliers.careless[drafts.supplier]
    wrong = draw_flags(rng, 0.006 * careless * np.where(drafts.manual, 1.4, 0.8))
    other = rng.choice([0.0, 0.05, 0.07, 0.19, 0.20, 0.21], n)
    true_rate = drafts.tax_expected.copy()
    wrong &= other != true_rate
    stale = (drafts.item * 40_503 + drafts.site * 977) % 211 == 0  # tax code never looked after
    drafts.tax_expected = np.where(stale, np.where(true_rate > 0.1, 0.07, 0.19), true_rate)
    charged = np.where(wrong, other, true_rate)
    drafts.tax = np.round(charged * (drafts.amount + drafts.freight), 2)
    drafts.visible |= wrong | stale
    drafts.add_severity(ExceptionClass.TAX_VARIANCE, np.where(wrong, 1.4, 0.0))
    drafts.add_severity(ExceptionClass.TAX_VARIANCE, np.where(stale & ~wrong, 0.45, 0.0))
    unregistered = draw_flags(rng, np.where(true_rate == 0, 0.0012, 0.0004))
    drafts.add_severity(ExceptionClass.TAX_VARIANCE, np.where(unregistered, 1.5, 0.0))


def apply_amount_limit(
    world: World, drafts: InvoiceDrafts, prices: Prices, rng: np.random.Generator
) -> None:
    """The document needs an approval; its largest line is stopped. Limits are renewed at times."""
    day = np.minimum(drafts.booked // DAY, prices.planned.shape[1] - 1)
    euros = drafts.amount * prices.planned[drafts.currency, day]
    total = np.bincount(drafts.document, weights=euros)[drafts.document]
    terms = rng.choice([0.6, 0.8, 1.0, 1.0, 1.4], (len(world.sites), 12))
    limit = world.site_parameter("amount_limit")[drafts.site] * terms[drafts.site, day // 120 % 12]
    order = np.lexsort((euros, drafts.document))
    last = np.append(np.diff(drafts.document[order]) != 0, True)
    largest = np.zeros(len(drafts), dtype=bool)
    largest[order[last]] = True
    drafts.add_severity(
        ExceptionClass.AMOUNT_LIMIT,
        np.where(largest, 1.3 / (1 + np.exp(-6 * np.log(np.maximum(total, 1) / limit))), 0.0),
    )


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
    keeps_surplus = draw_flags(rng, np.full(len(drafts), 0.3))  # the site was glad to have more
    severity = block_severity(over, 1.5 * tolerance) * np.where(keeps_surplus, 0.1, 0.9)
    drafts.add_severity(ExceptionClass.QTY_OVER_ORDERED, severity)
    drafts.add_severity(ExceptionClass.QTY_OVER_RECEIVED, 1.1 * block_severity(missing, tolerance))
    miscount = draw_flags(rng, np.full(len(drafts), 0.0025))
    drafts.add_severity(ExceptionClass.QTY_OVER_RECEIVED, np.where(miscount, 1.2, 0.0))
    _apply_undelivered_rest(world, drafts, lines, parts)


def _apply_undelivered_rest(
    world: World, drafts: InvoiceDrafts, lines: PurchaseOrderLines, parts: Deliveries
) -> None:
    """Settle invoices that billed a whole order with its first part, by when the rest arrives."""
    last = np.full(len(lines.pair), NEVER)
    np.maximum.at(last, parts.line, parts.arrived)
    wait = (last[drafts.line] - drafts.booked) / DAY
    incomplete = (drafts.arrived != NEVER) & (last[drafts.line] > drafts.arrived)
    incomplete &= drafts.base_quantity >= lines.quantity[drafts.line]
    patience = world.site_parameter("patience_days")[drafts.site]
    drafts.visible |= incomplete
    drafts.add_severity(
        ExceptionClass.QTY_OVER_RECEIVED,
        np.where(incomplete, 1.5 / (1 + np.exp(-(wait - patience) / 2.5)), 0.0),
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
    full_packs = (pack > 1) & (drafts.base_quantity % pack == 0)
    by_case = full_packs & ((drafts.supplier * 31 + drafts.item * 7) % 5 == 0)
    trouble = world.site_parameter("unit_trouble")[drafts.site]
    careless = world.suppliers.careless[drafts.supplier]
    mislabelled = full_packs & draw_flags(rng, 0.05 * trouble * careless)
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
