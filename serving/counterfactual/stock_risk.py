"""What could keep a site from running out: goods sooner, or more of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from serving.counterfactual.lever import MOMENT, Lever, LeverName, Record, day, tomorrow, units

LINES = "scheduled_receipts"
MOST_LINES = 3  # receipts that are looked at for coming sooner, the next ones first
SOON_DAYS = 7  # a receipt that is not yet on order is taken to come in a week
COVER_DAYS = 60  # no more is asked for than two months' demand


def levers(case: Record, asked_at: datetime) -> tuple[Lever, ...]:
    """Earlier receipts, units receipted or transferred in, larger receipts."""
    return (
        *_earlier(case, asked_at),
        *_receipted(case),
        _transferred(case),
        _larger(case, asked_at),
    )


def _earlier(case: Record, asked_at: datetime) -> Iterator[Lever]:
    first = tomorrow(asked_at)
    ahead = [row for row in _open(case) if row["promised_at"] and row["promised_at"] > first]
    for row in ahead[:MOST_LINES]:
        days = (row["promised_at"] - first).days
        if days >= 1:
            yield _one_earlier(row, days)


def _one_earlier(row: Record, most: int) -> Lever:
    promised, quantity = row["promised_at"], row["quantity_open"]

    def change(case: Record, days: int) -> Record:
        sooner = {**row, "promised_at": promised - timedelta(days=days)}
        return {**case, LINES: [sooner if _is(one, row) else one for one in case[LINES]]}

    def words(days: int) -> str:
        noun = "day" if days == 1 else "days"
        then = day(promised - timedelta(days=days))
        return (
            f"the {units(quantity)} promised for {day(promised)} came {days} {noun} "
            f"earlier, on {then}"
        )

    title = f"bringing the receipt of {day(promised)} forward"
    return Lever(LeverName.EARLIER_RECEIPT, title, frozenset({LINES}), most, "days", change, words)


def _receipted(case: Record) -> Iterator[Lever]:
    total = sum(row["quantity_open"] for row in _open(case))
    if total < 1:
        return

    def change(changed: Record, count: int) -> Record:
        return _booked_in(changed, count)

    def words(count: int) -> str:
        return f"{count:,} of the {units(total)} on order were receipted now"

    yield Lever(
        LeverName.UNITS_RECEIPTED,
        "receipting what is on order",
        frozenset({"on_hand", "on_order", LINES}),
        math.floor(total),
        "base units",
        change,
        words,
    )


def _booked_in(case: Record, count: int) -> Record:
    """Units move from the next receipts to the stock on hand."""
    left, lines = float(count), []
    for row in sorted(case[LINES], key=_when):
        taken = min(row["quantity_open"] or 0.0, left)
        left -= taken
        if taken == 0 or row["quantity_open"] > taken:
            lines.append({**row, "quantity_open": row["quantity_open"] - taken} if taken else row)
    return {
        **case,
        "on_hand": case["on_hand"] + count,
        "on_order": None if case["on_order"] is None else max(case["on_order"] - count, 0.0),
        LINES: lines,
    }


def _transferred(case: Record) -> Lever:
    def change(changed: Record, count: int) -> Record:
        return {**changed, "on_hand": changed["on_hand"] + count}

    def words(count: int) -> str:
        return f"{units(count).replace(' unit', ' more unit')} were transferred in"

    return Lever(
        LeverName.UNITS_TRANSFERRED_IN,
        "transferring units in from another site",
        frozenset({"on_hand"}),
        _most(case),
        "base units",
        change,
        words,
    )


def _larger(case: Record, asked_at: datetime) -> Lever:
    """More on the next receipt still to come; a receipt in a week where there is none."""
    first = tomorrow(asked_at)
    ahead = [row for row in _open(case) if row["promised_at"] and row["promised_at"] >= first]
    following = ahead[0] if ahead else None
    due = following["promised_at"] if following else first + timedelta(days=SOON_DAYS - 1)
    new = {"quantity_open": 0.0, "promised_at": due, "known_at": asked_at - MOMENT}

    def change(changed: Record, count: int) -> Record:
        ordered = None if changed["on_order"] is None else changed["on_order"] + count
        lines = changed[LINES] if following else [*changed[LINES], new]
        larger = [_more(row, count) if _is(row, following or new) else row for row in lines]
        return {**changed, "on_order": ordered, LINES: larger}

    def words(count: int) -> str:
        if following:
            return f"the receipt promised for {day(due)} were {units(count)} larger"
        return f"{units(count)} were on order, promised for {day(due)}"

    return Lever(
        LeverName.LARGER_RECEIPT,
        "ordering more for the next receipt",
        frozenset({"on_order", LINES}),
        _most(case),
        "base units",
        change,
        words,
    )


def _more(row: Record, count: int) -> Record:
    return {**row, "quantity_open": (row["quantity_open"] or 0.0) + count}


def _most(case: Record) -> int:
    wanted = [COVER_DAYS * (case["average_demand"] or 0)]
    wanted += [2 * (case[name] or 0) for name in ("safety_stock", "reorder_point", "backordered")]
    wanted.append(sum(row["quantity_open"] for row in _open(case)))
    return math.ceil(max(*wanted, 10))


def _open(case: Record) -> list[Record]:
    """Lines with something still to come, the next promise first."""
    return sorted((row for row in case[LINES] if row["quantity_open"]), key=_when)


def _when(row: Record) -> tuple[bool, float]:
    at = row["promised_at"]
    return at is None, 0.0 if at is None else at.timestamp()


def _is(row: Record, other: Record) -> bool:
    """The same line, however much of it is still open."""
    same = row["promised_at"] == other["promised_at"]
    return bool(same and row["known_at"] == other["known_at"])
