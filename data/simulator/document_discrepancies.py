"""Causes of wrong documents: order references, vendor master data, duplicate invoices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.contracts.invoice_outcomes import ExceptionClass
from data.simulator.deliveries import PurchaseOrderLines
from data.simulator.invoicing import InvoiceDrafts
from data.simulator.world.clock import DAY, HOUR, next_working_day
from data.simulator.world.random_streams import Floats, Ints, draw_flags
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
    found = draw_flags(rng, np.full(len(drafts), 0.3))  # the clerk knew which order was meant
    severity = np.where(missing, np.where(drafts.manual, 1.3, 0.8), 1.5)
    drafts.add_severity(
        ExceptionClass.PO_REFERENCE, np.where(wrong, severity * np.where(found, 0.1, 1.0), 0.0)
    )
    unapproved = draw_flags(rng, np.where(lines.rush[drafts.line], 0.02, 0.001))
    drafts.add_severity(ExceptionClass.PO_REFERENCE, np.where(unapproved, 1.2, 0.0))


def _previous_line_of_supplier(world: World, lines: PurchaseOrderLines) -> Ints:
    """For each order line the one that the same site placed before it with that supplier."""
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
