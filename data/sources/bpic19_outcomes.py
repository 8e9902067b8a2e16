"""How the first invoice of each item ended, by what was booked in the 30 days after it."""

from __future__ import annotations

import pandas as pd

from data.contracts.invoice_outcomes import ExceptionClass, Resolution

WINDOW = pd.Timedelta(days=30)
CLOCK = "Europe/Amsterdam"
ENDED_AS = {
    "Remove Payment Block": Resolution.BLOCK_REMOVED,
    "Set Payment Block": Resolution.BLOCK_REMOVED,
    "Cancel Invoice Receipt": Resolution.REVERSED,
    "Cancel Subsequent Invoice": Resolution.REVERSED,
    "Vendor creates debit memo": Resolution.REVERSED,
    "Change Price": Resolution.PO_AMENDED,
    "Change Quantity": Resolution.PO_AMENDED,
}
A_DAY_OF_WORK = 0.01
"""Share of the usual number of bookings that makes a day one on which people still booked."""


def outcomes(events: pd.DataFrame, invoices: pd.DataFrame) -> pd.DataFrame:
    """The outcome of each first invoice whose window was over when the log ends.

    The first telling event inside the window decides; none is clean. All are known when the
    window is over, an invoice without trouble so far is not yet a clean one; or later, when
    what decides is a vendor's document that was booked later (at the end of the log if never).

    events: in order, with `known_at`, missing where nobody booked the vendor's document.
    """
    first, end = invoices.drop_duplicates("po_line_id"), end_of_log(events)
    first = first[first["known_at"] + WINDOW <= end]
    begun = events["case_id"].map(first.set_index("po_line_id")["known_at"])
    after = (events["happened_at"] > begun) & (events["happened_at"] <= begun + WINDOW)
    telling = events[after & events["activity"].isin(list(ENDED_AS))].drop_duplicates("case_id")
    ended = telling.set_index("case_id")
    resolved = first["po_line_id"].map(ended["activity"].map(ENDED_AS))
    clean = resolved.isna()
    over = first["known_at"] + WINDOW
    told = first["po_line_id"].map(ended["known_at"].fillna(end))
    return pd.DataFrame(
        {
            "invoice_line_id": first["invoice_line_id"],
            "exception_class": pd.Series(ExceptionClass.CLEAN, first.index).where(clean),
            "resolution": resolved.fillna(Resolution.NONE_NEEDED),
            "happened_at": first["po_line_id"].map(ended["happened_at"]).fillna(over),
            "known_at": over.where(told.isna() | (told < over), told),
        }
    )


def end_of_log(events: pd.DataFrame) -> pd.Timestamp:
    """The midnight (Amsterdam) after the last day on which people booked, in UTC.

    Vendors date their own documents and single bookings carry stray dates, so the very last
    moment in the log does not say until when it is complete.
    """
    booked = events["happened_at"][~events["activity"].str.startswith("Vendor ")]
    days = booked.dt.tz_convert(CLOCK).dt.tz_localize(None).dt.normalize().value_counts()
    last = pd.Timestamp(days.index[days >= A_DAY_OF_WORK * days.median()].max())
    return (last + pd.Timedelta(days=1)).tz_localize(CLOCK).tz_convert("UTC")
