"""Supplier events: what was said about an order line between order and receipt."""

from enum import StrEnum

from data.contracts.purchase_orders import PO_LINE_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table


class EventKind(StrEnum):
    """Kind of message or change. Numbers are the X12 transactions."""

    ACKNOWLEDGEMENT = "acknowledgement"  # 855
    ASN = "asn"  # 856
    DELAY_NOTICE = "delay_notice"
    REVISED_PROMISE = "revised_promise"  # 865
    ORDER_CHANGE = "order_change"  # 860
    ORDER_APPROVAL = "order_approval"
    INVOICE_SENT = "invoice_sent"  # 810, known when booked
    SERVICE_ENTRY = "service_entry"  # the buyer confirms a service
    INVOICE_HANDLING = "invoice_handling"  # block set or removed, invoice cancelled or cleared


class AckStatus(StrEnum):
    """X12 855 line status (ACK01), the subset used here."""

    ACCEPTED = "IA"
    BACKORDERED = "IB"
    PARTLY_SHIPPED = "BP"
    RESCHEDULED = "DR"
    QUANTITY_CHANGED = "IQ"
    PRICE_CHANGED = "IP"
    SUBSTITUTED = "IS"
    DELETED = "ID"
    REJECTED = "IR"
    ON_HOLD = "IH"


EVENT_ID = Column("event_id", Kind.TEXT, "the message", required=True)
MESSAGE_NUMBER = Column(
    "message_number",
    Kind.TEXT,
    "the sender's number of the message (X12 BSN02, EDIFACT BGM); the same when sent again",
)
EVENT_KIND = Column(
    "event_kind", Kind.TEXT, "what was said", allowed=list(EventKind), required=True
)
ACK_STATUS = Column("ack_status", Kind.TEXT, "X12 ACK01 status", allowed=list(AckStatus))
DETAIL = Column("detail", Kind.TEXT, "the source's own word for the event")
EXPECTED_AT = Column(
    "expected_at",
    Kind.MOMENT,
    "arrival the message announces; midnight UTC stands for that calendar day at the site",
    unit="UTC",
    calendar_day=True,
)
EVENT_QUANTITY = Column(
    "event_quantity", Kind.NUMBER, "quantity the message is about", unit="base units"
)
MESSAGE_CONTENT = (
    MESSAGE_NUMBER,
    EVENT_KIND,
    ACK_STATUS,
    DETAIL,
    EXPECTED_AT,
    EVENT_QUANTITY,
    HAPPENED_AT,
)
"""Columns that are equal in the copies of a message without a number."""
NUMBERED_MESSAGE = (MESSAGE_NUMBER, EVENT_KIND)
"""Columns that are equal in the copies of a numbered message of an order line."""

SUPPLIER_EVENTS = Table(
    "supplier_events",
    grain="one message or change about one purchase order line",
    key=(EVENT_ID,),
    columns=(
        EVENT_ID,
        PO_LINE_ID,
        MESSAGE_NUMBER,
        EVENT_KIND,
        ACK_STATUS,
        DETAIL,
        EXPECTED_AT,
        EVENT_QUANTITY,
        HAPPENED_AT,
        KNOWN_AT,
    ),
    observed=True,
)
