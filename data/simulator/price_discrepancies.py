"""Causes of wrong amounts on invoices.

Prices, rebates, currencies, freight, tax, approval limits.
"""

from __future__ import annotations

import numpy as np

from data.contracts.invoice_outcomes import ExceptionClass
from data.simulator.deliveries import PurchaseOrderLines
from data.simulator.invoicing import InvoiceDrafts, block_severity
from data.simulator.prices import CURRENCIES, Prices, forgotten_rebate_shares
from data.simulator.world.clock import DAY
from data.simulator.world.random_streams import Floats, draw_flags, episode_intensities
from data.simulator.world.world import World

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
