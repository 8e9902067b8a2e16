"""Levers of a site-item: earlier or larger receipts, units receipted or transferred in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum

from data.calendar_days import promise_day
from features.tasks.stock_risk.quantities import NO_COVER
from features.tasks.stock_risk.shape import STOCK_RISK_SHAPE
from serving.tasks.lever import (
    KNOWN_BEFORE_ASK,
    Lever,
    Record,
    format_day,
    format_units,
    stated_day,
    tomorrow,
)

SCHEDULED_RECEIPTS = "scheduled_receipts"
MAX_EARLIER_RECEIPTS = 3  # receipts tried for coming earlier, the next ones first
NEW_RECEIPT_DAYS = 7  # until a receipt comes that is not on order yet
MAX_COVER_DAYS = 60  # of demand: the most that a lever adds


class StockLever(StrEnum):
    """Names of the levers, as they are answered."""

    EARLIER_RECEIPT = "EARLIER_RECEIPT"
    UNITS_RECEIPTED = "UNITS_RECEIPTED"
    UNITS_TRANSFERRED_IN = "UNITS_TRANSFERRED_IN"
    LARGER_RECEIPT = "LARGER_RECEIPT"


def stock_risk_levers(case: Record, asked_at: datetime) -> tuple[Lever, ...]:
    """List the levers: earlier receipts, units receipted or transferred in, larger receipts."""
    return (
        *_earlier_receipt_levers(case, asked_at),
        *_units_receipted_lever(case),
        _transfer_lever(case),
        _larger_receipt_lever(case, asked_at),
    )


def _earlier_receipt_levers(case: Record, asked_at: datetime) -> Iterator[Lever]:
    """Build the levers of the next receipts, each for a day at the site from tomorrow on."""
    first = tomorrow(asked_at, case["time_zone"])
    ahead = [(row, day) for row, day in _dated_receipts(case) if day > first]
    for row, day in ahead[:MAX_EARLIER_RECEIPTS]:
        yield _earlier_receipt_lever(row, day, (day - first).days)


def _earlier_receipt_lever(row: Record, promised: date, most: int) -> Lever:
    quantity = row["quantity_open"]

    def change(case: Record, days: int) -> Record:
        sooner = {**row, "promised_at": stated_day(promised - timedelta(days=days))}
        return {
            **case,
            SCHEDULED_RECEIPTS: [
                sooner if _same_receipt(one, row) else one for one in case[SCHEDULED_RECEIPTS]
            ],
        }

    def words(days: int) -> str:
        noun = "day" if days == 1 else "days"
        then = format_day(promised - timedelta(days=days))
        return (
            f"the {format_units(quantity)} promised for {format_day(promised)} came {days} {noun} "
            f"earlier, on {then}"
        )

    title = f"bringing the receipt of {format_day(promised)} forward"
    return Lever(
        StockLever.EARLIER_RECEIPT,
        title,
        frozenset({SCHEDULED_RECEIPTS}),
        most,
        "days",
        change,
        words,
    )


def _units_receipted_lever(case: Record) -> Iterator[Lever]:
    total = sum(row["quantity_open"] for row in _open_receipts(case))
    if total < 1:
        return

    def change(changed: Record, count: int) -> Record:
        return _receipt_units(changed, count)

    def words(count: int) -> str:
        return f"{count:,} of the {format_units(total)} on order were receipted now"

    yield Lever(
        StockLever.UNITS_RECEIPTED,
        "receipting what is on order",
        frozenset({"on_hand", "on_order", SCHEDULED_RECEIPTS}),
        math.floor(total),
        "base units",
        change,
        words,
        frozenset({StockLever.EARLIER_RECEIPT}),
    )


def _receipt_units(case: Record, count: int) -> Record:
    """Move units from the next receipts to the stock on hand."""
    left, lines = float(count), []
    for row in sorted(case[SCHEDULED_RECEIPTS], key=_promise_order):
        taken = min(row["quantity_open"], left) if _is_to_come(row) else 0.0
        left -= taken
        if taken == 0 or row["quantity_open"] > taken:
            lines.append({**row, "quantity_open": row["quantity_open"] - taken} if taken else row)
    return {
        **case,
        "on_hand": case["on_hand"] + count,
        "on_order": None if case["on_order"] is None else max(case["on_order"] - count, 0.0),
        SCHEDULED_RECEIPTS: lines,
    }


def _transfer_lever(case: Record) -> Lever:
    def change(changed: Record, count: int) -> Record:
        return {**changed, "on_hand": changed["on_hand"] + count}

    def words(count: int) -> str:
        return f"{format_units(count).replace(' unit', ' more unit')} were transferred in"

    return Lever(
        StockLever.UNITS_TRANSFERRED_IN,
        "transferring units in from another site",
        frozenset({"on_hand"}),
        _largest_amount(case),
        "base units",
        change,
        words,
    )


def _larger_receipt_lever(case: Record, asked_at: datetime) -> Lever:
    """Build the lever of more units on the next receipt, else of a new receipt in a week."""
    first = tomorrow(asked_at, case["time_zone"])
    ahead = [(row, day) for row, day in _dated_receipts(case) if day >= first]
    new_day = first + timedelta(days=NEW_RECEIPT_DAYS - 1)
    following, due = ahead[0] if ahead else (None, new_day)
    new = dict.fromkeys(map(str, STOCK_RISK_SHAPE.children[SCHEDULED_RECEIPTS])) | {
        "quantity_open": 0.0,
        "promised_at": stated_day(due),
        "known_at": asked_at - KNOWN_BEFORE_ASK,
    }

    def change(changed: Record, count: int) -> Record:
        ordered = None if changed["on_order"] is None else changed["on_order"] + count
        lines = changed[SCHEDULED_RECEIPTS] if following else [*changed[SCHEDULED_RECEIPTS], new]
        larger = [
            _add_quantity(row, count) if _same_receipt(row, following or new) else row
            for row in lines
        ]
        return {**changed, "on_order": ordered, SCHEDULED_RECEIPTS: larger}

    def words(count: int) -> str:
        if following:
            return f"the receipt promised for {format_day(due)} were {format_units(count)} larger"
        return f"{format_units(count)} were on order, promised for {format_day(due)}"

    return Lever(
        StockLever.LARGER_RECEIPT,
        "ordering more for the next receipt",
        frozenset({"on_order", SCHEDULED_RECEIPTS}),
        _largest_amount(case),
        "base units",
        change,
        words,
        frozenset({StockLever.EARLIER_RECEIPT, StockLever.UNITS_RECEIPTED}),
    )


def _add_quantity(row: Record, count: int) -> Record:
    return {**row, "quantity_open": (row["quantity_open"] or 0.0) + count}


def _largest_amount(case: Record) -> int:
    wanted = [MAX_COVER_DAYS * (case["average_demand"] or 0)]
    wanted += [2 * (case[name] or 0) for name in ("safety_stock", "reorder_point", "backordered")]
    wanted.append(sum(row["quantity_open"] for row in _open_receipts(case)))
    return math.ceil(max(*wanted, 10))


def _open_receipts(case: Record) -> list[Record]:
    """Return the scheduled receipts that are still to come, the next promise first."""
    return sorted(filter(_is_to_come, case[SCHEDULED_RECEIPTS]), key=_promise_order)


def _dated_receipts(case: Record) -> list[tuple[Record, date]]:
    """Return the open receipts that have a date, with their day at the site."""
    zone = case["time_zone"]
    return [
        (row, promise_day(row["promised_at"], zone))
        for row in _open_receipts(case)
        if row["promised_at"]
    ]


def _is_to_come(row: Record) -> bool:
    """Return true if units are open, on a line neither cancelled nor closed short."""
    return bool(row["quantity_open"]) and row.get("line_state") not in NO_COVER


def _promise_order(row: Record) -> tuple[bool, float]:
    at = row["promised_at"]
    return at is None, 0.0 if at is None else at.timestamp()


def _same_receipt(row: Record, other: Record) -> bool:
    """Whether two rows are the same receipt, however many of its units are open."""
    same = row["promised_at"] == other["promised_at"]
    return bool(same and row["known_at"] == other["known_at"])
