"""Why the paper is wrong: order numbers, vendor master, and the same invoice again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.contracts.invoice_outcomes import ExceptionClass
from data.sources.simulator.chance import Floats, Ints, happens
from data.sources.simulator.clock import DAY, HOUR, working_day
from data.sources.simulator.deliveries import Lines
from data.sources.simulator.drafts import Drafts
from data.sources.simulator.world import World


def reference_missing_or_wrong(
    world: World, drafts: Drafts, lines: Lines, rng: np.random.Generator
) -> None:
    """No order number, or that of another order of the same supplier and site."""
    careless = world.suppliers.careless[drafts.supplier]
    odds = 0.009 * careless * np.where(drafts.manual, 1.7, 0.5)
    odds = odds * np.where(lines.rush[drafts.line], 3.0, 1.0)  # ordered by phone
    wrong = happens(rng, np.minimum(odds, 0.5))
    missing = wrong & happens(rng, np.full(len(drafts), 0.6))
    drafts.refers = np.where(missing, -1, drafts.refers)
    elsewhere = _another_line(world, lines)[drafts.line]
    drafts.refers = np.where(wrong & ~missing, elsewhere, drafts.refers)
    drafts.visible |= wrong
    found = happens(rng, np.full(len(drafts), 0.3))  # the clerk knew which order was meant
    severity = np.where(missing, np.where(drafts.manual, 1.3, 0.8), 1.5)
    drafts.blame(
        ExceptionClass.PO_REFERENCE, np.where(wrong, severity * np.where(found, 0.1, 1.0), 0.0)
    )
    unapproved = happens(rng, np.where(lines.rush[drafts.line], 0.02, 0.001))
    drafts.blame(ExceptionClass.PO_REFERENCE, np.where(unapproved, 1.2, 0.0))


def _another_line(world: World, lines: Lines) -> Ints:
    """For each order line the one that the same site placed before it with that supplier."""
    key = world.pairs.site[lines.pair] * 1000 + world.pairs.supplier[lines.pair]
    order = np.lexsort((lines.placed, key))
    before = np.roll(order, 1)
    same = key[before] == key[order]
    result = np.empty(len(order), dtype=np.int64)
    result[order] = np.where(same, before, order)
    return result


def vendor_master_outdated(world: World, drafts: Drafts, rng: np.random.Generator) -> None:
    """Bank or legal details changed; until a site has taken that in, invoices are stopped."""
    days = int(drafts.booked.max()) // DAY + 1
    severity: Floats = np.zeros(len(drafts))
    for supplier in range(len(world.suppliers)):
        for begins in rng.integers(-30, days, rng.poisson(0.55 * days / 365)):
            lasts = rng.gamma(2.0, 9.0, len(world.sites))[drafts.site]
            since = drafts.booked / DAY - begins
            hit = (drafts.supplier == supplier) & (since >= 0) & (since < lasts)
            severity = np.where(hit, np.where(drafts.manual, 0.5, 0.28), severity)
    severity += np.where(happens(rng, np.full(len(drafts), 0.0008)), 1.2, 0.0)
    drafts.blame(ExceptionClass.SUPPLIER_MASTER, severity)


def submitted_again(world: World, drafts: Drafts, rng: np.random.Generator) -> Drafts:
    """The drafts, and below them documents that came a second time in one of five patterns."""
    documents = int(drafts.document.max()) + 1
    manual = np.zeros(documents, dtype=bool)
    manual[drafts.document] = drafts.manual
    careless = np.zeros(documents)
    careless[drafts.document] = world.suppliers.careless[drafts.supplier]
    chosen = happens(rng, np.minimum(0.011 * careless * np.where(manual, 1.4, 0.6), 0.3))
    again = drafts.rows(chosen[drafts.document])
    pattern = rng.integers(5, size=documents)[again.document]
    wait = rng.integers(2 * DAY, 45 * DAY, documents)[again.document] // DAY * DAY
    clock = rng.integers(6 * HOUR, 17 * HOUR, documents)[again.document]
    booked = working_day((again.booked + wait) // DAY, world.size.start)
    again.booked = booked * DAY + clock
    again.severity[:] = 0.0
    again.visible[:] = True
    _disguise(world, again, pattern, wait, rng)
    again.document = again.document + documents
    again.manual |= happens(rng, np.full(len(again), 0.5))
    again.blame(ExceptionClass.DUPLICATE, np.where(pattern == 0, 3.0, 1.6))
    return drafts.below(again)


def _disguise(
    world: World, again: Drafts, pattern: Ints, wait: Ints, rng: np.random.Generator
) -> None:
    """0 exact, 1 number read or typed differently, 2 other amount, 3 other date, 4 sister."""
    again.number = np.where(pattern == 1, _misread(again.number), again.number)
    nudge = np.where(pattern == 2, rng.normal(0, 0.03, len(again)), 0.0)
    again.price = np.maximum(np.round(again.price * (1 + nudge), 4), 0.0001)
    again.dated = np.where(pattern == 3, again.dated + wait, again.dated)
    sister = world.suppliers.sister[again.supplier]
    again.supplier = np.where((pattern == 4) & (sister >= 0), sister, again.supplier)


def _misread(numbers: NDArray[np.object_]) -> NDArray[np.object_]:
    """A number as someone else would write it."""
    result = np.empty(len(numbers), dtype=object)
    for n, number in enumerate(numbers):
        plain = str(number).replace("-", "").replace("/", "")
        result[n] = plain if plain != number else f"{number}A" if n % 2 else number.lstrip("0")
    return result
