"""Stock levels: what a site holds of an item at a count or a close of period."""

from data.contracts.items import ITEM_ID
from data.contracts.sites import SITE_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table

UNITS = "base units"

ON_HAND = Column(
    "on_hand",
    Kind.NUMBER,
    "stock on hand; negative is owed to customers",
    unit=UNITS,
    required=True,
)
QUANTITY_IN_INSPECTION = Column(
    "quantity_in_inspection",
    Kind.NUMBER,
    "on site and in quality inspection, beside what is on hand",
    unit=UNITS,
    minimum=0,
)
QUANTITY_BLOCKED = Column(
    "quantity_blocked",
    Kind.NUMBER,
    "on site and blocked, beside what is on hand",
    unit=UNITS,
    minimum=0,
)
QUANTITY_DAMAGED = Column(
    "quantity_damaged",
    Kind.NUMBER,
    "on site and damaged, beside what is on hand",
    unit=UNITS,
    minimum=0,
)
QUANTITY_RESERVED = Column(
    "quantity_reserved",
    Kind.NUMBER,
    "on site and reserved for an order, beside what is on hand",
    unit=UNITS,
    minimum=0,
)
QUANTITY_IN_TRANSIT = Column(
    "quantity_in_transit",
    Kind.NUMBER,
    "on its way from another site or location of the group, not yet on site",
    unit=UNITS,
    minimum=0,
)
ON_ORDER = Column("on_order", Kind.NUMBER, "ordered and not yet received", unit=UNITS, minimum=0)
BACKORDERED = Column(
    "backordered",
    Kind.NUMBER,
    "promised to customers and not served; holds what a negative stock on hand owes, so that "
    "each piece is subtracted once",
    unit=UNITS,
    minimum=0,
)
REORDER_POINT = Column(
    "reorder_point", Kind.NUMBER, "level at which the site reorders", unit=UNITS, minimum=0
)
SAFETY_STOCK = Column(
    "safety_stock", Kind.NUMBER, "stock kept against uncertainty", unit=UNITS, minimum=0
)
QUANTITY_REQUESTED = Column(
    "quantity_requested",
    Kind.NUMBER,
    "replenishment asked for with this report",
    unit=UNITS,
    minimum=0,
)
AVERAGE_DEMAND = Column(
    "average_demand",
    Kind.NUMBER,
    "the site's own system's average demand a day",
    unit="base units a day",
    minimum=0,
)
ACTIVE = Column("active", Kind.FLAG, "the site carries the item (it was issued lately)")

STOCK_LEVELS = Table(
    "stock_levels",
    grain="one item at one site at one moment of counting",
    key=(SITE_ID, ITEM_ID, HAPPENED_AT),
    columns=(
        SITE_ID,
        ITEM_ID,
        ON_HAND,
        QUANTITY_IN_INSPECTION,
        QUANTITY_BLOCKED,
        QUANTITY_DAMAGED,
        QUANTITY_RESERVED,
        QUANTITY_IN_TRANSIT,
        ON_ORDER,
        BACKORDERED,
        REORDER_POINT,
        SAFETY_STOCK,
        QUANTITY_REQUESTED,
        AVERAGE_DEMAND,
        ACTIVE,
        HAPPENED_AT,
        KNOWN_AT,
    ),
    observed=True,
)
