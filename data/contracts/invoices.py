"""Invoice lines: what a supplier asks money for. Known when booked, not when dated."""

from enum import StrEnum

from data.contracts.items import CURRENCY
from data.contracts.purchase_orders import PO_LINE_ID as ORDERED_LINE
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table


class EntryChannel(StrEnum):
    """Channel through which the invoice was booked."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


PO_LINE_ID = Column(str(ORDERED_LINE), Kind.TEXT, "the order line it refers to, if any")

INVOICE_LINE_ID = Column("invoice_line_id", Kind.TEXT, "the invoice line", required=True)
INVOICE_ID = Column("invoice_id", Kind.TEXT, "the invoice document here", required=True)
INVOICE_NUMBER = Column("invoice_number", Kind.TEXT, "the supplier's own number on the invoice")
QUANTITY_INVOICED = Column(
    "quantity_invoiced",
    Kind.NUMBER,
    "invoiced, in the unit written on the invoice",
    unit="invoice units",
    required=True,
)
INVOICE_UNIT = Column("invoice_unit", Kind.TEXT, "unit of measure written on the invoice")
INVOICE_UNIT_PRICE = Column(
    "invoice_unit_price", Kind.NUMBER, "net price of one invoice unit", unit="currency"
)
LINE_AMOUNT = Column(
    "line_amount", Kind.NUMBER, "net amount of the line", unit="currency", required=True
)
FREIGHT_AMOUNT = Column("freight_amount", Kind.NUMBER, "freight charged", unit="currency")
TAX_AMOUNT = Column("tax_amount", Kind.NUMBER, "tax charged", unit="currency")
TAX_RATE_EXPECTED = Column(
    "tax_rate_expected", Kind.NUMBER, "rate the tax code of the order implies", unit="share"
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
        SUPPLIER_ID,
        SITE_ID,
        PO_LINE_ID,
        QUANTITY_INVOICED,
        INVOICE_UNIT,
        INVOICE_UNIT_PRICE,
        LINE_AMOUNT,
        FREIGHT_AMOUNT,
        TAX_AMOUNT,
        TAX_RATE_EXPECTED,
        CURRENCY,
        ENTRY_CHANNEL,
        HAPPENED_AT,
        KNOWN_AT,
    ),
)
