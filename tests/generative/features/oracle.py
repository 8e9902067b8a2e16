"""What history means, in loops that anyone can check: the truth the engine is held to."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import nan


@dataclass(frozen=True)
class Event:
    """Something that happened to an entity; `value` None is missing."""

    entity: str
    known_at: datetime
    value: int | None


def past(
    events: list[Event], entity: str, as_of: date, windows: tuple[int, ...], scale: int
) -> list[float]:
    """Count and sum a window and ever, the last value, the days since the last event."""
    before = [e for e in events if e.entity == entity and e.known_at.date() < as_of]
    if not before:
        return [nan] * (2 * len(windows) + 4)
    result: list[float] = []
    for window in (*windows, 10**5):
        inside = [e for e in before if e.known_at.date() >= as_of - timedelta(days=window)]
        result += [float(len(inside)), sum(e.value or 0 for e in inside) / scale]
    valued = [(e.known_at, e.value) for e in before if e.value is not None]
    result.append(max(valued)[1] / scale if valued else nan)
    result.append(float((as_of - max(e.known_at for e in before).date()).days))
    return result
