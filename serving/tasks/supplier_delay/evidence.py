"""Evidence of an order line before any model is asked, and the money that is at stake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from data.calendar_days import local_day, promise_day
from data.contracts.supplier_events import AckStatus, EventKind
from data.decimals import decimal_of, sum_decimals
from serving.policy.finding import MAX_RATIO, Finding, bounded_ratio
from serving.policy.policy import Policy
from serving.policy.sections import Level
from serving.recommendation.advised_task import Record
from serving.recommendation.evidence import Evidence
from serving.recommendation.wording import format_price, format_quantity, short_date
from serving.tasks.supplier_delay.line_status import (
    LineStatus,
    LineStatusKind,
    effective_postings,
    latest_acknowledgement,
    line_status,
)
from serving.tasks.supplier_delay.rules import DelayFinding
from serving.tasks.supplier_delay.supplier_dates import (
    buyers_dated_change,
    due_day,
    expected_day,
    is_answer_to,
    messages_after_the_end,
    needed_day,
    supplier_date,
)
from serving.tasks.supplier_delay.wording import about_line

NOTHING_OPEN = "Nothing to do: nothing is open on the line."
LATER_PROMISE = "A later promise from the supplier needs a word with them."
TALK = "Have a word with the supplier: nothing is wanted on the line any more."
STOP = "Tell the supplier that nothing is wanted any more, and receiving not to take the goods in."
KEEP_OR_RETURN = "Decide whether the goods are kept or go back, and tell the supplier."
ASK_FOR_DATE = "Ask the supplier for the new date, and warn whoever waits for these goods."
ASK_FOR_REST = "Ask the supplier when the rest comes, or order it elsewhere."
REPLACE = "Ask for a replacement, from this supplier or another, and warn whoever waits for it."
WARN = "Warn whoever waits for these goods, and ask the supplier for an earlier part."
LATE_DATES = (
    DelayFinding.REVISED_AFTER_NEED,
    DelayFinding.REVISED_AFTER_PROMISE,
    DelayFinding.ASN_AFTER_PROMISE,
)
SUGGESTIONS_BY_STATUS = {
    AckStatus.BACKORDERED: "Ask the supplier when the line comes, or order it elsewhere.",
    AckStatus.ON_HOLD: "Ask the supplier why the line is on hold, and until when.",
    AckStatus.SUBSTITUTED: "Decide whether the other item will do, and answer the supplier.",
}
LAST_ANSWERS = {
    DelayFinding.DELAY_WITHOUT_DATE: (Level.ACT, ASK_FOR_DATE),
    DelayFinding.SUPPLIER_REFUSED: (Level.WATCH, None),
    DelayFinding.QUANTITY_NOT_CONFIRMED: (Level.WATCH, ASK_FOR_REST),
}


def find_evidence(
    case: Record, findings: Sequence[Finding], asked_at: datetime, policy: Policy
) -> Evidence | None:
    """Return what is certain of a line, with its name: its state, its dates, the last answer."""
    del policy
    status, found = line_status(case, asked_at), {one.code: one for one in findings}
    today = local_day(asked_at, case["time_zone"])
    evidence = (
        _evidence_of_end(case, status, today)
        if status.is_done
        else _evidence_of_open_line(case, status, found)
    )
    if evidence is None:
        return None
    return replace(evidence, sentence=about_line(case, evidence.sentence))


def _evidence_of_end(case: Record, status: LineStatus, today: date) -> Evidence:
    """Say that nothing is open, and what came or was announced all the same."""
    state = state_sentence(case, status, today)
    if status.kind is LineStatusKind.RECEIVED:
        return Evidence(state, Level.NONE, NOTHING_OPEN, settled=True)
    if (came := _came_after_cancellation(case, status)) is not None:
        says = f"{state} Goods came after that, last on {short_date(came, today)}."
        return Evidence(says, Level.WATCH, KEEP_OR_RETURN, settled=True)
    if announced := messages_after_the_end(case, status):
        says = f"{state} {_announced_words(case, announced[-1], today)}."
        shipped = announced[-1]["event_kind"] == EventKind.ASN
        level, suggestion = (Level.ACT, STOP) if shipped else (Level.WATCH, TALK)
        return Evidence(says, level, suggestion, settled=True)
    if status.kind is LineStatusKind.CANCELLED:
        state = f"{state} {LATER_PROMISE}"
    return Evidence(state, Level.NONE, NOTHING_OPEN, settled=True)


def _evidence_of_open_line(
    case: Record, status: LineStatus, found: Mapping[str, Finding]
) -> Evidence | None:
    """Say what is certain of what is open: refused, overdue, dated later, not confirmed."""
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
    for code, (level, suggestion) in LAST_ANSWERS.items():
        if (answer := found.get(code)) is not None:
            advised = suggestion or _suggestion_for_answer(case)
            return Evidence(answer.sentence, level, advised, codes=(code,))
    return _evidence_of_changed_day(case)


def _suggestion_for_answer(case: Record) -> str | None:
    """Return what to do about a last acknowledgement that does not accept the line."""
    answer = latest_acknowledgement(case)
    return None if answer is None else SUGGESTIONS_BY_STATUS.get(answer["ack_status"])


def _evidence_of_changed_day(case: Record) -> Evidence | None:
    """Say that the buyer asks for another day; put off, the promise that was counts no more."""
    change = buyers_dated_change(case)
    promised = promise_day(case["promised_at"], case["time_zone"])
    if change is None or expected_day(case, change) == promised:
        return None
    wanted, put_off = expected_day(case, change), due_day(case) > promised
    day = short_date(wanted, local_day(case["asked_at"], case["time_zone"]))
    asks = f"Put off by the buyer to {day}" if put_off else f"The buyer asks for {day}"
    if any(is_answer_to(change, row) for row in case["events"]):
        return Evidence(f"{asks}.") if put_off else None
    says = f"{asks}; the supplier has not answered that."
    return Evidence(says, Level.WATCH, f"Have the supplier confirm {day}.", settled=put_off)


def state_sentence(case: Record, status: LineStatus, today: date) -> str:
    """Say why nothing is open on a line."""
    on = "" if status.since is None else f" on {short_date(status.since, today)}"
    of_all = f"{format_quantity(status.received)} of {format_quantity(status.ordered)} received"
    match status.kind:
        case LineStatusKind.RECEIVED:
            return f"Received in full{', '.join([on, *_receipt_remarks(case, status)])}."
        case LineStatusKind.CLOSED_SHORT:
            return f"Closed short{on}: {of_all}, nothing is open."
        case _:
            part = f"{of_all}, nothing more" if status.received > 0 else "nothing"
            return f"Cancelled{on}; {part} is open."


def _receipt_remarks(case: Record, status: LineStatus) -> Iterator[str]:
    """Yield what is to be known of goods that came in full."""
    beyond = status.received - status.ordered
    if beyond > 0:
        yield f"{format_quantity(beyond)} more than ordered"
    if beyond < 0:
        yield f"{format_quantity(-beyond)} returned since"
    postings = effective_postings(case["receipts"])
    damaged = sum_decimals(row["quantity_damaged"] or 0 for row in postings)
    if damaged > 0:
        yield f"{format_quantity(damaged)} damaged or held for quality"


def _came_after_cancellation(case: Record, status: LineStatus) -> date | None:
    """Return the day of the last goods that came after a line was cancelled; None without any."""
    if status.kind is not LineStatusKind.CANCELLED or status.settled_at is None:
        return None
    came = [
        row["happened_at"]
        for row in effective_postings(case["receipts"])
        if row["happened_at"] > status.settled_at and row["quantity_received"] > 0
    ]
    return local_day(came[-1], case["time_zone"]) if came else None


def _announced_words(case: Record, message: Record, today: date) -> str:
    """Write what the supplier announced on a line that has ended."""
    said = short_date(local_day(message["happened_at"], case["time_zone"]), today)
    if message["event_kind"] == EventKind.ASN:
        when = message["expected_at"] and short_date(expected_day(case, message), today)
        return f"A ship notice of {said} announces goods all the same{when and f', for {when}'}"
    date_ = short_date(expected_day(case, message), today)
    return f"On {said} the supplier promised {date_}: a promise after that needs a word with them"


def amount_at_risk(case: Record, findings: Sequence[Finding]) -> tuple[float | None, str]:
    """Return the value of what is open on the line, with its formula."""
    del findings
    status, price = line_status(case, case["asked_at"]), _unit_price(case)
    if status.is_done and (announced := messages_after_the_end(case, status)):
        quantity = announced[-1]["event_quantity"]
        if quantity and price is not None:
            how = f"announced quantity {format_quantity(quantity)} x {format_price(price)}"
            amount = min(float(quantity) * float(price), MAX_RATIO)
            return amount, f"{how} {case['currency'] or ''}".strip()
    if status.open == 0:
        return 0.0, "nothing is open on the line"
    if price is None:
        return None, "open quantity x unit price"
    how = f"open quantity {format_quantity(status.open)} x {format_price(price)}"
    amount = min(float(status.open) * float(price), MAX_RATIO)
    return amount, f"{how} {case['currency'] or ''}".strip()


def _level_of_later_date(case: Record, status: LineStatus) -> Level:
    """Act where the supplier's date is after the day that was asked for; else take a look."""
    word, need = supplier_date(case, status), needed_day(case)
    if word is None or need is None:
        return Level.ACT
    return Level.WATCH if expected_day(case, word) <= need else Level.ACT


def _unit_price(case: Record) -> Decimal | None:
    """Return the agreed price, else the one that the value of the line comes to."""
    if case["po_unit_price"] is not None:
        return decimal_of(case["po_unit_price"])
    if case["line_value"] is not None and case["quantity_ordered"] > 0:
        return decimal_of(bounded_ratio(case["line_value"], case["quantity_ordered"]))
    return None
