"""Status of an order line at the moment asked about: what is open, and why nothing more may be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from data.calendar_days import local_day
from data.contracts.purchase_orders import LineState
from data.contracts.receipts import PostingKind
from data.contracts.supplier_events import AckStatus, EventKind
from data.decimals import ZERO, decimal_of, sum_decimals

Case = Mapping[str, Any]

CANCELLED_WORD = re.compile(r"\b(cancel|delet|annul|storn)", re.IGNORECASE)
REVIVED_WORD = re.compile(r"\b(re-?activat|re-?instat|un-?delet|re-?open)", re.IGNORECASE)
POSTPONEMENTS = (EventKind.REVISED_PROMISE, EventKind.DELAY_NOTICE)
WILL_NOT_COME = frozenset({AckStatus.DELETED, AckStatus.REJECTED})


class LineStatusKind(StrEnum):
    """States that an order line can be in."""

    OPEN = "open"
    RECEIVED = "received"
    CLOSED_SHORT = "closed_short"
    CANCELLED = "cancelled"
    WILL_NOT_COME = "will_not_come"


@dataclass(frozen=True)
class LineStatus:
    """Quantities ordered, received and open on a line.

    Attributes:
        since: day at the site since when it is so; None where that is not known, or it is open.
        settled_at: the moment of that.
        ordered: after changes of the order.
        received: after reversals and returns.
        open: can still come; what a supplier will not deliver stays open, as it is needed.
    """

    kind: LineStatusKind
    since: date | None
    settled_at: datetime | None
    ordered: Decimal
    received: Decimal
    open: Decimal

    @property
    def is_awaited(self) -> bool:
        """True while goods are still expected, and so can be late."""
        return self.kind is LineStatusKind.OPEN

    @property
    def is_done(self) -> bool:
        """True where nothing is owed any more."""
        return not self.is_awaited and self.kind is not LineStatusKind.WILL_NOT_COME


def line_status(case: Case, asked_at: datetime | None) -> LineStatus:
    """Read the status of a line: received in full leads, then the buyer, then the supplier.

    asked_at: moment that a stated state has to be known by; None for now.
    """
    change = _decisive_change(case)
    ordered = _ordered_quantity(case, change)
    postings = list(effective_postings(case["receipts"]))
    received = max(sum_decimals(row["quantity_received"] for row in postings), ZERO)
    settling = _settling_facts(case, asked_at, change, postings, ordered)
    kind, since = next(settling, (LineStatusKind.OPEN, None))
    day = None if since is None else local_day(since, case["time_zone"])
    owed = kind in {LineStatusKind.OPEN, LineStatusKind.WILL_NOT_COME}
    still_open = max(ordered - received, ZERO) if owed else ZERO
    return LineStatus(kind, day, since, ordered, received, still_open)


def _settling_facts(
    case: Case,
    asked_at: datetime | None,
    change: Case | None,
    postings: Sequence[Case],
    ordered: Decimal,
) -> Iterator[tuple[LineStatusKind, datetime | None]]:
    """Yield why nothing more is awaited, the strongest first, and since when."""
    stated = _stated_state(case, asked_at)
    cancelled = list(_cancellations(case, change, stated, ordered))
    if ordered > 0 and (completed := _completing_posting(postings, ordered)) is not None:
        came = completed["happened_at"]
        if not any(since is not None and since < came for since in cancelled):
            yield LineStatusKind.RECEIVED, came
    for since in cancelled:
        yield LineStatusKind.CANCELLED, since
    if (final := _final_posting(postings)) is not None:
        yield LineStatusKind.CLOSED_SHORT, final["happened_at"]
    if stated is LineState.CLOSED_SHORT:
        yield LineStatusKind.CLOSED_SHORT, case["state_known_at"]
    answer = latest_acknowledgement(case)
    refused = answer is not None and answer["ack_status"] in WILL_NOT_COME
    if answer is not None and refused and not is_overtaken(case, answer):
        yield LineStatusKind.WILL_NOT_COME, answer["happened_at"]


def _cancellations(
    case: Case, change: Case | None, stated: LineState, ordered: Decimal
) -> Iterator[datetime | None]:
    """Yield since when the line is cancelled, by a change of the order or by its stated state."""
    if change is not None and _cancels(change, case):
        yield change["happened_at"]
    if stated is LineState.CANCELLED or ordered == 0:
        yield case["state_known_at"]


def latest_acknowledgement(case: Case) -> Case | None:
    """Return the last acknowledgement; None where there is none."""
    said = [row for row in case["events"] if row["event_kind"] == EventKind.ACKNOWLEDGEMENT]
    return said[-1] if said else None


def is_overtaken(case: Case, answer: Case) -> bool:
    """Return true if the supplier shipped, or named a date, after an acknowledgement."""
    return any(
        row["happened_at"] > answer["happened_at"]
        and (
            row["event_kind"] == EventKind.ASN
            or (row["event_kind"] in POSTPONEMENTS and row["expected_at"] is not None)
        )
        for row in case["events"]
    )


def effective_postings(receipts: Sequence[Case]) -> Iterator[Case]:
    """Yield the postings that stand, by when the goods moved: what was reversed never was.

    A reversal voids the latest posting of its quantity; one of another quantity is taken off.
    A negative posting without a kind is a reversal where it voids one, else it is taken off.
    """
    kept: list[Case] = []
    for row in receipts:
        quantity, kind = decimal_of(row["quantity_received"]), row["posting_kind"]
        if kind == PostingKind.REVERSAL or (kind is None and quantity < 0):
            voided = [p for p in kept if decimal_of(p["quantity_received"]) == abs(quantity)]
            if voided:
                kept = [p for p in kept if p is not voided[-1]]
                continue
        sign = 1.0 if kind in (None, PostingKind.RECEIPT) else -1.0
        value = row["quantity_received"] if sign > 0 else -abs(row["quantity_received"])
        kept.append({**row, "quantity_received": value})
    yield from sorted(kept, key=lambda row: (row["happened_at"], row["known_at"]))


def _completing_posting(postings: Sequence[Case], ordered: Decimal) -> Case | None:
    """Return the receipt that made the line complete; what is returned later does not open it."""
    taken_off = [p for p in postings if p["posting_kind"] == PostingKind.REVERSAL]
    total = sum_decimals(p["quantity_received"] for p in taken_off)
    for row in postings:
        if row not in taken_off:
            total += decimal_of(row["quantity_received"])
        if total >= ordered:
            return row
    return None


def _final_posting(postings: Sequence[Case]) -> Case | None:
    final = [row for row in postings if row["final"]]
    return final[-1] if final else None


def _stated_state(case: Case, asked_at: datetime | None) -> LineState:
    """Return the state that the buyer's system stated and that was known when asked."""
    state, known = case["line_state"], case["state_known_at"]
    if state is None or (known is not None and asked_at is not None and known > asked_at):
        return LineState.OPEN
    return LineState(state)


