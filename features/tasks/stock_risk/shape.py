"""Case shape of stock_risk: the columns of an item at a site and of its scheduled receipts."""

from data.contracts.exchange_rates import EXCHANGE_RATE, EXCHANGE_RATE_AT
from data.contracts.items import (
    BASE_UNIT,
    CATEGORY,
    CURRENCY,
    ITEM_ID,
    ITEM_NAME,
    SUBCATEGORY,
    UNIT_COST,
)
from data.contracts.purchase_orders import LINE_STATE, PROMISED_AT
from data.contracts.purchase_orders import PO_LINE_ID as ORDER_LINE
from data.contracts.sites import REGION, SITE_ID, SITE_NAME, SITE_TYPE, TIME_ZONE
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

# A caller may leave out which order line a receipt is scheduled on.
PO_LINE_ID = Column(str(ORDER_LINE), Kind.TEXT, "the order line the receipt is expected on")

STOCK_RISK_SHAPE = CaseShape(
    columns=(
        SITE_ID,
        SITE_NAME,
        TIME_ZONE,
        ITEM_ID,
        ITEM_NAME,
        SITE_TYPE,
        REGION,
        CATEGORY,
        SUBCATEGORY,
        BASE_UNIT,
        UNIT_COST,
        CURRENCY,
        EXCHANGE_RATE,
        EXCHANGE_RATE_AT,
        ON_HAND,
        ON_ORDER,
        BACKORDERED,
        REORDER_POINT,
        SAFETY_STOCK,
        QUANTITY_REQUESTED,
        AVERAGE_DEMAND,
    ),
    # Open purchase order lines of the item for the site, by promise.
    children={"scheduled_receipts": (PO_LINE_ID, QUANTITY_OPEN, PROMISED_AT, LINE_STATE, KNOWN_AT)},
)
