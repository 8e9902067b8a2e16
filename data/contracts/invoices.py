"""Invoice lines: what a supplier asks money for. Known when booked, not when dated."""

from enum import StrEnum

from data.contracts.items import CURRENCY
from data.contracts.purchase_orders import PO_LINE_ID as ORDERED_LINE
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, CodeList, Column, Kind, Table


class EntryChannel(StrEnum):
    """Channel through which the invoice was booked."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class DocumentType(StrEnum):
    """Type of an invoice document, after UNTDID 1001."""

    INVOICE = "invoice"  # 380
    CREDIT_NOTE = "credit_note"  # 381
    PREPAYMENT = "prepayment"  # 386
    SUBSEQUENT_DEBIT = "subsequent_debit"  # 383
    DELIVERY_COST = "delivery_cost"  # 780


PO_LINE_ID = Column(str(ORDERED_LINE), Kind.TEXT, "the order line it refers to, if any")

INVOICE_LINE_ID = Column("invoice_line_id", Kind.TEXT, "the invoice line", required=True)
INVOICE_ID = Column("invoice_id", Kind.TEXT, "the invoice document here", required=True)
INVOICE_NUMBER = Column("invoice_number", Kind.TEXT, "the supplier's own number on the invoice")
DOCUMENT_TYPE = Column(
    "document_type",
    Kind.TEXT,
    "type of the document; by the sign of the amount where it is missing",
    allowed=list(DocumentType),
)
REVERSES_LINE_ID = Column(
    "reverses_line_id", Kind.TEXT, "the invoice line that this line reverses, if any"
)
QUANTITY_INVOICED = Column(
    "quantity_invoiced",
    Kind.NUMBER,
    "invoiced, in the unit written on the invoice",
    unit="invoice units",
    required=True,
)
INVOICE_UNIT = Column(
    "invoice_unit",
    Kind.TEXT,
    "unit of measure written on the invoice, UN/ECE Recommendation 20 where known",
    code_list=CodeList.UNIT,
)
INVOICE_UNIT_PRICE = Column(
    "invoice_unit_price",
    Kind.NUMBER,
    "net price of the price base quantity, which is one invoice unit by default",
    unit="currency",
)
PRICE_BASE_QUANTITY = Column(
    "price_base_quantity",
    Kind.NUMBER,
    "invoice units that the price is for (EN 16931 BT-149); 1 by default",
    unit="invoice units",
    minimum=0,
)
CHARGE_AMOUNT = Column(
    "charge_amount",
    Kind.NUMBER,
    "charges less allowances inside the line amount",
    unit="currency",
)
LINE_AMOUNT = Column(
    "line_amount",
    Kind.NUMBER,
    "net amount of the line without freight; negative on a credit note",
    unit="currency",
    required=True,
)
FREIGHT_AMOUNT = Column(
    "freight_amount", Kind.NUMBER, "freight charged beside the line amount", unit="currency"
)
TAX_AMOUNT = Column("tax_amount", Kind.NUMBER, "tax charged", unit="currency")
TAX_RATE_EXPECTED = Column(
    "tax_rate_expected", Kind.NUMBER, "rate the tax code of the order implies", unit="share"
)
DUE_AT = Column("due_at", Kind.MOMENT, "day the payment is due", unit="UTC", calendar_day=True)
DATED_AT = Column(
    str(HAPPENED_AT),
    Kind.MOMENT,
    "date of the document; midnight UTC stands for that calendar day",
    unit="UTC",
    required=True,
    calendar_day=True,
)
ENTRY_CHANNEL = Column("entry_channel", Kind.TEXT, "how it was booked", allowed=list(EntryChannel))

INVOICES = Table(
    "invoices",
    grain="one line of a supplier's invoice; happened on the document date, known when booked",
    key=(INVOICE_LINE_ID,),
    columns=(
        INVOICE_LINE_ID,
        INVOICE_ID,
        INVOICE_NUMBER,
        DOCUMENT_TYPE,
        REVERSES_LINE_ID,
        SUPPLIER_ID,
        SITE_ID,
        PO_LINE_ID,
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
        ENTRY_CHANNEL,
        DUE_AT,
        DATED_AT,
        KNOWN_AT,
    ),
)