def _decisive_change(case: Case) -> Case | None:
    """Return the last change of the order that states a quantity, cancels or revives the line."""
    for row in reversed(case["events"]):
        if row["event_kind"] != EventKind.ORDER_CHANGE:
            continue
        word = row["detail"] or ""
        if REVIVED_WORD.search(word) or CANCELLED_WORD.search(word):
            return row  # type: ignore[no-any-return] # a row of the case
        if row["event_quantity"] is not None and row["event_quantity"] >= 0:
            return row  # type: ignore[no-any-return] # a row of the case
    return None


def _cancels(change: Case, case: Case) -> bool:
    """Return true if a change takes the whole line back: nothing is left, or it says so of all."""
    word, quantity = change["detail"] or "", change["event_quantity"]
    if quantity == 0:
        return True
    of_all = quantity is None or quantity >= case["quantity_ordered"]
    revived = REVIVED_WORD.search(word) is not None
    return of_all and not revived and CANCELLED_WORD.search(word) is not None


def _ordered_quantity(case: Case, change: Case | None) -> Decimal:
    """Return the ordered quantity after the last change (X12 860: the new quantity)."""
    ordered = decimal_of(case["quantity_ordered"])
    if change is None or _cancels(change, case) or not (change["event_quantity"] or 0) > 0:
        return ordered
    return decimal_of(change["event_quantity"])
