"""Case shape of invoice_mismatch: the columns of an invoice line and of its children."""

from data.contracts.exchange_rates import EXCHANGE_RATE, EXCHANGE_RATE_AT
from data.contracts.invoices import (
    CHARGE_AMOUNT,
    DOCUMENT_TYPE,
    DUE_AT,
    ENTRY_CHANNEL,
    FREIGHT_AMOUNT,
    INVOICE_ID,
    INVOICE_LINE_ID,
    INVOICE_NUMBER,
    INVOICE_UNIT,
    INVOICE_UNIT_PRICE,
    LINE_AMOUNT,
    PRICE_BASE_QUANTITY,
    QUANTITY_INVOICED,
    REVERSES_LINE_ID,
    TAX_AMOUNT,
    TAX_RATE_EXPECTED,
)
from data.contracts.invoices import PO_LINE_ID as INVOICED_LINE
from data.contracts.item_units import BASE_UNITS, UNIT
from data.contracts.items import (
    BASE_UNIT,
    CATEGORY,
    CURRENCY,
    ITEM_ID,
    ITEM_NAME,
    PACK_SIZE,
    SUBCATEGORY,
)
from data.contracts.purchase_orders import (
    INCOTERM,
    LINE_STATE,
    LINE_TYPE,
    LINE_VALUE,
    ORDER_TYPE,
    ORDER_UNIT,
    PO_ID,
    PO_UNIT_PRICE,
    PROMISED_AT,
    QUANTITY_ORDERED,
    STATE_KNOWN_AT,
)
from data.contracts.sites import SITE_ID, SITE_NAME, TAX_JURISDICTION, TIME_ZONE
from data.contracts.suppliers import BANK_ACCOUNT, PAYMENT_TERM, SUPPLIER_ID, SUPPLIER_NAME, VAT_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind
from features.builders.order_documents import EVENT_COLUMNS, ORDERED_AT, RECEIPT_COLUMNS
from features.cases import CaseShape

DOCUMENT_AT = Column("document_at", Kind.MOMENT, "date on the invoice", unit="UTC")
PO_CURRENCY = Column("po_currency", Kind.TEXT, "currency of the order, ISO 4217")
# The other line's ids may be missing where a caller does not know them.
EARLIER_LINE_ID = Column(str(INVOICE_LINE_ID), Kind.TEXT, "the earlier invoice line")
EARLIER_INVOICE_ID = Column(str(INVOICE_ID), Kind.TEXT, "the document of the earlier line")
EARLIER_SUPPLIER_ID = Column(
    str(SUPPLIER_ID), Kind.TEXT, "the supplier of the earlier line; that of the case by default"
)

INVOICE_MISMATCH_SHAPE = CaseShape(
    columns=(
        INVOICE_LINE_ID,
        INVOICE_ID,
        INVOICE_NUMBER,
        DOCUMENT_TYPE,
        REVERSES_LINE_ID,
        SUPPLIER_ID,
        SUPPLIER_NAME,
        VAT_ID,
        BANK_ACCOUNT,
        SITE_ID,
        SITE_NAME,
        TIME_ZONE,
        TAX_JURISDICTION,
        INVOICED_LINE,
        QUANTITY_INVOICED,
        INVOICE_UNIT,
        INVOICE_UNIT_PRICE,
        PRICE_BASE_QUANTITY,
        CHARGE_AMOUNT,
        LINE_AMOUNT,
        FREIGHT_AMOUNT,
        TAX_AMOUNT,
        TAX_RATE_EXPECTED,
        CURRENCY,
        EXCHANGE_RATE,
        EXCHANGE_RATE_AT,
        ENTRY_CHANNEL,
        DOCUMENT_AT,
        DUE_AT,
        PO_ID,
        ITEM_ID,
        ITEM_NAME,
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
        LINE_STATE,
        STATE_KNOWN_AT,
        INCOTERM,
        ORDERED_AT,
        PROMISED_AT,
        PAYMENT_TERM,
    ),
    children={
        "receipts": RECEIPT_COLUMNS,
        "events": EVENT_COLUMNS,
        # Other units of the item; `pack_size` is the base units of the usual pack.
        "item_units": (UNIT, BASE_UNITS, KNOWN_AT),
        # Booked before this one: on the same order line, or in the last 180 days by the same
        # supplier (or one with the same bank account or VAT number) with the same number or
        # the same amount: what a duplicate looks like.
        "earlier_invoices": (
            EARLIER_LINE_ID,
            EARLIER_INVOICE_ID,
            INVOICE_NUMBER,
            DOCUMENT_TYPE,
            REVERSES_LINE_ID,
            EARLIER_SUPPLIER_ID,
            INVOICED_LINE,
            QUANTITY_INVOICED,
            INVOICE_UNIT,
            LINE_AMOUNT,
            HAPPENED_AT,
            KNOWN_AT,
        ),
    },
)
