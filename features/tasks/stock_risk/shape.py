"""Case shape of stock_risk: the columns of an item at a site and of its scheduled receipts."""

from data.contracts.items import BASE_UNIT, CATEGORY, CURRENCY, ITEM_ID, SUBCATEGORY, UNIT_COST
from data.contracts.purchase_orders import PROMISED_AT
from data.contracts.sites import REGION, SITE_ID, SITE_TYPE
from data.contracts.stock_levels import (
    AVERAGE_DEMAND,
    BACKORDERED,
    ON_HAND,
    ON_ORDER,
    QUANTITY_REQUESTED,
    REORDER_POINT,
    SAFETY_STOCK,
)
from data.contracts.table import KNOWN_AT, Column, Kind
from features.cases import CaseShape

QUANTITY_OPEN = Column(
    "quantity_open", Kind.NUMBER, "ordered and not yet received", unit="base units", minimum=0
)

STOCK_RISK_SHAPE = CaseShape(
    columns=(
        SITE_ID,
        ITEM_ID,
        SITE_TYPE,
        REGION,
        CATEGORY,
        SUBCATEGORY,
        BASE_UNIT,
        UNIT_COST,
        CURRENCY,
        ON_HAND,
        ON_ORDER,
        BACKORDERED,
        REORDER_POINT,
        SAFETY_STOCK,
        QUANTITY_REQUESTED,
        AVERAGE_DEMAND,
    ),
    # Open purchase order lines of the item for the site, by promise.
    children={"scheduled_receipts": (QUANTITY_OPEN, PROMISED_AT, KNOWN_AT)},
)
