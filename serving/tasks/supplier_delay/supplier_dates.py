"""Dates of an order line: when it is due, when it is needed, and what the supplier said last.

Days are those of the site. The last word is the last by its own time; a ship notice of a part
does not take back what was said of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from data.calendar_days import promise_day
from data.contracts.supplier_events import AckStatus, EventKind
from data.decimals import decimal_of, sum_decimals
from serving.tasks.supplier_delay.line_status import (
    POSTPONEMENTS,
    WILL_NOT_COME,
    LineStatus,
    effective_postings,
)

Case = Mapping[str, Any]

SAID, SAID_BEFORE = "says", "said"
ACKNOWLEDGED = {
    AckStatus.BACKORDERED: "Supplier backordered the line until",
    AckStatus.RESCHEDULED: "Supplier rescheduled the line to",
}


def due_day(case: Case) -> date:
    """Return the promised day, or the later one that the buyer's last change asks for."""
    promised, wanted = promise_day(case["promised_at"], case["time_zone"]), _changed_day(case)
    return promised if wanted is None else max(promised, wanted)


def needed_day(case: Case) -> date | None:
    """Return the day that the buyer wants, after the last change; None where none is stated."""
    if (wanted := _changed_day(case)) is not None:
        return wanted
    need = case["requested_at"]
    return None if need is None else promise_day(need, case["time_zone"])


def expected_day(case: Case, message: Case) -> date:
    """Return the day at the site for which a message announces the goods."""
    return promise_day(message["expected_at"], case["time_zone"])


def buyers_dated_change(case: Case) -> Case | None:
    """Return the last change of the order that asks for a day; None where there is none."""
    dated: list[Case] = [
        row
        for row in case["events"]
        if row["event_kind"] == EventKind.ORDER_CHANGE and row["expected_at"] is not None
    ]
    return dated[-1] if dated else None


def is_answer_to(change: Case, message: Case) -> bool:
    """Return true if the supplier acknowledged, shipped or named a date after a change."""
    answers = (EventKind.ACKNOWLEDGEMENT, EventKind.ASN, *POSTPONEMENTS)
    return bool(message["event_kind"] in answers and message["happened_at"] > change["happened_at"])


def supplier_date(case: Case, status: LineStatus) -> Case | None:
    """Return the supplier's last message with a date of arrival that still holds.

    A ship notice whose goods have come since says nothing of what is open. An acknowledgement
    counts where it is for later than the line is due: the promise is what was acknowledged.
    """
    dated: list[Case] = list(_dated_messages(case))
    for row in reversed(dated):
        if row["event_kind"] in POSTPONEMENTS or _covers(row, status):
            return row
    return dated[-1] if dated else None


def undated_delay(case: Case, status: LineStatus) -> Case | None:
    """Return the last notice of a delay that names no date, if no later word overtook it.

    None where a date later than the line is due stands.
    """
    notices: list[Case] = [
        row
        for row in case["events"]
        if row["event_kind"] == EventKind.DELAY_NOTICE and row["expected_at"] is None
    ]
    if not notices:
        return None
    word, last = supplier_date(case, status), notices[-1]
    if word is None:
        return last
    overtaken = word["happened_at"] > last["happened_at"]
    return None if overtaken or expected_day(case, word) > due_day(case) else last


def undated_ship_notice(case: Case) -> Case | None:
    """Return the last ship notice without a day whose goods have not come; None without one."""
    notices: list[Case] = [
        row
        for row in case["events"]
        if row["event_kind"] == EventKind.ASN
        and row["expected_at"] is None
        and _is_under_way(case, row)
    ]
    return notices[-1] if notices else None


def words_for(case: Case, message: Case, today: date) -> str:
    """Write who says a date: "Ship notice says", in the past tense where the day is over."""
    says = SAID if expected_day(case, message) >= today else SAID_BEFORE
    match message["event_kind"]:
        case EventKind.ASN:
            return f"Ship notice {says}"
        case EventKind.ACKNOWLEDGEMENT:
            return ACKNOWLEDGED.get(message["ack_status"], "Supplier confirmed")
        case _:
            return f"Supplier {'now' if says == SAID else 'last'} {says}"


def messages_after_the_end(case: Case, status: LineStatus) -> Sequence[Case]:
    """List what the supplier announced after nothing was wanted any more."""
    if status.settled_at is None:
        return []
    return [
        row
        for row in case["events"]
        if row["happened_at"] > status.settled_at
        and (
            row["event_kind"] == EventKind.ASN
            or (row["event_kind"] in POSTPONEMENTS and row["expected_at"] is not None)
        )
    ]


def _dated_messages(case: Case) -> Iterator[Case]:
    due = due_day(case)
    for row in case["events"]:
        if row["expected_at"] is None:
            continue
        match row["event_kind"]:
            case EventKind.ACKNOWLEDGEMENT:
                refused = row["ack_status"] in WILL_NOT_COME
                if not refused and expected_day(case, row) > due:
                    yield row
            case EventKind.ASN:
                if _is_under_way(case, row):
                    yield row
            case EventKind.DELAY_NOTICE | EventKind.REVISED_PROMISE:
                yield row


def _changed_day(case: Case) -> date | None:
    """Return the day that the buyer's last dated change of the order asks for."""
    change = buyers_dated_change(case)
    return None if change is None else expected_day(case, change)


def _is_under_way(case: Case, notice: Case) -> bool:
    """Return true for a ship notice of goods that have not come since it was sent."""
    came = sum_decimals(
        row["quantity_received"]
        for row in effective_postings(case["receipts"])
        if row["happened_at"] > notice["happened_at"]
    )
    shipped = notice["event_quantity"]
    return came <= 0 if shipped is None else came < decimal_of(shipped)


def _covers(message: Case, status: LineStatus) -> bool:
    quantity = message["event_quantity"]
    return quantity is None or decimal_of(quantity) >= status.open
