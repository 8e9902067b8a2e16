"""Rules of an open order line: due day over, supplier's date too late, line not accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from data.calendar_days import local_day
from data.contracts.supplier_events import AckStatus, EventKind
from data.decimals import decimal_of, sum_decimals
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.recommendation.wording import days_apart, format_quantity, short_date
from serving.tasks.supplier_delay.line_status import (
    LineStatus,
    is_overtaken,
    latest_acknowledgement,
    line_status,
)
from serving.tasks.supplier_delay.supplier_dates import (
    due_day,
    expected_day,
    needed_day,
    supplier_date,
    undated_delay,
    undated_ship_notice,
    words_for,
)
from serving.tasks.supplier_delay.wording import lower_first

Case = Mapping[str, Any]


class DelayFinding(StrEnum):
    """Codes of what the rules find."""

    PROMISE_PASSED = "PROMISE_PASSED"
    ASN_AFTER_PROMISE = "ASN_AFTER_PROMISE"
    REVISED_AFTER_NEED = "REVISED_AFTER_NEED"
    REVISED_AFTER_PROMISE = "REVISED_AFTER_PROMISE"
    DELAY_WITHOUT_DATE = "DELAY_WITHOUT_DATE"
    QUANTITY_NOT_CONFIRMED = "QUANTITY_NOT_CONFIRMED"
    SUPPLIER_REFUSED = "SUPPLIER_REFUSED"


REFUSAL_WORDS = {
    AckStatus.BACKORDERED: "backordered the line",
    AckStatus.DELETED: "deleted the line",
    AckStatus.REJECTED: "rejected the line",
    AckStatus.ON_HOLD: "put the line on hold",
    AckStatus.RESCHEDULED: "rescheduled the line",
    AckStatus.SUBSTITUTED: "substituted another item",
}


def supplier_delay_findings(case: Case, policy: Policy, asked_at: datetime) -> list[Finding]:
    """Check the promise, the supplier's latest date and the acknowledgement.

    Nothing is late on a line of which nothing is awaited, whatever older messages said.
    """
    role, status = policy.roles[SUPPLIER_DELAY.name], line_status(case, asked_at)
    if status.is_done:
        return []
    findings = list(check_acknowledgement(case, role, asked_at))
    if not status.is_awaited:
        return findings
    return [
        *check_promise_date(case, status, role, asked_at),
        *check_ship_notice(case, status, role, asked_at),
        *check_revised_date(case, status, role, asked_at),
        *check_undated_delay(case, status, role, asked_at),
        *check_confirmed_quantity(case, status, role, asked_at),
        *findings,
    ]


def check_promise_date(
    case: Case, status: LineStatus, role: str, asked_at: datetime
) -> Iterator[Finding]:
    """Find a due day that is over at the site while goods are open."""
    due, today = due_day(case), local_day(asked_at, case["time_zone"])
    late = (today - due).days
    if late > 0 and status.open > 0:
        says = f"Due {short_date(due, today)}, {format_quantity(status.open)} open"
        if (word := supplier_date(case, status)) is not None:
            who = lower_first(words_for(case, word, today))
            says += f"; {who} {short_date(expected_day(case, word), today)}"
        elif (notice := undated_ship_notice(case)) is not None:
            says += f"; a ship notice of {_day_said(case, notice, asked_at)} names no day"
        yield _finding(DelayFinding.PROMISE_PASSED, f"{says}.", late, role)


def check_ship_notice(
    case: Case, status: LineStatus, role: str, asked_at: datetime
) -> Iterator[Finding]:
    """Find a last ship notice that announces an arrival after the due day."""
    word, due = supplier_date(case, status), due_day(case)
    if word is None or word["event_kind"] != EventKind.ASN or expected_day(case, word) <= due:
        return
    says, days = _late_date_sentence(case, status, word, ("promise", due), asked_at)
    yield _finding(DelayFinding.ASN_AFTER_PROMISE, says, days, role)


def check_revised_date(
    case: Case, status: LineStatus, role: str, asked_at: datetime
) -> Iterator[Finding]:
    """Find a revised date later than the need, else later than the due day."""
    word = supplier_date(case, status)
    if word is None or word["event_kind"] == EventKind.ASN:
        return
    revised, due, need = expected_day(case, word), due_day(case), needed_day(case)
    limit = None
    if need is not None and revised > need:
        code, limit = DelayFinding.REVISED_AFTER_NEED, ("requested day", need)
    elif revised > due:
        code = DelayFinding.REVISED_AFTER_PROMISE
    else:
        return
    if limit is None or need == due:
        limit = ("promise", due)
    says, days = _late_date_sentence(case, status, word, limit, asked_at)
    yield _finding(code, says, days, role)


def check_undated_delay(
    case: Case, status: LineStatus, role: str, asked_at: datetime
) -> Iterator[Finding]:
    """Find a delay that the supplier announced without a date."""
    notice = undated_delay(case, status)
    if notice is not None:
        reason = f" ({notice['detail']})" if notice["detail"] else ""
        says = f"Supplier announced a delay on {_day_said(case, notice, asked_at)}{reason}"
        yield Finding(
            code=DelayFinding.DELAY_WITHOUT_DATE, sentence=f"{says}, without a date.", role=role
        )


def check_confirmed_quantity(
    case: Case, status: LineStatus, role: str, asked_at: datetime
) -> Iterator[Finding]:
    """Find a last acknowledgement of less than is ordered; its parts add up."""
    answer = latest_acknowledgement(case)
    if answer is None or answer["ack_status"] in REFUSAL_WORDS or answer["event_quantity"] is None:
        return
    confirmed = sum_decimals(
        row["event_quantity"] or 0
        for row in case["events"]
        if row["event_kind"] == EventKind.ACKNOWLEDGEMENT
        and row["happened_at"] == answer["happened_at"]
    )
    missing = status.ordered - confirmed
    if missing > 0 and status.received <= confirmed:
        says = (
            f"Supplier confirmed {format_quantity(confirmed)} of "
            f"{format_quantity(status.ordered)} on {_day_said(case, answer, asked_at)}: "
            f"{format_quantity(missing)} not confirmed."
        )
        yield Finding(
            code=DelayFinding.QUANTITY_NOT_CONFIRMED,
            sentence=says,
            measured=float(missing),
            limit=0.0,
            unit="base units",
            role=role,
        )


def check_acknowledgement(case: Case, role: str, asked_at: datetime) -> Iterator[Finding]:
    """Find a last acknowledgement that does not accept the line."""
    answer = latest_acknowledgement(case)
    if answer is not None and answer["ack_status"] in REFUSAL_WORDS:
        if is_overtaken(case, answer):
            return
        status, day = answer["ack_status"], _day_said(case, answer, asked_at)
        says = f"The supplier {REFUSAL_WORDS[status]} on {day} (855 status {status})."
        yield Finding(code=DelayFinding.SUPPLIER_REFUSED, sentence=says, role=role)


def _late_date_sentence(
    case: Case, status: LineStatus, message: Case, limit: tuple[str, date], asked_at: datetime
) -> tuple[str, int]:
    """Write how long after a day the supplier's date is, with the number of days."""
    name, than = limit
    expected, today = expected_day(case, message), local_day(asked_at, case["time_zone"])
    days = (expected - than).days
    quantity = message["event_quantity"]
    part = ""
    if quantity is not None and 0 < decimal_of(quantity) < status.open:
        part = f" for {format_quantity(quantity)} of {format_quantity(status.open)}"
    says = (
        f"{words_for(case, message, today)} {short_date(expected, today)}{part}, "
        f"{days_apart(days)} the {name} of {short_date(than, today)}."
    )
    return says, days


def _day_said(case: Case, message: Case, asked_at: datetime) -> str:
    zone = case["time_zone"]
    return short_date(local_day(message["happened_at"], zone), local_day(asked_at, zone))


def _finding(code: DelayFinding, says: str, days: int, role: str) -> Finding:
    return Finding(
        code=code, sentence=says, measured=float(days), limit=0.0, unit="days", role=role
    )
