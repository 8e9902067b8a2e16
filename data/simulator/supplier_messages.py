"""Supplier messages between order and receipt: EDI 855 and 856, delay notices, new promises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.contracts.supplier_events import AckStatus, EventKind
from data.simulator.deliveries import Deliveries, PurchaseOrderLines
from data.simulator.world.clock import DAY, HOUR, NEVER
from data.simulator.world.columns import concatenate_records
from data.simulator.world.random_streams import Flags, Floats, Ints, draw_flags
from data.simulator.world.suppliers import ORIGINS
from data.simulator.world.world import World

PROMISE_HOUR = 18 * HOUR  # promises and expectations mean the end of that working day


@dataclass(frozen=True)
class SupplierMessages:
    """Messages about lines.

    Attributes:
        expected: minute or NEVER.
        quantity: NaN where the message names no quantity.
    """

    line: Ints
    kind: NDArray[np.object_]
    status: NDArray[np.object_]
    detail: NDArray[np.object_]
    expected: Ints
    quantity: Floats
    said: Ints
    known: Ints


def confirm_order_lines(
    world: World, lines: PurchaseOrderLines, rng: np.random.Generator
) -> tuple[Flags, Ints]:
    """Return which lines were acknowledged, and the minute at which each promise became known."""
    supplier = world.pairs.supplier[lines.pair]
    documents = int(lines.document.max()) + 1
    luck, wait = rng.random(documents), rng.lognormal(-0.4, 0.9, documents).clip(0.02, 4)
    acknowledged = luck[lines.document] < world.suppliers.acknowledges[supplier]
    first_arrival = np.minimum(lines.arrives, lines.promised) * DAY + 4 * HOUR
    answer = lines.placed + np.round(wait[lines.document] * DAY).astype(np.int64)
    known = np.where(acknowledged, np.minimum(answer, first_arrival), lines.placed + 30)
    return acknowledged, np.maximum(known, lines.placed + 30)


def generate_messages(
    world: World,
    lines: PurchaseOrderLines,
    parts: Deliveries,
    rng: np.random.Generator,
    *,
    acknowledged: Flags,
    confirmed: Ints,
    price_factor: Floats,
) -> SupplierMessages:
    """Generate every supplier message of the simulated period."""
    return concatenate_records(
        [
            _acknowledgements(lines, acknowledged, confirmed, price_factor, rng),
            _ship_notices(world, lines, parts, confirmed, rng),
            *_delay_notices(world, lines, confirmed, rng),
            _cancellations(lines, confirmed, rng),
        ]
    )


def _acknowledgements(
    lines: PurchaseOrderLines,
    acknowledged: Flags,
    confirmed: Ints,
    price_factor: Floats,
    rng: np.random.Generator,
) -> SupplierMessages:
    n = len(lines.pair)
    luck = rng.random(n)
    gone = lines.cancelled >= 0
    status = np.full(n, AckStatus.ACCEPTED, dtype=object)
    status[luck > 0.994] = AckStatus.ON_HOLD
    status[(luck > 0.98) & (luck <= 0.988)] = AckStatus.QUANTITY_CHANGED
    status[(lines.promised > lines.requested + 2) & (luck < 0.7)] = AckStatus.RESCHEDULED
    raised = np.abs(price_factor - 1) > 1e-9
    status[raised & (luck < 0.3)] = AckStatus.PRICE_CHANGED
    status[(lines.held & (luck < 0.45)) | ((luck > 0.988) & (luck <= 0.994))] = (
        AckStatus.BACKORDERED
    )
    status[lines.held & (luck >= 0.45) & (luck < 0.6)] = AckStatus.PARTLY_SHIPPED
    status[lines.substituted & (luck < 0.8)] = AckStatus.SUBSTITUTED
    status[gone & (luck < 0.2)] = AckStatus.DELETED
    status[gone & (luck >= 0.2) & (luck < 0.35)] = AckStatus.REJECTED
    confirms = np.where(
        status == AckStatus.QUANTITY_CHANGED, np.ceil(lines.quantity * 0.9), lines.quantity
    )
    lines_acknowledged = np.flatnonzero(acknowledged)
    return SupplierMessages(
        line=lines_acknowledged,
        kind=np.full(len(lines_acknowledged), EventKind.ACKNOWLEDGEMENT, dtype=object),
        status=status[lines_acknowledged],
        detail=np.full(len(lines_acknowledged), None, dtype=object),
        expected=lines.promised[lines_acknowledged] * DAY + PROMISE_HOUR,
        quantity=confirms[lines_acknowledged].astype(np.float64),
        said=np.maximum(
            confirmed[lines_acknowledged] - rng.integers(1, 90, len(lines_acknowledged)),
            lines.placed[lines_acknowledged] + 1,
        ),
        known=confirmed[lines_acknowledged],
    )


def _ship_notices(
    world: World,
    lines: PurchaseOrderLines,
    parts: Deliveries,
    confirmed: Ints,
    rng: np.random.Generator,
) -> SupplierMessages:
    suppliers = world.suppliers
    supplier = world.pairs.supplier[lines.pair[parts.line]]
    sends = suppliers.sends_asn[supplier] & parts.receipt & (parts.shipped > 0)
    at = np.flatnonzero(sends & draw_flags(rng, suppliers.asn_share[supplier]))
    transit = np.array([origin.transit for origin in ORIGINS])[suppliers.origin[supplier[at]]]
    road = (transit * rng.uniform(0.9, 1.25, len(at)) * DAY).astype(np.int64)
    line = parts.line[at]
    left = np.maximum(parts.arrived[at] - road, confirmed[line] + 5)
    slow = draw_flags(rng, np.full(len(at), 0.12))
    hours = np.where(slow, rng.uniform(24, 96, len(at)), rng.lognormal(0.7, 0.8, len(at)))
    error = np.round(rng.normal(-0.25, 0.09 * transit + 0.35, len(at))).astype(np.int64)
    day = np.maximum(parts.arrived[at] // DAY + error, left // DAY)
    return SupplierMessages(
        line=line,
        kind=np.full(len(at), EventKind.ASN, dtype=object),
        status=np.full(len(at), None, dtype=object),
        detail=np.full(len(at), None, dtype=object),
        expected=day * DAY + PROMISE_HOUR,
        quantity=parts.shipped[at].astype(np.float64),
        said=left,
        known=left + np.maximum((hours * HOUR).astype(np.int64), 1),
    )


def _delay_notices(
    world: World, lines: PurchaseOrderLines, confirmed: Ints, rng: np.random.Generator
) -> tuple[SupplierMessages, SupplierMessages]:
    """Notices of delay, for some of the late lines and for a few that come in time after all."""
    n = len(lines.pair)
    late = (lines.arrives - lines.promised).astype(np.float64)
    speaks = world.suppliers.notices[world.pairs.supplier[lines.pair]]
    honest = draw_flags(rng, np.where(late > 0, speaks * np.clip(0.35 + late / 15, 0, 1), 0))
    in_vain = draw_flags(
        rng, np.where((late <= 0) & (lines.cancelled < 0), 0.02 + 0.02 * speaks, 0)
    )
    at = np.flatnonzero(honest | in_vain)
    ahead = np.round(rng.normal(2.0, 3.0, n) * DAY).astype(np.int64)[at]
    sent_at = lines.promised[at] * DAY + PROMISE_HOUR - ahead
    sent_at = np.clip(
        sent_at, confirmed[at] + 60, np.maximum(lines.arrives[at] * DAY, confirmed[at] + 60)
    )
    guess = np.where(
        late[at] > 0, late[at] * rng.lognormal(-0.1, 0.4, len(at)), rng.gamma(2, 2, len(at))
    )
    expected = (lines.promised[at] + np.maximum(np.round(guess).astype(np.int64), 1)) * DAY
    words = np.array(["capacity", "material", "transport", "customs", "unspecified"], dtype=object)
    notice = _messages_of_kind(
        lines,
        at,
        rng,
        kind=EventKind.DELAY_NOTICE,
        detail=words[rng.integers(5, size=len(at))],
        said=sent_at,
        expected=np.where(rng.random(len(at)) < 0.6, expected + PROMISE_HOUR, NEVER),
    )
    again = np.flatnonzero(draw_flags(rng, np.full(len(at), 0.5)))
    better = np.where(late[at] > 0, late[at] * rng.lognormal(-0.05, 0.22, len(at)), guess)
    renewed = (lines.promised[at] + np.maximum(np.round(better).astype(np.int64), 1))[again]
    revised = _messages_of_kind(
        lines,
        at[again],
        rng,
        kind=EventKind.REVISED_PROMISE,
        detail=np.full(len(again), None, dtype=object),
        said=sent_at[again] + rng.integers(60, 3 * DAY, len(again)),
        expected=renewed * DAY + PROMISE_HOUR,
    )
    return notice, revised


def _cancellations(
    lines: PurchaseOrderLines, confirmed: Ints, rng: np.random.Generator
) -> SupplierMessages:
    at = np.flatnonzero(lines.cancelled >= 0)
    sent_at = np.maximum(lines.cancelled[at] * DAY + 10 * HOUR, confirmed[at] + 10)
    words = np.full(len(at), "cancelled", dtype=object)
    return _messages_of_kind(
        lines,
        at,
        rng,
        kind=EventKind.ORDER_CHANGE,
        detail=words,
        said=sent_at,
        expected=np.full(len(at), NEVER),
    )


def _messages_of_kind(
    lines: PurchaseOrderLines,
    at: Ints,
    rng: np.random.Generator,
    *,
    kind: EventKind,
    detail: NDArray[np.object_],
    said: Ints,
    expected: Ints,
) -> SupplierMessages:
    """Messages of one kind about these lines; an order change says that nothing will come."""
    quantity = lines.quantity[at].astype(np.float64)
    return SupplierMessages(
        line=at,
        kind=np.full(len(at), kind, dtype=object),
        status=np.full(len(at), None, dtype=object),
        detail=detail,
        expected=expected,
        quantity=quantity * 0 if kind is EventKind.ORDER_CHANGE else quantity,
        said=said,
        known=said + rng.integers(2, 240, len(at)),
    )
