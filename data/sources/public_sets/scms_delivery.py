"""SCMS delivery history: lines delivered to countries, from vendors or from warehouses.

One row is one line of one shipment. The scheduled date is the last revised plan, so a delay
is against the plan. Columns written at or after shipping (weight, freight, insurance) are not
read. Money is USD, quantities are packs.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data.contracts.catalogue import TABLES
from data.contracts.purchase_orders import Channel
from data.sources.public_sets.raw_tables import append_new_rows, read_raw_table

FILE = "deliveries"
PLAN_KNOWN_AHEAD = pd.Timedelta(days=31)
"""The plan of a line is taken as known this long before its scheduled day at the latest."""
END_OF_DAY = pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)
"""Dates carry no hour: what was recorded on a day is known when the day ends."""

COLUMNS = (
    "id",
    "po_so_no",
    "asn_dn_no",
    "country",
    "managed_by",
    "fulfill_via",
    "vendor_inco_term",
    "shipment_mode",
    "pq_first_sent_to_client_date",
    "po_sent_to_vendor_date",
    "scheduled_delivery_date",
    "delivered_to_client_date",
    "delivery_recorded_date",
    "product_group",
    "sub_classification",
    "vendor",
    "item_description",
    "dosage_form",
    "unit_of_measure_per_pack",
    "line_item_quantity",
    "line_item_value",
    "pack_price",
    "manufacturing_site",
)
RENAMED = {
    "po_so_no": "po_id",
    "asn_dn_no": "shipment_id",
    "country": "site_id",
    "vendor": "supplier_id",
    "item_description": "item_id",
    "product_group": "category",
    "sub_classification": "subcategory",
    "line_item_quantity": "quantity_ordered",
    "pack_price": "po_unit_price",
    "line_item_value": "line_value",
    "dosage_form": "line_type",
    "vendor_inco_term": "incoterm",
    "shipment_mode": "transport_mode",
    "manufacturing_site": "origin",
}
CHANNELS = {"Direct Drop": Channel.DIRECT, "From RDC": Channel.WAREHOUSE}


def read(path: Path, later: Path | None = None) -> dict[str, pd.DataFrame]:
    """Canonical frames of the deliveries in `path`, and in `later` where given.

    Raises:
        SourceError: the file or a column is missing.
    """
    raw = _dated(read_raw_table(path, FILE, COLUMNS))
    if later is not None:
        raw = append_new_rows(raw, _dated(read_raw_table(later, FILE, COLUMNS)), ["id"])
    orders = _orders(raw)
    frames = {
        "purchase_orders": orders,
        "receipts": _receipts(raw),
        "sites": _dimension(orders, "site_id", ("site_name", "country")),
        "suppliers": _dimension(orders, "supplier_id", ("supplier_name",)),
        "items": _items(orders, raw),
    }
    return {name: TABLES[name].conform(frame) for name, frame in frames.items()}


def _dated(raw: pd.DataFrame) -> pd.DataFrame:
    """Parse dates in any of their formats; words in their place are missing dates."""
    dates = [name for name in COLUMNS if name.endswith("_date")]
    read = {
        name: pd.to_datetime(raw[name], errors="coerce", utc=True, format="mixed") for name in dates
    }
    return raw.assign(**read)


def _orders(raw: pd.DataFrame) -> pd.DataFrame:
    """An order begins when sent to the vendor, or quoted, or (neither noted) when planned.

    It is known then, or once the plan stands. A date after that is as if it were not noted:
    nobody could say it with the plan.
    """
    paper = [raw[name] for name in ("po_sent_to_vendor_date", "pq_first_sent_to_client_date")]
    plan = raw["scheduled_delivery_date"]
    stood = plan - PLAN_KNOWN_AHEAD
    ordered, quoted = (date.where(date <= stood) for date in paper)
    noted = paper[0].fillna(paper[1])
    return raw.rename(columns=RENAMED).assign(
        po_line_id=raw["id"].astype("str"),
        managed_by=raw["managed_by"],
        currency="USD",
        order_unit="pack",
        order_type=_paper(ordered, quoted),
        channel=raw["fulfill_via"].map(CHANNELS),
        requested_at=quoted,
        promised_at=plan,
        happened_at=ordered.fillna(quoted).fillna(stood),
        known_at=noted.where(noted < stood, stood),
    )


def _paper(ordered: pd.Series, quoted: pd.Series) -> pd.Series:
    """Name the date of the order that the source recorded: it tells how the line was arranged."""
    words = pd.Series("no date noted", index=ordered.index)
    return words.mask(quoted.notna(), "quoted").mask(ordered.notna(), "ordered")


def _receipts(raw: pd.DataFrame) -> pd.DataFrame:
    delivered = raw["delivered_to_client_date"]
    recorded = raw["delivery_recorded_date"]
    return pd.DataFrame(
        {
            "receipt_id": raw["id"].astype("str"),
            "po_line_id": raw["id"].astype("str"),
            "quantity_received": raw["line_item_quantity"],
            "final": True,
            "happened_at": delivered,
            "known_at": recorded.where(recorded > delivered, delivered) + END_OF_DAY,
        }
    )


def _items(orders: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    packed = orders.assign(pack_size=raw["unit_of_measure_per_pack"], base_unit="pack")
    columns = ("category", "subcategory", "pack_size", "base_unit")
    return _dimension(packed, "item_id", ("item_name",), columns)


def _dimension(
    orders: pd.DataFrame, key: str, named: tuple[str, ...], columns: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Build one row per entity, known since its first order; `named` columns repeat the key."""
    first = orders.sort_values("known_at", kind="stable").drop_duplicates(key)
    frame = first[[key, *columns, "known_at"]].assign(happened_at=first["known_at"])
    for name in named:
        frame[name] = first[key]
    return frame
