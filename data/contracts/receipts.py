"""Receipts: goods received against a purchase order line."""

from enum import StrEnum

from data.contracts.purchase_orders import PO_LINE_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table


class PostingKind(StrEnum):
    """Kind of a goods movement against an order line.

    A reversal voids the posting it corrects, as if that never was; a return sends goods back.
    """

    RECEIPT = "receipt"
    REVERSAL = "reversal"
    RETURN = "return"


RECEIPT_ID = Column("receipt_id", Kind.TEXT, "the posting", required=True)
QUANTITY_RECEIVED = Column(
    "quantity_received",
    Kind.NUMBER,
    "received; negative is a reversal or return",
    unit="base units",
    required=True,
)
QUANTITY_DAMAGED = Column(
    "quantity_damaged",
    Kind.NUMBER,
    "part of it that was damaged or held for quality",
    unit="base units",
    minimum=0,
)
POSTING_KIND = Column(
    "posting_kind",
    Kind.TEXT,
    "receipt, reversal of a posting, or return of goods; by the sign where it is missing",
    allowed=list(PostingKind),
)
FINAL = Column("final", Kind.FLAG, "the line is closed by this receipt")

RECEIPTS = Table(
    "receipts",
    grain="one posting of goods received; happened when the goods came, known when posted",
    key=(RECEIPT_ID,),
    columns=(
        RECEIPT_ID,
        PO_LINE_ID,
        QUANTITY_RECEIVED,
        QUANTITY_DAMAGED,
        POSTING_KIND,
        FINAL,
        HAPPENED_AT,
        KNOWN_AT,
    ),
    observed=True,
)
