"""BPI Challenge 2019, flow "3-way match, invoice after goods receipt": an SAP event log.

One row is one event of a purchase order item. The log has no quantities: every posting counts
as 1. Money is scaled by the publisher, so only ratios of it mean something. Whoever booked an
event is read only as "automatic or by hand".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from data.contracts.catalogue import TABLES
from data.contracts.invoice_outcomes import ExceptionClass, Resolution
from data.contracts.invoices import EntryChannel
from data.contracts.supplier_events import EventKind
from data.sources.public_sets.raw_tables import append_new_rows, read_raw_table, read_two_folders

OUTCOME_WINDOW = pd.Timedelta(days=30)
LOG_TIME_ZONE = "Europe/Amsterdam"
RESOLUTION_OF_ACTIVITY = {
    "Remove Payment Block": Resolution.BLOCK_REMOVED,
    "Set Payment Block": Resolution.BLOCK_REMOVED,
    "Cancel Invoice Receipt": Resolution.REVERSED,
    "Cancel Subsequent Invoice": Resolution.REVERSED,
    "Vendor creates debit memo": Resolution.REVERSED,
    "Change Price": Resolution.PO_AMENDED,
    "Change Quantity": Resolution.PO_AMENDED,
}
WORKING_DAY_SHARE = 0.01
"""Share of the usual number of bookings that makes a day one on which people still booked."""


def invoice_outcomes(events: pd.DataFrame, invoices: pd.DataFrame) -> pd.DataFrame:
    """The outcome of each first invoice whose window was over when the log ends.

    The first telling event inside the window decides; none is clean. All are known when the
    window is over, an invoice without trouble so far is not yet a clean one; or later, when
    what decides is a vendor's document that was booked later (at the end of the log if never).

    events: in order, with `known_at`, missing where nobody booked the vendor's document.
    """
    first, end = invoices.drop_duplicates("po_line_id"), end_of_log(events)
    first = first[first["known_at"] + OUTCOME_WINDOW <= end]
    begun = events["case_id"].map(first.set_index("po_line_id")["known_at"])
    after = (events["happened_at"] > begun) & (events["happened_at"] <= begun + OUTCOME_WINDOW)
    telling = events[after & events["activity"].isin(list(RESOLUTION_OF_ACTIVITY))].drop_duplicates(
        "case_id"
    )
    ended = telling.set_index("case_id")
    resolved = first["po_line_id"].map(ended["activity"].map(RESOLUTION_OF_ACTIVITY))
    clean = resolved.isna()
    over = first["known_at"] + OUTCOME_WINDOW
    known_at = first["po_line_id"].map(ended["known_at"].fillna(end))
    return pd.DataFrame(
        {
            "invoice_line_id": first["invoice_line_id"],
            "exception_class": pd.Series(ExceptionClass.CLEAN, first.index).where(clean),
            "resolution": resolved.fillna(Resolution.NONE_NEEDED),
            "happened_at": first["po_line_id"].map(ended["happened_at"]).fillna(over),
            "known_at": over.where(known_at.isna() | (known_at < over), known_at),
        }
    )


def end_of_log(events: pd.DataFrame) -> pd.Timestamp:
    """The midnight (Amsterdam) after the last day on which people booked, in UTC.

    Vendors date their own documents and single bookings carry stray dates, so the very last
    moment in the log does not say until when it is complete.
    """
    booked = events["happened_at"][~events["activity"].str.startswith("Vendor ")]
    days = booked.dt.tz_convert(LOG_TIME_ZONE).dt.tz_localize(None).dt.normalize().value_counts()
    last = pd.Timestamp(days.index[days >= WORKING_DAY_SHARE * days.median()].max())
    return (last + pd.Timedelta(days=1)).tz_localize(LOG_TIME_ZONE).tz_convert("UTC")


EVENTS = ("case_id", "event_no", "activity", "time", "user", "cumulative_net_worth_eur")
CASES = (
    "case_id",
    "purchasing_document",
    "company",
    "vendor",
    "document_type",
    "item_type",
    "spend_area_text",
    "sub_spend_area_text",
)
INVOICE = "Record Invoice Receipt"
ITEM_CREATED = "Create Purchase Order Item"
RECEIPT_SIGNS = {"Record Goods Receipt": 1.0, "Cancel Goods Receipt": -1.0}
DATED_BY_VENDOR = ("Vendor creates invoice", "Vendor creates debit memo")
BOOKS_A_VENDOR_DOCUMENT = (
    INVOICE,
    "Record Subsequent Invoice",
    "Cancel Invoice Receipt",
    "Cancel Subsequent Invoice",
)
EVENT_KINDS = {
    "Vendor creates invoice": EventKind.INVOICE_SENT,
    "Vendor creates debit memo": EventKind.INVOICE_SENT,
    "Receive Order Confirmation": EventKind.ACKNOWLEDGEMENT,
    "Record Service Entry Sheet": EventKind.SERVICE_ENTRY,
    "Create Purchase Requisition Item": EventKind.ORDER_APPROVAL,
    "Change Approval for Purchase Order": EventKind.ORDER_APPROVAL,
    "Release Purchase Order": EventKind.ORDER_APPROVAL,
    "Set Payment Block": EventKind.INVOICE_HANDLING,
    "Remove Payment Block": EventKind.INVOICE_HANDLING,
    "Clear Invoice": EventKind.INVOICE_HANDLING,
    "Record Subsequent Invoice": EventKind.INVOICE_HANDLING,
    "Cancel Invoice Receipt": EventKind.INVOICE_HANDLING,
    "Cancel Subsequent Invoice": EventKind.INVOICE_HANDLING,
}


def read(path: Path, later: Path | None = None) -> dict[str, pd.DataFrame]:
    """Canonical frames of the log in `path`, and in `later` where given.

    Raises:
        SourceError: a file or a column is missing.
    """
    cases = read_two_folders(path, later, "cases", CASES).drop_duplicates("case_id", keep="last")
    logged = _with_clocks(_events(path, later))
    known = logged[logged["known_at"].notna()].reset_index(drop=True)
    events = known.merge(cases, on="case_id", how="left")
    orders = _orders(events)
    invoices = _invoices(events, orders)
    first = orders.sort_values("known_at", kind="stable")
    frames = {
        "purchase_orders": orders,
        "receipts": _receipts(events),
        "supplier_events": _supplier_events(events),
        "invoices": invoices,
        "invoice_outcomes": invoice_outcomes(logged, invoices),
        "sites": first.drop_duplicates("site_id"),
        "suppliers": first.drop_duplicates("supplier_id"),
    }
    return {name: TABLES[name].conform(frame) for name, frame in frames.items()}


def _events(path: Path, later: Path | None) -> pd.DataFrame:
    """Events in order. Numbers inside an item differ between cuts, so they are no key."""
    events = _parse_event_times(read_raw_table(path, "events", EVENTS)).assign(cut=0)
    if later is not None:
        key = [name for name in EVENTS if name != "event_no"]
        events = append_new_rows(
            events, _parse_event_times(read_raw_table(later, "events", EVENTS)).assign(cut=1), key
        )
    events = events.sort_values(["case_id", "time", "cut", "event_no"], kind="stable")
    events = events.rename(columns={"cumulative_net_worth_eur": "worth", "time": "happened_at"})
    events["event_id"] = _number_within_case(events, "event")
    return events.reset_index(drop=True)


def _parse_event_times(events: pd.DataFrame) -> pd.DataFrame:
    time = pd.to_datetime(events["time"], utc=True, errors="coerce", format="mixed")
    return events.assign(time=time.dt.as_unit("us"))


def _with_clocks(events: pd.DataFrame) -> pd.DataFrame:
    """A vendor's document is known from the next booking of the item on, all else at once.

    Vendor documents that nobody booked yet are not known: nobody here could know them.
    """
    booked = events["happened_at"].where(events["activity"].isin(BOOKS_A_VENDOR_DOCUMENT))
    booked = booked.groupby(events["case_id"]).bfill()
    by_vendor = events["activity"].isin(DATED_BY_VENDOR)
    known = events["happened_at"].where(~by_vendor, booked)
    return events.assign(known_at=known)


def _number_within_case(events: pd.DataFrame, word: str) -> pd.Series:
    nth = events.groupby("case_id").cumcount() + 1
    return events["case_id"] + f"/{word} " + nth.astype("str")


def _orders(events: pd.DataFrame) -> pd.DataFrame:
    """Build one order line per item, ordered at its creation or else at its first event."""
    begin = events.assign(late=events["activity"] != ITEM_CREATED)
    begin = begin.sort_values(["case_id", "late", "known_at"], kind="stable")
    begin = begin.drop_duplicates("case_id").reset_index(drop=True)
    return pd.DataFrame(
        {
            "po_line_id": begin["case_id"],
            "po_id": _text(begin["purchasing_document"]).fillna(begin["case_id"]),
            "site_id": begin["company"].fillna("not stated"),
            "supplier_id": begin["vendor"].fillna("not stated"),
            "item_id": begin["sub_spend_area_text"].fillna("not stated"),
            "category": begin["spend_area_text"],
            "subcategory": begin["sub_spend_area_text"],
            "quantity_ordered": 1.0,
            "po_unit_price": begin["worth"],
            "line_value": begin["worth"],
            "order_type": begin["document_type"],
            "line_type": begin["item_type"],
            "happened_at": begin["happened_at"],
            "known_at": begin["known_at"],
        }
    )


def _text(numbers: pd.Series) -> pd.Series:
    return numbers.astype("str").where(numbers.notna())


def _receipts(events: pd.DataFrame) -> pd.DataFrame:
    receipts = events[events["activity"].isin(RECEIPT_SIGNS)]
    return receipts.assign(
        receipt_id=receipts["event_id"],
        po_line_id=receipts["case_id"],
        quantity_received=receipts["activity"].map(RECEIPT_SIGNS),
    )


def _supplier_events(events: pd.DataFrame) -> pd.DataFrame:
    announcements = events[~events["activity"].isin([INVOICE, ITEM_CREATED, *RECEIPT_SIGNS])]
    srm = announcements["activity"].str.startswith("SRM: ")
    kinds = announcements["activity"].map(EVENT_KINDS).fillna(EventKind.ORDER_CHANGE)
    return announcements.assign(
        po_line_id=announcements["case_id"],
        event_kind=kinds.mask(srm, EventKind.ORDER_APPROVAL),
        detail=announcements["activity"],
    )


def _invoices(events: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Build one invoice per booking, dated as the vendor's last document before it."""
    dated = events["happened_at"].where(events["activity"] == "Vendor creates invoice")
    dated = dated.groupby(events["case_id"]).ffill()
    booked = events.assign(dated=dated)[events["activity"] == INVOICE]
    automatic = booked["user"].astype("str").str.startswith("batch_")
    channel = np.where(automatic, EntryChannel.AUTOMATIC, EntryChannel.MANUAL)
    lines = pd.DataFrame(
        {
            "invoice_line_id": _number_within_case(booked, "invoice"),
            "invoice_id": booked["event_id"],
            "po_line_id": booked["case_id"],
            "quantity_invoiced": 1.0,
            "invoice_unit_price": booked["worth"],
            "line_amount": booked["worth"],
            "entry_channel": channel,
            "happened_at": booked["dated"].fillna(booked["happened_at"]),
            "known_at": booked["known_at"],
        }
    )
    return lines.merge(orders[["po_line_id", "site_id", "supplier_id"]], on="po_line_id")
