"""When to try again: longer after each failure, and not all at once."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0
LONGEST_ASKED_SECONDS = 3600.0
"""What a receiver may ask for; longer is cut off."""


def pause(attempts: int, chance: float, asked: float = 0.0) -> float:
    """Seconds until the next try, after that many failures.

    It doubles up to a longest; half of it hangs on chance (0 to 1), so that many who failed
    together do not come back together. asked: what the receiver asked for is waited at least.
    """
    grown = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempts - 1, 30))
    return max(grown * (0.5 + 0.5 * chance), min(asked, LONGEST_ASKED_SECONDS))


def asked_for(retry_after: str, now: datetime) -> float:
    """The seconds that a Retry-After header asks for; 0 where it cannot be read."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
