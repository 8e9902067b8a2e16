"""Purchase order lines: what was ordered from whom, for where, at what price, by when."""

from enum import StrEnum

from data.contracts.items import CATEGORY, CURRENCY, ITEM_ID, SUBCATEGORY
from data.contracts.sites import SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, CodeList, Column, Kind, Table


class LineState(StrEnum):
    """State of an order line, as the buyer's system states it. Receipts are counted apart."""

    OPEN = "open"
    CLOSED_SHORT = "closed_short"
    CANCELLED = "cancelled"


class Channel(StrEnum):
    """Route by which the goods are delivered."""

    DIRECT = "direct"
    WAREHOUSE = "warehouse"


PO_LINE_ID = Column("po_line_id", Kind.TEXT, "the purchase order line", required=True)
PO_ID = Column("po_id", Kind.TEXT, "the purchase order it belongs to", required=True)
SHIPMENT_ID = Column("shipment_id", Kind.TEXT, "lines that share one transport share one outcome")
QUANTITY_ORDERED = Column(
    "quantity_ordered", Kind.NUMBER, "ordered", unit="base units", minimum=0, required=True
)
ORDER_UNIT = Column(
    "order_unit",
    Kind.TEXT,
    "unit of measure written on the order, UN/ECE Recommendation 20 where known",
    code_list=CodeList.UNIT,
)
PO_UNIT_PRICE = Column("po_unit_price", Kind.NUMBER, "agreed net price of a base unit", minimum=0)
LINE_STATE = Column(
    "line_state",
    Kind.TEXT,
    "open, closed short of its quantity, or cancelled; open where it is missing",
    allowed=list(LineState),
)
STATE_KNOWN_AT = Column(
    "state_known_at", Kind.MOMENT, "since when a state other than open is known", unit="UTC"
)
LINE_VALUE = Column("line_value", Kind.NUMBER, "net value of the line", minimum=0)
ORDER_TYPE = Column("order_type", Kind.TEXT, "kind of order, in the source's words")
LINE_TYPE = Column("line_type", Kind.TEXT, "kind of line, in the source's words")
CHANNEL = Column("channel", Kind.TEXT, "how the goods come", allowed=list(Channel))
INCOTERM = Column("incoterm", Kind.TEXT, "Incoterms rule, or the source's own term")
TRANSPORT_MODE = Column("transport_mode", Kind.TEXT, "planned mode of transport")
ORIGIN = Column("origin", Kind.TEXT, "place of manufacture or shipping point")
MANAGED_BY = Column("managed_by", Kind.TEXT, "office (never a person) that runs the order")
REQUESTED_AT = Column(
    "requested_at",
    Kind.MOMENT,
    "day the buyer wants it, at the site; midnight UTC stands for that calendar day",
    unit="UTC",
    calendar_day=True,
)
PROMISED_AT = Column(
    "promised_at",
    Kind.MOMENT,
    "day the supplier confirmed it would arrive, at the site; midnight UTC stands for that "
    "calendar day",
    unit="UTC",
    calendar_day=True,
)

PURCHASE_ORDERS = Table(
    "purchase_orders",
    grain="one line of a purchase order, as first confirmed",
    key=(PO_LINE_ID,),
    columns=(
        PO_LINE_ID,
        PO_ID,
        SHIPMENT_ID,
        SITE_ID,
        SUPPLIER_ID,
        ITEM_ID,
        CATEGORY,
        SUBCATEGORY,
        QUANTITY_ORDERED,
        ORDER_UNIT,
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
        REQUESTED_AT,
        PROMISED_AT,
        LINE_STATE,
        STATE_KNOWN_AT,
        HAPPENED_AT,
        KNOWN_AT,
    ),
)
