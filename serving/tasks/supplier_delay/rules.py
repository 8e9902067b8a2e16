"""Rules of an open order line: promise passed, ship notice or new date too late, line refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from data.contracts.supplier_events import AckStatus, EventKind
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.policy.finding import Finding, format_amount
from serving.policy.policy import Policy

Case = Mapping[str, Any]


class DelayFinding(StrEnum):
    """Codes of what the rules find."""

    PROMISE_PASSED = "PROMISE_PASSED"
    ASN_AFTER_PROMISE = "ASN_AFTER_PROMISE"
    REVISED_AFTER_NEED = "REVISED_AFTER_NEED"
    REVISED_AFTER_PROMISE = "REVISED_AFTER_PROMISE"
    SUPPLIER_REFUSED = "SUPPLIER_REFUSED"


SUPPLIER_NOW_SAYS = "The supplier now says"
REFUSAL_WORDS = {
    AckStatus.BACKORDERED: "backordered it",
    AckStatus.DELETED: "deleted it",
    AckStatus.REJECTED: "rejected it",
    AckStatus.ON_HOLD: "put it on hold",
    AckStatus.RESCHEDULED: "rescheduled it",
}


def supplier_delay_findings(case: Case, policy: Policy, asked_at: datetime) -> list[Finding]:
    """Check the promise, the ship notice, the revised date and the acknowledgement."""
    role = policy.roles[SUPPLIER_DELAY.name]
    return [
        *check_promise_date(case, role, asked_at),
        *check_ship_notice(case, role),
        *check_revised_date(case, role),
        *check_acknowledgement(case, role),
    ]


def outstanding_quantity(case: Case) -> float:
    """Return what is ordered and not yet received, in base units; never below zero."""
    received = sum(row["quantity_received"] for row in case["receipts"])
    return float(max(case["quantity_ordered"] - received, 0.0))


def check_promise_date(case: Case, role: str, asked_at: datetime) -> Iterator[Finding]:
    """Find a promise that has passed while goods are outstanding."""
    promised, outstanding = case["promised_at"], outstanding_quantity(case)
    if promised < asked_at and outstanding > 0:
        late = (asked_at - promised).total_seconds() / 86_400
        says = (
            f"Promised for {promised:%Y-%m-%d}; {late:.0f} days later {format_amount(outstanding)} "
            "are still out."
        )
        yield Finding(
            code=DelayFinding.PROMISE_PASSED,
            sentence=says,
            measured=late,
            limit=0.0,
            unit="days",
            role=role,
        )


def check_ship_notice(case: Case, role: str) -> Iterator[Finding]:
    """Find a last ship notice that announces an arrival after the promise."""
    arrives = _latest_expected_date(case, EventKind.ASN)
    if arrives is not None and arrives > case["promised_at"]:
        limit = ("promise", case["promised_at"])
        yield _late_date_finding(
            DelayFinding.ASN_AFTER_PROMISE, "The ship notice announces", arrives, limit, role
        )


def check_revised_date(case: Case, role: str) -> Iterator[Finding]:
    """Find a revised date later than the need, else later than the first promise."""
    revised = _latest_expected_date(case, EventKind.REVISED_PROMISE, EventKind.DELAY_NOTICE)
    if revised is None:
        return
    need = case["requested_at"]
    if need is not None and revised > need:
        yield _late_date_finding(
            DelayFinding.REVISED_AFTER_NEED, SUPPLIER_NOW_SAYS, revised, ("need", need), role
        )
    elif revised > case["promised_at"]:
        limit = ("promise", case["promised_at"])
        yield _late_date_finding(
            DelayFinding.REVISED_AFTER_PROMISE, SUPPLIER_NOW_SAYS, revised, limit, role
        )


def check_acknowledgement(case: Case, role: str) -> Iterator[Finding]:
    """Find a last acknowledgement that does not accept the line."""
    statuses = [
        row["ack_status"]
        for row in case["events"]
        if row["event_kind"] == EventKind.ACKNOWLEDGEMENT
    ]
    if statuses and statuses[-1] in REFUSAL_WORDS:
        says = (
            f"The supplier's last acknowledgement {REFUSAL_WORDS[statuses[-1]]} (855 status "
            f"{statuses[-1]})."
        )
        yield Finding(code=DelayFinding.SUPPLIER_REFUSED, sentence=says, role=role)


def _latest_expected_date(case: Case, *kinds: EventKind) -> datetime | None:
    dates = [
        row["expected_at"]
        for row in case["events"]
        if row["event_kind"] in kinds and row["expected_at"] is not None
    ]
    return dates[-1] if dates else None


def _late_date_finding(
    code: DelayFinding, who: str, when: datetime, limit: tuple[str, datetime], role: str
) -> Finding:
    name, than = limit
    days = (when - than).total_seconds() / 86_400
    says = f"{who} {when:%Y-%m-%d}, {days:.0f} days after the {name} of {than:%Y-%m-%d}."
    return Finding(code=code, sentence=says, measured=days, limit=0.0, unit="days", role=role)
