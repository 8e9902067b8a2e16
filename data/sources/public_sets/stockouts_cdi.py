"""Monthly stock cards of health sites in Cote d'Ivoire, from an electronic logistics system.

One row is one product at one site in one month. All of a month is taken as known on its last
day. `stock_stockout_days` was not recorded before 2019-07 and is never read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from data.contracts.catalogue import TABLES
from data.contracts.sites import SiteKind
from data.contracts.stock_movements import MovementKind
from data.sources.public_sets.raw_tables import read_optional_table, read_two_folders

FILE = "stock_monthly"
ACTIVE_RECORDS = 6
"""A pair is active when it issued something in this many last records, the month's included."""
DAYS_A_MONTH = 30.4375
COLUMNS = (
    "year",
    "month",
    "region",
    "district",
    "site_code",
    "product_code",
    "stock_received",
    "stock_distributed",
    "stock_adjustment",
    "stock_end",
    "average_monthly_consumption",
    "stock_ordered",
)
SITES = ("site_code", "site_type", "site_region", "site_latitude", "site_longitude")
PRODUCTS = ("product_code", "product_type", "product_name")
MOVEMENTS = {
    MovementKind.ISSUE: ("stock_distributed", -1),
    MovementKind.RECEIPT: ("stock_received", 1),
    MovementKind.ADJUSTMENT: ("stock_adjustment", 1),
}
KEY = ["site_code", "product_code", "at"]


def read(path: Path, later: Path | None = None) -> dict[str, pd.DataFrame]:
    """Canonical frames of the stock cards in `path`, and in `later` where given.

    Raises:
        SourceError: the file or a column is missing. Lists of sites and products may be absent.
    """
    raw = read_two_folders(path, later, FILE, COLUMNS)
    raw["at"] = _last_day(raw)
    raw = raw.sort_values(KEY, kind="stable").reset_index(drop=True)
    frames = {
        "stock_levels": _levels(raw),
        "stock_movements": _movements(raw),
        "sites": _sites(raw, read_optional_table(path, later, "sites", SITES)),
        "items": _items(raw, read_optional_table(path, later, "products", PRODUCTS)),
    }
    return {name: TABLES[name].conform(frame) for name, frame in frames.items()}


def _last_day(raw: pd.DataFrame) -> pd.Series:
    first = pd.to_datetime({"year": raw["year"], "month": raw["month"], "day": 1}, errors="coerce")
    return (first + pd.offsets.MonthEnd(0)).dt.tz_localize("UTC")


def _levels(raw: pd.DataFrame) -> pd.DataFrame:
    pairs = raw["stock_distributed"].groupby([raw["site_code"], raw["product_code"]])
    issued = pairs.rolling(ACTIVE_RECORDS, min_periods=1).max().droplevel([0, 1])
    return pd.DataFrame(
        {
            "site_id": raw["site_code"],
            "item_id": raw["product_code"],
            "on_hand": raw["stock_end"],
            "quantity_requested": raw["stock_ordered"].astype("Float64"),
            "average_demand": raw["average_monthly_consumption"] / DAYS_A_MONTH,
            "active": issued.reindex(raw.index) > 0,
            "happened_at": raw["at"],
            "known_at": raw["at"],
        }
    )


def _movements(raw: pd.DataFrame) -> pd.DataFrame:
    card = raw["site_code"] + "/" + raw["product_code"] + raw["at"].dt.strftime("/%Y-%m-%d/")
    parts = [
        pd.DataFrame(
            {
                "movement_id": card + str(kind),
                "site_id": raw["site_code"],
                "item_id": raw["product_code"],
                "movement_kind": str(kind),
                "quantity_moved": sign * raw[column],
                "happened_at": raw["at"],
                "known_at": raw["at"],
            }
        )
        for kind, (column, sign) in MOVEMENTS.items()
    ]
    moved = pd.concat(parts, ignore_index=True)
    return moved[moved["quantity_moved"] != 0].reset_index(drop=True)


def _sites(raw: pd.DataFrame, listed: pd.DataFrame | None) -> pd.DataFrame:
    """Sites that report, with what the list of sites adds, known since their first report."""
    first = raw.sort_values("at", kind="stable").drop_duplicates("site_code")
    sites = first[["site_code", "region", "at"]]
    if listed is None:
        listed = pd.DataFrame({name: pd.Series(dtype="object") for name in SITES})
    sites = sites.merge(listed.drop_duplicates("site_code"), on="site_code", how="left")
    return pd.DataFrame(
        {
            "site_id": sites["site_code"],
            "site_name": sites["site_code"],
            "site_kind": str(SiteKind.POINT_OF_USE),
            "site_type": sites["site_type"],
            "region": sites["region"],
            "country": "CI",
            "time_zone": "Africa/Abidjan",
            "latitude": sites["site_latitude"].astype(np.float64),
            "longitude": sites["site_longitude"].astype(np.float64),
            "happened_at": sites["at"],
            "known_at": sites["at"],
        }
    )


def _items(raw: pd.DataFrame, listed: pd.DataFrame | None) -> pd.DataFrame:
    first = raw.sort_values("at", kind="stable").drop_duplicates("product_code")
    items = first[["product_code", "at"]]
    if listed is None:
        listed = pd.DataFrame({name: pd.Series(dtype="object") for name in PRODUCTS})
    items = items.merge(listed.drop_duplicates("product_code"), on="product_code", how="left")
    return pd.DataFrame(
        {
            "item_id": items["product_code"],
            "item_name": items["product_name"].str.strip(),
            "category": items["product_type"],
            "base_unit": "dispensing unit",
            "happened_at": items["at"],
            "known_at": items["at"],
        }
    )
