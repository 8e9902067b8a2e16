"""Levers of an order line: acknowledgement, ship notice, confirmed date, partial receipt."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from data.calendar_days import promise_day
from data.contracts.supplier_events import AckStatus, EventKind
from features.builders.order_documents import EVENTS, RECEIPTS
from serving.tasks.lever import (
    KNOWN_BEFORE_ASK,
    Lever,
    Record,
    format_day,
    format_units,
    stated_day,
    tomorrow,
)
from serving.tasks.supplier_delay.line_status import latest_acknowledgement, line_status


class DelayLever(StrEnum):
    """Names of the levers, as they are answered."""

    ACKNOWLEDGED = "ACKNOWLEDGED"
    SHIP_NOTICE = "SHIP_NOTICE"
    DATE_CONFIRMED = "DATE_CONFIRMED"
    RECEIVED_IN_PART = "RECEIVED_IN_PART"


def supplier_delay_levers(case: Record, asked_at: datetime) -> tuple[Lever, ...]:
    """List the levers: acknowledgement, ship notice, confirmed date, partial receipt.

    There is none on a line of which nothing is awaited.
    """
    known, status = asked_at - KNOWN_BEFORE_ASK, line_status(case, asked_at)
    if not status.is_awaited:
        return ()
    dates = possible_arrival_days(case["promised_at"], asked_at, case["time_zone"])
    return (
        *_acknowledgement_lever(case, known),
        *_ship_notice_lever(float(status.open), known, dates),
        *_confirmed_date_lever(known, dates),
        *_partial_receipt_lever(float(status.open), known),
    )


def possible_arrival_days(
    promised_at: datetime, asked_at: datetime, zone: str | None = None
) -> list[datetime]:
    """Return the days on which the goods could still come, from the promise back to tomorrow.

    They are days at the site, each as its midnight UTC.
    """
    first = tomorrow(asked_at, zone)
    last = max(promise_day(promised_at, zone), first)  # the promise may have passed
    back = range((last - first).days + 1)
    return [stated_day(last - timedelta(days=days)) for days in back]


def supplier_event(kind: EventKind, known: datetime, **fields: Any) -> dict[str, Any]:
    """Build a message of the supplier as a case holds it."""
    names = ("message_number", "ack_status", "detail", "expected_at", "event_quantity")
    empty = dict.fromkeys(names)
    return {"event_kind": kind.value, **empty, **fields, "happened_at": known, "known_at": known}


def _acknowledgement_lever(case: Record, known: datetime) -> Iterator[Lever]:
    reply = latest_acknowledgement(case)
    if reply is not None and reply["ack_status"] == AckStatus.ACCEPTED:
        return
    accepted = supplier_event(EventKind.ACKNOWLEDGEMENT, known, ack_status=AckStatus.ACCEPTED.value)
    yield Lever(
        DelayLever.ACKNOWLEDGED,
        "an acknowledgement",
        frozenset({EVENTS}),
        1,
        "yes or no",
        _add_event(lambda _: accepted),
        lambda _: "the supplier acknowledged the line as ordered",
    )


def _ship_notice_lever(
    outstanding: float, known: datetime, dates: Sequence[datetime]
) -> Iterator[Lever]:

    def notice(step: int) -> dict[str, Any]:
        arrives = dates[step - 1]
        return supplier_event(EventKind.ASN, known, expected_at=arrives, event_quantity=outstanding)

    yield Lever(
        DelayLever.SHIP_NOTICE,
        "a ship notice",
        frozenset({EVENTS}),
        len(dates),
        "days",
        _add_event(notice),
        lambda step: (
            f"a ship notice announced all {format_units(outstanding)} for "
            f"{format_day(dates[step - 1])}"
        ),
    )


def _confirmed_date_lever(known: datetime, dates: Sequence[datetime]) -> Iterator[Lever]:
    def promise(step: int) -> dict[str, Any]:
        return supplier_event(EventKind.REVISED_PROMISE, known, expected_at=dates[step - 1])

    yield Lever(
        DelayLever.DATE_CONFIRMED,
        "a date confirmed by the supplier",
        frozenset({EVENTS}),
        len(dates),
        "days",
        _add_event(promise),
        lambda step: f"the supplier confirmed {format_day(dates[step - 1])} as its date",
    )


def _partial_receipt_lever(outstanding: float, known: datetime) -> Iterator[Lever]:
    """Build the lever of a partial receipt; nobody asks about a line received in full."""
    most = math.ceil(outstanding) - 1
    if most < 1:
        return

    def change(changed: Record, count: int) -> Record:
        received = {"quantity_received": float(count), "quantity_damaged": 0.0}
        row = {
            **received,
            "posting_kind": None,
            "final": None,
            "happened_at": known,
            "known_at": known,
        }
        return {**changed, RECEIPTS: [*changed[RECEIPTS], row]}

    yield Lever(
        DelayLever.RECEIVED_IN_PART,
        "a part receipted",
        frozenset({RECEIPTS}),
        most,
        "base units",
        change,
        lambda count: f"{count:,} of the open {format_units(outstanding)} were receipted now",
    )


def _add_event(event: Callable[[int], dict[str, Any]]) -> Callable[[Record, int], Record]:
    """Build a change that adds one message."""
    return lambda case, step: {**case, EVENTS: [*case[EVENTS], event(step)]}
