"""Invoice outcomes: in what class an invoice line ended, and how it was resolved."""

from enum import StrEnum

from data.contracts.invoices import INVOICE_LINE_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table


class ExceptionClass(StrEnum):
    """The classes an invoice line can end in."""

    CLEAN = "CLEAN"
    PRICE_VARIANCE = "PRICE_VARIANCE"
    QTY_OVER_ORDERED = "QTY_OVER_ORDERED"
    QTY_OVER_RECEIVED = "QTY_OVER_RECEIVED"
    NO_RECEIPT = "NO_RECEIPT"
    QUALITY_HOLD = "QUALITY_HOLD"
    DATE_VARIANCE = "DATE_VARIANCE"
    AMOUNT_LIMIT = "AMOUNT_LIMIT"
    UNIT_OF_MEASURE = "UNIT_OF_MEASURE"
    FREIGHT_CHARGES = "FREIGHT_CHARGES"
    TAX_VARIANCE = "TAX_VARIANCE"
    CURRENCY_RATE = "CURRENCY_RATE"
    PO_REFERENCE = "PO_REFERENCE"
    DUPLICATE = "DUPLICATE"
    SUPPLIER_MASTER = "SUPPLIER_MASTER"


class Resolution(StrEnum):
    """Resolution of the exception; NONE_NEEDED for a clean line."""

    NONE_NEEDED = "NONE_NEEDED"
    RECEIPT_ARRIVES = "RECEIPT_ARRIVES"
    PO_AMENDED = "PO_AMENDED"
    CREDIT_NOTE = "CREDIT_NOTE"
    RELEASED_IN_TOLERANCE = "RELEASED_IN_TOLERANCE"
    REVERSED = "REVERSED"
    DUPLICATE = "DUPLICATE"
    BLOCK_REMOVED = "BLOCK_REMOVED"


EXCEPTION_CLASS = Column(
    "exception_class",
    Kind.TEXT,
    "class it ended in; missing where the source does not say",
    allowed=list(ExceptionClass),
)
RESOLUTION = Column(
    "resolution",
    Kind.TEXT,
    "how it was resolved; missing where the source does not say",
    allowed=list(Resolution),
)

INVOICE_OUTCOMES = Table(
    "invoice_outcomes",
    grain="the final outcome of one invoice line; a clean one is known when its window is over",
    key=(INVOICE_LINE_ID,),
    columns=(INVOICE_LINE_ID, EXCEPTION_CLASS, RESOLUTION, HAPPENED_AT, KNOWN_AT),
    observed=True,
)
