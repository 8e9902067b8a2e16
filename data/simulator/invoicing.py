"""Invoice drafts, and their making from deliveries before anything goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.contracts.invoice_outcomes import ExceptionClass
from data.simulator.corrections import Postings
from data.simulator.deliveries import Deliveries, PurchaseOrderLines
from data.simulator.world.clock import DAY, HOUR, NEVER, next_working_day
from data.simulator.world.random_streams import Flags, Floats, Ints, draw_flags
from data.simulator.world.suppliers import ORIGINS
from data.simulator.world.world import World

EXCEPTION_CLASSES = tuple(ExceptionClass)


@dataclass
class InvoiceDrafts:
    """n invoice lines as columns. Causes change what is on paper and add to `severity`.

    On paper: number, quantity, in_packs (unit is the pack), price, freight, tax,
    tax_expected, currency, manual, dated, booked (minutes), refers (order line, -1 none),
    supplier.
    Behind it: line (true order line), document (key of the paper), site, item, base_quantity
    (truly billed, base units), arrived and posted (minutes of the receipt, NEVER if none).

    Attributes:
        severity: by class, how much there is to stop the line for; 0 nothing, 1 plenty.
        visible: whether something on paper differs from order or receipt.
    """

    line: Ints
    document: Ints
    site: Ints
    supplier: Ints
    item: Ints
    base_quantity: Ints
    arrived: Ints
    posted: Ints
    number: NDArray[np.object_]
    quantity: Floats
    in_packs: Flags
    price: Floats
    freight: Floats
    tax: Floats
    tax_expected: Floats
    currency: Ints
    manual: Flags
    dated: Ints
    booked: Ints
    referenced_line: Ints
    visible: Flags
    severity: Floats

    def __len__(self) -> int:
        return len(self.line)

    @property
    def amount(self) -> Floats:
        """Net amount of each line, in its currency."""
        return np.asarray(np.round(self.quantity * self.price, 2))

    def add_severity(self, cause: ExceptionClass, amount: NDArray[Any]) -> None:
        """Add to a class's severity, line by line."""
        self.severity[:, EXCEPTION_CLASSES.index(cause)] += amount

    def rows(self, keep: NDArray[Any]) -> InvoiceDrafts:
        """Return copies of the lines at these positions."""
        return InvoiceDrafts(*(getattr(self, f.name)[keep].copy() for f in fields(self)))

    def below(self, other: InvoiceDrafts) -> InvoiceDrafts:
        """Return these lines followed by others."""
        return replace(
            self,
            **{
                f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)])
                for f in fields(self)
            },
        )


def block_severity(variance: Floats, tolerance: Floats) -> Floats:
    """Severity of a variance: none at none, half way at the tolerance, then levelling off."""
    size = np.abs(variance)
    return np.asarray(1.8 * size**2 / (size**2 + tolerance**2 + 1e-12))


VAT_RATES = {"DE": 0.19, "GB": 0.20, "NL": 0.21, "FR": 0.20, "PL": 0.23, "ES": 0.21, "US": 0.0}


def consignment_flags(lines: PurchaseOrderLines) -> Flags:
    """Lines whose goods stay the supplier's: never invoiced on delivery."""
    return np.asarray((lines.pair * 2_654_435_761 % 1000 < 25) & ~lines.rush)


