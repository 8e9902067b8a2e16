"""What a case of each task holds. Messages, asks and reports take their fields from here."""

from data.contracts.invoices import (
    ENTRY_CHANNEL,
    FREIGHT_AMOUNT,
    INVOICE_ID,
    INVOICE_LINE_ID,
    INVOICE_NUMBER,
    INVOICE_UNIT,
    INVOICE_UNIT_PRICE,
    LINE_AMOUNT,
    QUANTITY_INVOICED,
    TAX_AMOUNT,
    TAX_RATE_EXPECTED,
)
from data.contracts.invoices import PO_LINE_ID as INVOICED_LINE
from data.contracts.items import (
    BASE_UNIT,
    CATEGORY,
    CURRENCY,
    ITEM_ID,
    PACK_SIZE,
    SUBCATEGORY,
    UNIT_COST,
)
from data.contracts.purchase_orders import (
    CHANNEL,
    INCOTERM,
    LINE_TYPE,
    LINE_VALUE,
    MANAGED_BY,
    ORDER_TYPE,
    ORDER_UNIT,
    ORIGIN,
    PO_ID,
    PO_LINE_ID,
    PO_UNIT_PRICE,
    PROMISED_AT,
    QUANTITY_ORDERED,
    REQUESTED_AT,
    TRANSPORT_MODE,
)
from data.contracts.receipts import QUANTITY_DAMAGED, QUANTITY_RECEIVED
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
from data.contracts.supplier_events import (
    ACK_STATUS,
    DETAIL,
    EVENT_KIND,
    EVENT_QUANTITY,
    EXPECTED_AT,
)
from data.contracts.suppliers import PAYMENT_TERM, SUPPLIER_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind
from features.cases import CaseShape

ORDERED_AT = Column("ordered_at", Kind.MOMENT, "when the order line was placed", unit="UTC")
DOCUMENT_AT = Column("document_at", Kind.MOMENT, "date on the invoice", unit="UTC")
PO_CURRENCY = Column("po_currency", Kind.TEXT, "currency of the order, ISO 4217")
QUANTITY_OPEN = Column(
    "quantity_open", Kind.NUMBER, "ordered and not yet received", unit="base units", minimum=0
)

RECEIPTS = (QUANTITY_RECEIVED, QUANTITY_DAMAGED, HAPPENED_AT, KNOWN_AT)
EVENTS = (
    EVENT_KIND,
    ACK_STATUS,
    DETAIL,
    EXPECTED_AT,
    EVENT_QUANTITY,
    HAPPENED_AT,
    KNOWN_AT,
)

SUPPLIER_DELAY = CaseShape(
    columns=(
        PO_LINE_ID,
        PO_ID,
        SITE_ID,
        SUPPLIER_ID,
        ITEM_ID,
        CATEGORY,
        SUBCATEGORY,
        QUANTITY_ORDERED,
        PO_UNIT_PRICE,
        LINE_VALUE,
        CURRENCY,
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
    ),
    children={"receipts": RECEIPTS, "events": EVENTS},
)

INVOICE_MISMATCH = CaseShape(
    columns=(
        INVOICE_LINE_ID,
        INVOICE_ID,
        INVOICE_NUMBER,
        SUPPLIER_ID,
        SITE_ID,
        INVOICED_LINE,
        QUANTITY_INVOICED,
        INVOICE_UNIT,
        INVOICE_UNIT_PRICE,
        LINE_AMOUNT,
        FREIGHT_AMOUNT,
        TAX_AMOUNT,
        TAX_RATE_EXPECTED,
        CURRENCY,
        ENTRY_CHANNEL,
        DOCUMENT_AT,
        PO_ID,
        ITEM_ID,
        CATEGORY,
        SUBCATEGORY,
        BASE_UNIT,
        PACK_SIZE,
        QUANTITY_ORDERED,
        ORDER_UNIT,
        PO_UNIT_PRICE,
        LINE_VALUE,
        PO_CURRENCY,
        ORDER_TYPE,
        LINE_TYPE,
        INCOTERM,
        ORDERED_AT,
        PROMISED_AT,
        PAYMENT_TERM,
    ),
    children={
        "receipts": RECEIPTS,
        "events": EVENTS,
        # Booked before this one: on the same order line, or by the same supplier with the
        # same number or the same amount in the last 180 days (what a duplicate looks like).
        "earlier_invoices": (
            INVOICE_NUMBER,
            INVOICED_LINE,
            QUANTITY_INVOICED,
            INVOICE_UNIT,
            LINE_AMOUNT,
            HAPPENED_AT,
            KNOWN_AT,
        ),
    },
)

STOCK_RISK = CaseShape(
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
