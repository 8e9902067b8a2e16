"""Checks of an extract's plausibility by name, and what follows where one finds something."""

from __future__ import annotations

from enum import StrEnum


class Check(StrEnum):
    """Names of the checks, as the mapping's `[checks]` and the report write them."""

    RECEIVED_OVER_ORDERED = "received_over_ordered"
    INVOICED_OVER_RECEIVED = "invoiced_over_received"
    RECEIPTS_FIND_ORDER = "receipts_find_order"
    INVOICES_FIND_ORDER = "invoices_find_order"
    DATES_IN_FUTURE = "dates_in_future"
    DATES_FAR_OFF = "dates_far_off"
    DECIMAL_MARK = "decimal_mark"
    UNKNOWN_UNITS = "unknown_units"
    CURRENCIES_WITHOUT_RATE = "currencies_without_rate"
    EMPTY_TABLES = "empty_tables"


class CheckLevel(StrEnum):
    """Consequence of a check that finds something."""

    IGNORE = "ignore"
    WARN = "warn"
    REFUSE = "refuse"  # nothing of the extract is loaded


DEFAULT_LEVELS = dict.fromkeys(Check, CheckLevel.WARN) | {Check.DECIMAL_MARK: CheckLevel.REFUSE}