def receipt_posting_minutes(
    world: World, lines: PurchaseOrderLines, parts: Deliveries, rng: np.random.Generator
) -> Ints:
    """Minute at which each receipt was posted. Some sites let paper lie, by the transport."""
    site = world.pairs.site[lines.pair[parts.line]]
    transport, at = np.unique(
        np.stack([lines.document[parts.line], parts.arrived // DAY]), axis=1, return_inverse=True
    )
    n = int(transport.shape[1])
    luck, wait = rng.random(n)[at], rng.gamma(1.3, 1 / 1.3, n)[at]
    lies = luck < world.site_parameter("posting_share")[site]
    late = np.round(wait * world.site_parameter("posting_days")[site] * DAY).astype(np.int64)
    prompt = rng.integers(15, 240, len(site))
    return parts.arrived + np.where(lies, late + prompt, prompt)


def draft_invoices(
    world: World,
    lines: PurchaseOrderLines,
    parts: Deliveries,
    rng: np.random.Generator,
    *,
    posted: Ints,
    price: Floats,
    currency: Ints,
) -> InvoiceDrafts:
    """Draft an invoice per delivered part; some suppliers bill the whole order with the first.

    price: net price on each order line. currency: of each supplier.
    """
    suppliers, pairs = world.suppliers, world.pairs
    billed, quantity = _billed_deliveries(lines, parts, rng)
    line = parts.line[billed]
    pair = lines.pair[line]
    supplier, site, item = pairs.supplier[pair], pairs.site[pair], pairs.item[pair]
    arrived = parts.arrived[billed]
    key, at = np.unique(lines.document[line] * 10_000 + arrived // DAY, return_inverse=True)
    dated, booked = _document_dates(
        world, lines, rng, line=line, arrived=arrived, at=at, documents=len(key)
    )
    n = len(line)
    real = parts.receipt[billed]
    untaxed = np.array([ORIGINS[o].country for o in suppliers.origin], dtype=object)[supplier]
    home = np.array([s.country for s in world.sites], dtype=object)[site]
    rate = np.where(
        home == untaxed, np.array([VAT_RATES[s.country] for s in world.sites])[site], 0.0
    )
    drafts = InvoiceDrafts(
        line=line,
        document=at.astype(np.int64),
        site=site,
        supplier=supplier,
        item=item,
        base_quantity=quantity,
        arrived=np.where(real, arrived, NEVER),
        posted=np.where(real, posted[billed], NEVER),
        number=np.full(n, "", dtype=object),
        quantity=quantity.astype(np.float64),
        in_packs=np.zeros(n, dtype=bool),
        price=price[line].copy(),
        freight=np.zeros(n),
        tax=np.zeros(n),
        tax_expected=rate,
        currency=currency[supplier],
        manual=~suppliers.electronic[supplier] | (rng.random(len(key)) < 0.04)[at],
        dated=dated,
        booked=booked,
        referenced_line=line.copy(),
        visible=np.zeros(n, dtype=bool),
        severity=np.zeros((n, len(EXCEPTION_CLASSES))),
    )
    drafts.number = _invoice_numbers(drafts, at, rng)
    return drafts


def _billed_deliveries(
    lines: PurchaseOrderLines, parts: Deliveries, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return the parts that invoice lines are written for, and the billed base units."""
    at_once = rng.random(len(lines.pair)) < 0.3
    count = np.bincount(parts.line, minlength=len(lines.pair))
    several = count[parts.line] > 1
    by_line = at_once[parts.line]
    total = np.bincount(parts.line, weights=parts.shipped, minlength=len(lines.pair))
    in_error = ~parts.receipt & draw_flags(rng, np.full(len(parts.line), 0.15))
    wanted = np.where(parts.receipt, parts.shipped > 0, in_error)
    wanted &= ~(several & by_line & parts.final) & ~consignment_flags(lines)[parts.line]
    quantity = np.where(several & by_line, total[parts.line].astype(np.int64), parts.shipped)
    quantity = np.where(in_error, lines.quantity[parts.line], quantity)
    at = np.flatnonzero(wanted)
    return at, quantity[at]


def _document_dates(
    world: World,
    lines: PurchaseOrderLines,
    rng: np.random.Generator,
    *,
    line: Ints,
    arrived: Ints,
    at: NDArray[np.intp],
    documents: int,
) -> tuple[Ints, Ints]:
    """Minute on the document and minute of booking, the same for all lines of a document."""
    supplier = world.pairs.supplier[lines.pair[line]]
    transit = np.array([origin.transit for origin in ORIGINS])[world.suppliers.origin[supplier]]
    early = world.suppliers.bills_early[supplier]
    wait = rng.integers(0, 4, documents)[at]
    shipped = arrived // DAY - np.round(transit * rng.uniform(0.8, 1.2, documents)[at]).astype(int)
    dated = np.where(
        early, np.maximum(shipped, lines.placed[line] // DAY + 1), arrived // DAY + wait
    )
    quick, slow = rng.gamma(1.2, 0.6, documents)[at], rng.gamma(2.5, 1.6, documents)[at]
    way = np.where(world.suppliers.electronic[supplier], quick, slow)
    clock = rng.integers(6 * HOUR, 17 * HOUR, documents)[at]
    day = dated + np.ceil(way).astype(np.int64)
    last = np.zeros(documents, dtype=np.int64)
    np.maximum.at(last, at, day)  # lines of one document share its latest day
    first = np.full(documents, np.iinfo(np.int64).max)
    np.minimum.at(first, at, dated)
    return first[at] * DAY, next_working_day(last, world.size.start)[at] * DAY + clock


def _invoice_numbers(
    drafts: InvoiceDrafts, document: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.object_]:
    """The supplier's own invoice number: each counts and writes in its own way."""
    key, first = np.unique(document, return_index=True)
    supplier, dated = drafts.supplier[first], drafts.dated[first]
    order = np.lexsort((first, dated, supplier))
    place = np.empty(len(key), dtype=np.int64)
    begins = np.searchsorted(supplier[order], supplier[order])
    place[order] = np.arange(len(key)) - begins
    step = rng.integers(1, 30, len(key))
    running = 1000 + place * 17 + step % 17  # other customers are billed in between
    text = np.empty(len(key), dtype=object)
    for n, (who, number, day) in enumerate(zip(supplier, running, dated // DAY, strict=True)):
        text[n] = _format_invoice_number(int(who), int(number), int(day))
    return np.asarray(text[document])


def _format_invoice_number(supplier: int, number: int, day: int) -> str:
    match supplier % 5:
        case 0:
            return f"{number:07d}"
        case 1:
            return f"INV-{number}"
        case 2:
            return f"RE{supplier:02d}/{number}"
        case 3:
            return f"{day // 365 + 24}-{number:06d}"
        case _:
            return f"F{number % 4000:04d}"  # starts over: the same number comes again


def add_credit_notes(
    drafts: InvoiceDrafts,
    parts: Deliveries,
    returns: Postings,
    rng: np.random.Generator,
    *,
    start: date,
) -> InvoiceDrafts:
    """The drafts, and below them a credit note for each return of goods that were invoiced."""
    line = parts.line[returns.part]
    first = np.full(int(max(parts.line.max(), drafts.line.max())) + 1, -1)
    pieces = np.flatnonzero((~drafts.in_packs) & (drafts.referenced_line == drafts.line))
    first[drafts.line[pieces[::-1]]] = pieces[::-1]
    wait = rng.integers(1, 8, len(line))
    clock = rng.integers(6 * HOUR, 17 * HOUR, len(line))
    invoiced = first[line] >= 0
    notes = drafts.rows(first[line][invoiced])
    quantity = returns.quantity[invoiced]
    number = np.arange(len(notes))
    notes.document = int(drafts.document.max()) + 1 + number
    notes.number = np.array([f"GS{1000 + n}" for n in number], dtype=object)
    notes.quantity, notes.base_quantity = quantity.astype(np.float64), quantity
    notes.freight = np.zeros(len(notes))
    notes.dated = returns.happened[invoiced] // DAY * DAY
    day = np.maximum(notes.dated, notes.booked // DAY * DAY) // DAY + wait[invoiced]
    notes.booked = next_working_day(day, start) * DAY + clock[invoiced]
    notes.tax = np.round(notes.tax_expected * notes.amount, 2) + 0.0  # no negative zero
    notes.visible[:] = False
    notes.severity[:] = 0.0
    return drafts.below(notes)
