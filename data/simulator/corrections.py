"""Corrections of orders and deliveries: cancelled and closed lines, reversals and returns.

Drawn from random streams of their own, so that orders, deliveries and invoices are the same
with and without it. Rows that are added here are numbered after all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.contracts.purchase_orders import LineState
from data.contracts.receipts import PostingKind
from data.contracts.supplier_events import EventKind
from data.simulator.deliveries import Deliveries, PurchaseOrderLines
from data.simulator.supplier_messages import SupplierMessages
from data.simulator.world.clock import DAY, HOUR, NEVER
from data.simulator.world.columns import concatenate_records
from data.simulator.world.random_streams import Flags, Ints, draw_flags, random_stream
from data.simulator.world.world import World

_CLOSED_SHORT_SHARE = 0.4  # of the lines of which less came than was ordered
_MISTAKE_SHARE = 0.006  # lines that were posted as received before they came
_REVERSED_AT_ONCE_SHARE = 0.8
_RETURNED_SHARE = 0.6  # of the deliveries with damage that was noted
# Docks of overseas sites work when it is evening or night in UTC: a day there is not one in UTC.
_OVERSEAS_SHIFT = 11 * HOUR


@dataclass(frozen=True)
class LineStates:
    """State of each line, and the minute since when it is known; NEVER while it is open."""

    state: NDArray[np.object_]
    known: Ints


@dataclass(frozen=True)
class Postings:
    """Postings against order lines; `part` is the delivery that each belongs to."""

    part: Ints
    kind: NDArray[np.object_]
    quantity: Ints
    happened: Ints
    known: Ints


def overseas_minutes(world: World, lines: PurchaseOrderLines, parts: Deliveries) -> Ints:
    """Minutes from a delivery's time of day to that at its site's dock."""
    overseas = np.array([site.time_zone.startswith("America/") for site in world.sites])
    return np.where(overseas[world.pairs.site[lines.pair[parts.line]]], _OVERSEAS_SHIFT, 0)


def draw_line_states(
    lines: PurchaseOrderLines,
    parts: Deliveries,
    posted: Ints,
    messages: SupplierMessages,
    seed: int,
) -> LineStates:
    """Cancel lines when the buyer's change was known, and close some that came short."""
    rng, n = random_stream(seed, "line states"), len(lines.pair)
    state, known = np.full(n, LineState.OPEN, dtype=object), np.full(n, NEVER)
    received = np.bincount(parts.line, weights=parts.received, minlength=n)
    last = np.full(n, NEVER)
    np.maximum.at(last, parts.line, posted)
    short = (lines.cancelled < 0) & (received > 0) & (received < lines.quantity)
    closed = short & draw_flags(rng, np.full(n, _CLOSED_SHORT_SHARE))
    state[closed] = LineState.CLOSED_SHORT
    known[closed] = (last + rng.integers(1, 10 * DAY, n))[closed]
    changed = messages.kind == EventKind.ORDER_CHANGE
    state[messages.line[changed]] = LineState.CANCELLED
    known[messages.line[changed]] = messages.known[changed]
    return LineStates(state, known)


def draw_mistaken_postings(parts: Deliveries, posted: Ints, confirmed: Ints, seed: int) -> Postings:
    """Postings of goods that had not come, and their reversals: mostly within hours."""
    rng, n = random_stream(seed, "mistaken postings"), len(parts.line)
    before = rng.integers(1, 16, n) * DAY
    at = parts.arrived // DAY * DAY - before + rng.integers(8 * HOUR, 14 * HOUR, n)
    wrong = draw_flags(rng, np.full(n, _MISTAKE_SHARE)) & parts.receipt & (parts.received > 0)
    part = np.flatnonzero(wrong & (at > confirmed[parts.line] + HOUR))
    entered = at[part] + rng.integers(15, 240, len(part))
    at_once = rng.random(len(part)) < _REVERSED_AT_ONCE_SHARE
    wait = np.where(
        at_once, rng.integers(30, 360, len(part)), rng.integers(DAY, 4 * DAY, len(part))
    )
    undone = np.minimum(entered + wait, posted[part] - 1)
    reversal = np.full(len(part), PostingKind.REVERSAL, dtype=object)
    mistake = np.full(len(part), PostingKind.RECEIPT, dtype=object)
    quantity = parts.received[part]
    return concatenate_records(
        [
            Postings(part, mistake, quantity, at[part], entered),
            Postings(part, reversal, -quantity, at[part], np.maximum(undone, entered + 1)),
        ]
    )


def draw_returns(parts: Deliveries, posted: Ints, noted: Flags, seed: int) -> Postings:
    """Return damaged goods to the supplier, some days after they were posted."""
    rng, n = random_stream(seed, "returns"), len(parts.line)
    sent = draw_flags(rng, np.full(n, _RETURNED_SHARE)) & noted & parts.receipt
    part = np.flatnonzero(sent & (parts.damaged > 0))
    at = posted[part] + rng.integers(1 * DAY, 15 * DAY, len(part))
    kind = np.full(len(part), PostingKind.RETURN, dtype=object)
    known = at + rng.integers(15, 240, len(part))
    return Postings(part, kind, -parts.damaged[part], at, known)
