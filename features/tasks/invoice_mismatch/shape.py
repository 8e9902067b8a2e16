"""Case shape of invoice_mismatch: the columns of an invoice line and of its children."""

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
from data.contracts.items import BASE_UNIT, CATEGORY, CURRENCY, ITEM_ID, PACK_SIZE, SUBCATEGORY
from data.contracts.purchase_orders import (
    INCOTERM,
    LINE_TYPE,
    LINE_VALUE,
    ORDER_TYPE,
    ORDER_UNIT,
    PO_ID,
    PO_UNIT_PRICE,
    PROMISED_AT,
    QUANTITY_ORDERED,
)
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import PAYMENT_TERM, SUPPLIER_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind
from features.builders.order_documents import EVENT_COLUMNS, ORDERED_AT, RECEIPT_COLUMNS
from features.cases import CaseShape

DOCUMENT_AT = Column("document_at", Kind.MOMENT, "date on the invoice", unit="UTC")
PO_CURRENCY = Column("po_currency", Kind.TEXT, "currency of the order, ISO 4217")

INVOICE_MISMATCH_SHAPE = CaseShape(
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
        "receipts": RECEIPT_COLUMNS,
        "events": EVENT_COLUMNS,
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
