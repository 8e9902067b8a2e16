"""What a rule can compute about an open order line: dates that already disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from data.contracts.supplier_events import AckStatus, EventKind
from models.task import TaskName
from serving.policy.finding import Code, Finding, amount
from serving.policy.policy import Policy

Case = Mapping[str, Any]

NOW_SAYS = "The supplier now says"
REFUSED = {
    AckStatus.BACKORDERED: "backordered it",
    AckStatus.DELETED: "deleted it",
    AckStatus.REJECTED: "rejected it",
    AckStatus.ON_HOLD: "put it on hold",
    AckStatus.RESCHEDULED: "rescheduled it",
}


def findings(case: Case, policy: Policy, asked_at: datetime) -> list[Finding]:
    """Promise passed, ship notice or new promise too late, line refused."""
    role = policy.roles[TaskName.SUPPLIER_DELAY]
    return [
        *promise_passed(case, role, asked_at),
        *ship_notice(case, role),
        *revised(case, role),
        *refused(case, role),
    ]


def outstanding(case: Case) -> float:
    """Ordered and not yet received, never below zero, in base units."""
    came = sum(row["quantity_received"] for row in case["receipts"])
    return float(max(case["quantity_ordered"] - came, 0.0))


def promise_passed(case: Case, role: str, asked_at: datetime) -> Iterator[Finding]:
    """The promise is over and goods are still out."""
    promised, still = case["promised_at"], outstanding(case)
    if promised < asked_at and still > 0:
        late = (asked_at - promised).total_seconds() / 86_400
        says = (
            f"Promised for {promised:%Y-%m-%d}; {late:.0f} days later {amount(still)} "
            "are still out."
        )
        yield Finding(
            code=Code.PROMISE_PASSED,
            sentence=says,
            measured=late,
            limit=0.0,
            unit="days",
            role=role,
        )


def ship_notice(case: Case, role: str) -> Iterator[Finding]:
    """The last ship notice announces an arrival after the promise."""
    arrives = _last(case, EventKind.ASN)
    if arrives is not None and arrives > case["promised_at"]:
        limit = ("promise", case["promised_at"])
        yield _later(Code.ASN_AFTER_PROMISE, "The ship notice announces", arrives, limit, role)


def revised(case: Case, role: str) -> Iterator[Finding]:
    """The last word of the supplier is later than the need, or than the first promise."""
    new = _last(case, EventKind.REVISED_PROMISE, EventKind.DELAY_NOTICE)
    if new is None:
        return
    need = case["requested_at"]
    if need is not None and new > need:
        yield _later(Code.REVISED_AFTER_NEED, NOW_SAYS, new, ("need", need), role)
    elif new > case["promised_at"]:
        limit = ("promise", case["promised_at"])
        yield _later(Code.REVISED_AFTER_PROMISE, NOW_SAYS, new, limit, role)


def refused(case: Case, role: str) -> Iterator[Finding]:
    """The last acknowledgement does not accept the line."""
    given = [
        row["ack_status"]
        for row in case["events"]
        if row["event_kind"] == EventKind.ACKNOWLEDGEMENT
    ]
    if given and given[-1] in REFUSED:
        says = f"The supplier's last acknowledgement {REFUSED[given[-1]]} (855 status {given[-1]})."
        yield Finding(code=Code.SUPPLIER_REFUSED, sentence=says, role=role)


def _last(case: Case, *kinds: EventKind) -> datetime | None:
    said = [
        row["expected_at"]
        for row in case["events"]
        if row["event_kind"] in kinds and row["expected_at"] is not None
    ]
    return said[-1] if said else None


def _later(code: Code, who: str, when: datetime, limit: tuple[str, datetime], role: str) -> Finding:
    name, than = limit
    days = (when - than).total_seconds() / 86_400
    says = f"{who} {when:%Y-%m-%d}, {days:.0f} days after the {name} of {than:%Y-%m-%d}."
    return Finding(code=code, sentence=says, measured=days, limit=0.0, unit="days", role=role)
