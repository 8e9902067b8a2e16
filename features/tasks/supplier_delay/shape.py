"""Case shape of supplier_delay: the columns of an order line and of its children."""

from data.contracts.exchange_rates import EXCHANGE_RATE, EXCHANGE_RATE_AT
from data.contracts.items import BASE_UNIT, CATEGORY, CURRENCY, ITEM_ID, ITEM_NAME, SUBCATEGORY
from data.contracts.purchase_orders import (
    CHANNEL,
    INCOTERM,
    LINE_STATE,
    LINE_TYPE,
    LINE_VALUE,
    MANAGED_BY,
    ORDER_TYPE,
    ORIGIN,
    PO_ID,
    PO_LINE_ID,
    PO_UNIT_PRICE,
    PROMISED_AT,
    QUANTITY_ORDERED,
    REQUESTED_AT,
    STATE_KNOWN_AT,
    TRANSPORT_MODE,
)
from data.contracts.sites import SITE_ID, SITE_NAME, TIME_ZONE
from data.contracts.suppliers import SUPPLIER_ID, SUPPLIER_NAME
from features.builders.order_documents import EVENT_COLUMNS, ORDERED_AT, RECEIPT_COLUMNS
from features.cases import CaseShape

SUPPLIER_DELAY_SHAPE = CaseShape(
    columns=(
        PO_LINE_ID,
        PO_ID,
        SITE_ID,
        SITE_NAME,
        TIME_ZONE,
        SUPPLIER_ID,
        SUPPLIER_NAME,
        ITEM_ID,
        ITEM_NAME,
        BASE_UNIT,
        CATEGORY,
        SUBCATEGORY,
        QUANTITY_ORDERED,
        PO_UNIT_PRICE,
        LINE_VALUE,
        CURRENCY,
        EXCHANGE_RATE,
        EXCHANGE_RATE_AT,
        ORDER_TYPE,
        LINE_TYPE,
        CHANNEL,
        INCOTERM,
        TRANSPORT_MODE,
        ORIGIN,
        MANAGED_BY,
        ORDERED_AT,
        REQUESTED_AT,
        PROMISED_AT,
        LINE_STATE,
        STATE_KNOWN_AT,
    ),
    children={"receipts": RECEIPT_COLUMNS, "events": EVENT_COLUMNS},
)
