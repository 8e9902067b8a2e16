"""Resolution of invoices by people: what is noticed, its class, and how and when it ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.contracts.invoice_outcomes import ExceptionClass, Resolution
from data.simulator.invoicing import EXCEPTION_CLASSES, InvoiceDrafts
from data.simulator.world.clock import DAY, HOUR, NEVER
from data.simulator.world.columns import concatenate_records
from data.simulator.world.random_streams import Flags, Floats, Ints, draw_flags
from data.simulator.world.world import World

C, R = ExceptionClass, Resolution
_FOUND_OUT_DAYS = 25.0  # days until a copy that was missed is found
PAYMENT_WINDOW_DAYS = 30  # days after booking at which a line that nobody stopped is paid

# What usually ends it, with shares; and the typical days it takes.
_RESOLUTIONS_OF_CLASS: dict[ExceptionClass, tuple[dict[Resolution, float], float]] = {
    C.PRICE_VARIANCE: ({R.PO_AMENDED: 0.5, R.CREDIT_NOTE: 0.35, R.RELEASED_IN_TOLERANCE: 0.15}, 9),
    C.QTY_OVER_ORDERED: ({R.PO_AMENDED: 0.6, R.CREDIT_NOTE: 0.4}, 8),
    C.QTY_OVER_RECEIVED: ({R.CREDIT_NOTE: 0.6, R.RECEIPT_ARRIVES: 0.4}, 11),
    C.NO_RECEIPT: ({R.RECEIPT_ARRIVES: 0.9, R.REVERSED: 0.1}, 10),
    C.QUALITY_HOLD: ({R.CREDIT_NOTE: 0.6, R.BLOCK_REMOVED: 0.4}, 14),
    C.DATE_VARIANCE: ({R.BLOCK_REMOVED: 1.0}, 7),
    C.AMOUNT_LIMIT: ({R.BLOCK_REMOVED: 1.0}, 4),
    C.UNIT_OF_MEASURE: ({R.PO_AMENDED: 0.4, R.REVERSED: 0.6}, 8),
    C.FREIGHT_CHARGES: ({R.CREDIT_NOTE: 0.45, R.BLOCK_REMOVED: 0.55}, 9),
    C.TAX_VARIANCE: ({R.REVERSED: 0.6, R.CREDIT_NOTE: 0.4}, 12),
    C.CURRENCY_RATE: ({R.BLOCK_REMOVED: 0.7, R.REVERSED: 0.3}, 6),
    C.PO_REFERENCE: ({R.PO_AMENDED: 0.5, R.REVERSED: 0.5}, 8),
    C.DUPLICATE: ({R.DUPLICATE: 0.8, R.REVERSED: 0.2}, 6),
    C.SUPPLIER_MASTER: ({R.BLOCK_REMOVED: 1.0}, 10),
}

# What a class is easily taken for.
_CONFUSED_WITH = {
    C.PRICE_VARIANCE: C.CURRENCY_RATE,
    C.CURRENCY_RATE: C.PRICE_VARIANCE,
    C.QTY_OVER_ORDERED: C.QTY_OVER_RECEIVED,
    C.QTY_OVER_RECEIVED: C.NO_RECEIPT,
    C.NO_RECEIPT: C.QTY_OVER_RECEIVED,
    C.UNIT_OF_MEASURE: C.PRICE_VARIANCE,
    C.PO_REFERENCE: C.NO_RECEIPT,
    C.DUPLICATE: C.QTY_OVER_ORDERED,
    C.FREIGHT_CHARGES: C.PRICE_VARIANCE,
}


@dataclass(frozen=True)
class InvoiceResolutions:
    """Outcome of each draft: class (index in CLASSES), resolution, minutes."""

    ended_as: Ints
    resolution: np.ndarray[tuple[int], np.dtype[np.object_]]
    happened: Ints
    known: Ints

    def below(self, other: InvoiceResolutions) -> InvoiceResolutions:
        """Return these outcomes followed by others."""
        return concatenate_records([self, other])


def settle_credit_notes(notes: InvoiceDrafts) -> InvoiceResolutions:
    """Settle credit notes as agreed: nobody stops them."""
    happened = notes.booked + PAYMENT_WINDOW_DAYS * DAY
    none_needed = np.full(len(notes), R.NONE_NEEDED, dtype=object)
    clean = np.zeros(len(notes), dtype=np.int64)
    return InvoiceResolutions(clean, none_needed, happened, happened + HOUR)


def resolve_invoices(
    world: World, drafts: InvoiceDrafts, rng: np.random.Generator
) -> InvoiceResolutions:
    """Simulate the outcome of every line, whenever that will be."""
    ended_as = _misclassify_some(world, drafts, _primary_class(world, drafts, rng), rng)
    resolution = np.full(len(drafts), R.NONE_NEEDED, dtype=object)
    days = np.full(len(drafts), float(PAYMENT_WINDOW_DAYS))
    released = (ended_as == 0) & drafts.visible
    resolution[released] = R.RELEASED_IN_TOLERANCE
    for number, ended in enumerate(EXCEPTION_CLASSES):
        if ended is not C.CLEAN:
            at = np.flatnonzero(ended_as == number)
            endings, typical = _RESOLUTIONS_OF_CLASS[ended]
            kinds = np.array(list(endings), dtype=object)
            resolution[at] = kinds[rng.choice(len(kinds), len(at), p=list(endings.values()))]
            days[at] = rng.lognormal(np.log(typical), 0.55, len(at))
    # A second copy of an invoice is found out in the end, whatever it was taken for at first.
    copies = drafts.severity[:, EXCEPTION_CLASSES.index(C.DUPLICATE)] > 0
    missed = copies & (ended_as != EXCEPTION_CLASSES.index(C.DUPLICATE))
    ended_as = np.where(copies, EXCEPTION_CLASSES.index(C.DUPLICATE), ended_as)
    resolution[missed], days[missed] = R.DUPLICATE, _FOUND_OUT_DAYS
    stopped = ended_as > 0
    haste = world.site_parameter("haste")[drafts.site]
    days = np.where(stopped, np.clip(days * haste, 0.2, 120), days)
    happened = drafts.booked + (days * DAY).astype(np.int64)
    waits = stopped & (resolution == R.RECEIPT_ARRIVES) & (drafts.posted != NEVER)
    happened = np.where(waits, np.maximum(happened, drafts.posted + 4 * HOUR), happened)
    return InvoiceResolutions(
        ended_as, resolution, happened, happened + rng.integers(5, 6 * HOUR, len(days))
    )


def _primary_class(world: World, drafts: InvoiceDrafts, rng: np.random.Generator) -> Ints:
    """Choose one class per line: of what is noticed, what weighs most, with some chance."""
    strict = world.site_parameter("strictness")[drafts.site][:, None]
    mood = np.exp(rng.normal(0, 0.35, (len(drafts), 1)))  # month end, holidays, who is on duty
    noticed = draw_flags(rng, 1 - np.exp(-1.05 * strict * mood * drafts.severity))
    weight = drafts.severity * rng.lognormal(0, 0.4, drafts.severity.shape)
    weight = np.where(noticed, weight, 0.0)
    return np.where(noticed.any(axis=1), weight.argmax(axis=1), 0).astype(np.int64)


def _misclassify_some(
    world: World, drafts: InvoiceDrafts, ended_as: Ints, rng: np.random.Generator
) -> Ints:
    """File some lines under a class that looks alike, and stop a few for no reason."""
    n = len(ended_as)
    alike = np.array([EXCEPTION_CLASSES.index(_CONFUSED_WITH.get(c, c)) for c in EXCEPTION_CLASSES])
    share = np.where(world.site_parameter("strictness")[drafts.site] > 1.1, 0.05, 0.08)
    ended_as = np.where(draw_flags(rng, share), alike[ended_as], ended_as)
    usual: Floats = np.bincount(ended_as, minlength=len(EXCEPTION_CLASSES)).astype(np.float64)
    usual[0] = 0.0
    odds = (
        usual / usual.sum()
        if usual.sum()
        else np.full(len(EXCEPTION_CLASSES), 1 / len(EXCEPTION_CLASSES))
    )
    any_class = rng.choice(len(EXCEPTION_CLASSES), n, p=odds)
    no_reason: Flags = (ended_as == 0) & draw_flags(rng, np.full(n, 0.004))
    return np.where(no_reason, any_class, ended_as).astype(np.int64)
