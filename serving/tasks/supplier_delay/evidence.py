"""Evidence of an order line before any model is asked, and the money that is at stake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from data.calendar_days import local_day, promise_day
from data.decimals import decimal_of
from serving.policy.finding import MAX_RATIO, Finding, bounded_ratio
from serving.policy.policy import Policy
from serving.policy.sections import Level
from serving.recommendation.advised_task import Record
from serving.recommendation.evidence import Evidence
from serving.recommendation.wording import format_price, format_quantity, short_date
from serving.tasks.supplier_delay.line_status import LineStatus, LineStatusKind, line_status
from serving.tasks.supplier_delay.rules import DelayFinding, expected_day, supplier_date

NOTHING_OPEN = "Nothing to do: nothing is open on the line."
LATER_PROMISE = "A later promise from the supplier needs a word with them."
REPLACE = "Ask for a replacement, from this supplier or another, and warn whoever waits for it."
WARN = "Warn whoever waits for these goods, and ask the supplier for an earlier part."
LATE_DATES = (
    DelayFinding.REVISED_AFTER_NEED,
    DelayFinding.REVISED_AFTER_PROMISE,
    DelayFinding.ASN_AFTER_PROMISE,
)


def find_evidence(
    case: Record, findings: Sequence[Finding], asked_at: datetime, policy: Policy
) -> Evidence | None:
    """Return what is certain: the state of the line, an overdue day, the supplier's own date."""
    del policy
    status, found = line_status(case, asked_at), {one.code: one for one in findings}
    if status.is_done:
        today = local_day(asked_at, case["time_zone"])
        return Evidence(state_sentence(status, today), Level.NONE, NOTHING_OPEN, settled=True)
    refusal = found.get(DelayFinding.SUPPLIER_REFUSED)
    if not status.is_awaited and refusal is not None:
        says = f"{refusal.sentence} It will not come: {format_quantity(status.open)} open."
        return Evidence(says, Level.ACT, REPLACE, settled=True, codes=(refusal.code,))
    if (overdue := found.get(DelayFinding.PROMISE_PASSED)) is not None:
        return Evidence(overdue.sentence, Level.ACT, settled=True, codes=(overdue.code,))
    if (late := next((found[code] for code in LATE_DATES if code in found), None)) is not None:
        level = _level_of_later_date(case, status)
        suggestion = WARN if level is Level.ACT else None
        return Evidence(late.sentence, level, suggestion, codes=(late.code,))
    if refusal is not None:
        return Evidence(refusal.sentence, Level.WATCH, codes=(refusal.code,))
    return None


def state_sentence(status: LineStatus, today: date) -> str:
    """Say why nothing is open on a line."""
    on = "" if status.since is None else f" on {short_date(status.since, today)}"
    of_all = f"{format_quantity(status.received)} of {format_quantity(status.ordered)} received"
    match status.kind:
        case LineStatusKind.RECEIVED:
            return f"Received in full{on}."
        case LineStatusKind.CLOSED_SHORT:
            return f"Closed short{on}: {of_all}, nothing is open."
        case _:
            part = f"{of_all}, nothing more" if status.received > 0 else "nothing"
            return f"Cancelled{on}; {part} is open. {LATER_PROMISE}"


def amount_at_risk(case: Record, findings: Sequence[Finding]) -> tuple[float | None, str]:
    """Return the value of what is open on the line, with its formula."""
    del findings
    status, price = line_status(case, case["asked_at"]), _unit_price(case)
    if status.open == 0:
        return 0.0, "nothing is open on the line"
    if price is None:
        return None, "open quantity x unit price"
    how = f"open quantity {format_quantity(status.open)} x {format_price(price)}"
    amount = min(float(status.open) * float(price), MAX_RATIO)
    return amount, f"{how} {case['currency'] or ''}".strip()


def _level_of_later_date(case: Record, status: LineStatus) -> Level:
    """Act where the supplier's date is after the day that was asked for; else take a look."""
    word, need = supplier_date(case, status), case["requested_at"]
    if word is None or need is None:
        return Level.ACT
    in_time = expected_day(case, word) <= promise_day(need, case["time_zone"])
    return Level.WATCH if in_time else Level.ACT


def _unit_price(case: Record) -> Decimal | None:
    """Return the agreed price, else the one that the value of the line comes to."""
    if case["po_unit_price"] is not None:
        return decimal_of(case["po_unit_price"])
    if case["line_value"] is not None and case["quantity_ordered"] > 0:
        return decimal_of(bounded_ratio(case["line_value"], case["quantity_ordered"]))
    return None
