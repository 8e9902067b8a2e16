"""Customers' order lines: demand, and how much of it was served from stock."""

from data.contracts.items import CURRENCY, ITEM_ID
from data.contracts.sites import SITE_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table

ORDER_LINE_ID = Column("order_line_id", Kind.TEXT, "the order line", required=True)
ORDER_ID = Column("order_id", Kind.TEXT, "the order it belongs to")
QUANTITY_DEMANDED = Column(
    "quantity_demanded",
    Kind.NUMBER,
    "asked for by the customer",
    unit="base units",
    minimum=0,
    required=True,
)
QUANTITY_SHORT = Column(
    "quantity_short",
    Kind.NUMBER,
    "part of the demand that stock could not serve when it was due",
    unit="base units",
    minimum=0,
    required=True,
)
SALES_PRICE = Column("sales_price", Kind.NUMBER, "net price of one base unit", minimum=0)

ORDER_LINES = Table(
    "order_lines",
    grain="one line of a customer's order, when it was due to be served",
    key=(ORDER_LINE_ID,),
    columns=(
        ORDER_LINE_ID,
        ORDER_ID,
        SITE_ID,
        ITEM_ID,
        QUANTITY_DEMANDED,
        QUANTITY_SHORT,
        SALES_PRICE,
        CURRENCY,
        HAPPENED_AT,
        KNOWN_AT,
    ),
    observed=True,
)
