"""Rules of an open order line: promise passed, ship notice or new date too late, line refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from data.calendar_days import local_day, promise_day
from data.contracts.supplier_events import AckStatus, EventKind
from data.decimals import decimal_of, sum_decimals
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.recommendation.wording import days_apart, format_quantity, short_date
from serving.tasks.supplier_delay.line_status import (
    LineStatus,
    effective_postings,
    latest_acknowledgement,
    line_status,
)

Case = Mapping[str, Any]


class DelayFinding(StrEnum):
    """Codes of what the rules find."""

    PROMISE_PASSED = "PROMISE_PASSED"
    ASN_AFTER_PROMISE = "ASN_AFTER_PROMISE"
    REVISED_AFTER_NEED = "REVISED_AFTER_NEED"
    REVISED_AFTER_PROMISE = "REVISED_AFTER_PROMISE"
    SUPPLIER_REFUSED = "SUPPLIER_REFUSED"


SHIP_NOTICE, REVISION = "Ship notice says", "Supplier now says"
REFUSAL_WORDS = {
    AckStatus.BACKORDERED: "backordered the line",
    AckStatus.DELETED: "deleted the line",
    AckStatus.REJECTED: "rejected the line",
    AckStatus.ON_HOLD: "put the line on hold",
    AckStatus.RESCHEDULED: "rescheduled the line",
}
POSTPONEMENTS = (EventKind.REVISED_PROMISE, EventKind.DELAY_NOTICE)


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
        *findings,
    ]


def check_promise_date(
    case: Case, status: LineStatus, role: str, asked_at: datetime
) -> Iterator[Finding]:
    """Find a promised day that is over at the site while goods are open."""
    zone = case["time_zone"]
    promised, today = promise_day(case["promised_at"], zone), local_day(asked_at, zone)
    late = (today - promised).days
    if late > 0 and status.open > 0:
        says = f"Due {short_date(promised, today)}, {format_quantity(status.open)} open"
        if (word := supplier_date(case, status)) is not None:
            says += f"; {_source(word)} {short_date(expected_day(case, word), today)}"
        yield _finding(DelayFinding.PROMISE_PASSED, f"{says}.", late, role)


def check_ship_notice(
    case: Case, status: LineStatus, role: str, asked_at: datetime
) -> Iterator[Finding]:
    """Find a last ship notice that announces an arrival after the promised day."""
    word = supplier_date(case, status)
    if word is None or word["event_kind"] != EventKind.ASN:
        return
    promised = promise_day(case["promised_at"], case["time_zone"])
    if expected_day(case, word) > promised:
        yield _late_date_finding(
            DelayFinding.ASN_AFTER_PROMISE, SHIP_NOTICE, case, word, ("promise", promised), role,
            asked_at,
        )  # fmt: skip


def check_revised_date(
    case: Case, status: LineStatus, role: str, asked_at: datetime
) -> Iterator[Finding]:
    """Find a revised date later than the need, else later than the first promise."""
    word = supplier_date(case, status)
    if word is None or word["event_kind"] == EventKind.ASN:
        return
    zone, revised = case["time_zone"], expected_day(case, word)
    promised = promise_day(case["promised_at"], zone)
    need = None if case["requested_at"] is None else promise_day(case["requested_at"], zone)
    limit = None
    if need is not None and revised > need:
        code, limit = DelayFinding.REVISED_AFTER_NEED, ("requested day", need)
    elif revised > promised:
        code = DelayFinding.REVISED_AFTER_PROMISE
    else:
        return
    if limit is None or need == promised:
        limit = ("promise", promised)
    yield _late_date_finding(code, REVISION, case, word, limit, role, asked_at)


def check_acknowledgement(case: Case, role: str, asked_at: datetime) -> Iterator[Finding]:
    """Find a last acknowledgement that does not accept the line."""
    answer = latest_acknowledgement(case)
    if answer is not None and answer["ack_status"] in REFUSAL_WORDS:
        zone, status = case["time_zone"], answer["ack_status"]
        day = short_date(local_day(answer["happened_at"], zone), local_day(asked_at, zone))
        says = f"The supplier {REFUSAL_WORDS[status]} on {day} (855 status {status})."
        yield Finding(code=DelayFinding.SUPPLIER_REFUSED, sentence=says, role=role)


def supplier_date(case: Case, status: LineStatus) -> Case | None:
    """Return the supplier's last message with a date of arrival that still holds.

    A ship notice of a part does not take back what was said of the rest, and one whose goods have
    come since says nothing of what is open.
    """
    dated = [
        row
        for row in case["events"]
        if row["expected_at"] is not None
        and (row["event_kind"] in POSTPONEMENTS or _is_under_way(case, row))
    ]
    for row in reversed(dated):
        if row["event_kind"] in POSTPONEMENTS or _covers(row, status.open):
            return row  # type: ignore[no-any-return] # a row of the case
    return dated[-1] if dated else None


def expected_day(case: Case, message: Case) -> date:
    """Return the day at the site for which a message announces the goods."""
    return promise_day(message["expected_at"], case["time_zone"])


def _is_under_way(case: Case, message: Case) -> bool:
    """Return true for a ship notice of goods that have not come since it was sent."""
    if message["event_kind"] != EventKind.ASN:
        return False
    came = sum_decimals(
        row["quantity_received"]
        for row in effective_postings(case["receipts"])
        if row["happened_at"] > message["happened_at"]
    )
    shipped = message["event_quantity"]
    return came <= 0 if shipped is None else came < decimal_of(shipped)


def _covers(notice: Case, quantity: Decimal) -> bool:
    shipped = notice["event_quantity"]
    return shipped is None or decimal_of(shipped) >= quantity


def _source(message: Case) -> str:
    name = SHIP_NOTICE if message["event_kind"] == EventKind.ASN else REVISION
    return f"{name[0].lower()}{name[1:]}"


def _late_date_finding(
    code: DelayFinding,
    who: str,
    case: Case,
    message: Case,
    limit: tuple[str, date],
    role: str,
    asked_at: datetime,
) -> Finding:
    name, than = limit
    expected, today = expected_day(case, message), local_day(asked_at, case["time_zone"])
    days = (expected - than).days
    says = (
        f"{who} {short_date(expected, today)}, {days_apart(days)} the {name} of "
        f"{short_date(than, today)}."
    )
    return _finding(code, says, days, role)


def _finding(code: DelayFinding, says: str, days: int, role: str) -> Finding:
    return Finding(
        code=code, sentence=says, measured=float(days), limit=0.0, unit="days", role=role
    )
