"""Master data as canonical tables: sites, items, suppliers. Known before the first day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from data.contracts.items import (
    BASE_UNIT,
    CATEGORY,
    CURRENCY,
    ITEM_ID,
    ITEM_NAME,
    PACK_SIZE,
    SUBCATEGORY,
    UNIT_COST,
)
from data.contracts.sites import (
    COUNTRY,
    LATITUDE,
    LONGITUDE,
    REGION,
    SITE_ID,
    SITE_KIND,
    SITE_NAME,
    SITE_TYPE,
    TIME_ZONE,
)
from data.contracts.suppliers import PAYMENT_TERM, SENDS_ASN, SUPPLIER_ID, SUPPLIER_NAME
from data.contracts.table import Column
from data.sources.simulator.clock import DAY
from data.sources.simulator.items import CATEGORY_NAMES
from data.sources.simulator.suppliers import ORIGINS
from data.sources.simulator.tables import canonical, item_ids, site_ids, supplier_ids
from data.sources.simulator.texts import coded, plain
from data.sources.simulator.world import World


def sites(world: World) -> pd.DataFrame:
    """Where the sites are and what they are for; not how they work."""
    own = world.sites
    columns = {
        SITE_ID: site_ids(np.arange(len(own))),
        SITE_NAME: [site.name for site in own],
        SITE_KIND: [str(site.kind) for site in own],
        SITE_TYPE: [site.site_type for site in own],
        REGION: [site.region for site in own],
        COUNTRY: [site.country for site in own],
        TIME_ZONE: [site.time_zone for site in own],
        LATITUDE: [site.latitude for site in own],
        LONGITUDE: [site.longitude for site in own],
    }
    return _from_the_start("sites", world, len(own), columns)


def items(world: World) -> pd.DataFrame:
    """What the items are; costs are in euros."""
    own = world.items
    sub = own.subcategory_names()
    number = np.arange(len(own))
    names = [f"{sub[n].capitalize()} {CATEGORY_NAMES[own.category[n]][:3]}-{n + 1}" for n in number]
    columns = {
        ITEM_ID: item_ids(number),
        ITEM_NAME: names,
        CATEGORY: coded(CATEGORY_NAMES, own.category),
        SUBCATEGORY: plain(sub),
        BASE_UNIT: coded(["EA"], np.zeros(len(own))),
        PACK_SIZE: own.pack.astype(np.float64),
        UNIT_COST: own.cost,
        CURRENCY: coded(["EUR"], np.zeros(len(own))),
    }
    return _from_the_start("items", world, len(own), columns)


def suppliers(world: World) -> pd.DataFrame:
    """Who the suppliers are, their terms, and whether they agreed to send ship notices."""
    own = world.suppliers
    columns = {
        SUPPLIER_ID: supplier_ids(np.arange(len(own))),
        SUPPLIER_NAME: plain(own.name),
        COUNTRY: [ORIGINS[origin].country for origin in own.origin],
        PAYMENT_TERM: own.payment_term.astype(np.float64),
        SENDS_ASN: own.sends_asn,
    }
    return _from_the_start("suppliers", world, len(own), columns)


def _from_the_start(
    name: str, world: World, rows: int, columns: Mapping[Column, Any]
) -> pd.DataFrame:
    """Master data, entered on the first of January of the year in which the world begins."""
    start = world.size.start
    entered = np.full(rows, (date(start.year, 1, 1) - start).days * DAY, dtype=np.int64)
    return canonical(name, world, entered, entered, columns)
