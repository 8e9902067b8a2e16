"""Stock movements: every change of stock on hand, signed."""

from enum import StrEnum

from data.contracts.items import ITEM_ID
from data.contracts.sites import SITE_ID
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table


class MovementKind(StrEnum):
    """Reason for a change of stock."""

    ISSUE = "issue"
    RECEIPT = "receipt"
    ADJUSTMENT = "adjustment"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    SCRAP = "scrap"


MOVEMENT_ID = Column("movement_id", Kind.TEXT, "the movement", required=True)
MOVEMENT_KIND = Column(
    "movement_kind",
    Kind.TEXT,
    "why stock changed",
    allowed=list(MovementKind),
    required=True,
)
QUANTITY_MOVED = Column(
    "quantity_moved",
    Kind.NUMBER,
    "change of stock on hand: issues are negative",
    unit="base units",
    required=True,
)

ADJUSTMENT_REASON = Column(
    "adjustment_reason", Kind.TEXT, "why stock was adjusted, in the source's own words"
)
POSTED_BY_ROLE = Column(
    "posted_by_role", Kind.TEXT, "role that posted the movement; never a person"
)

STOCK_MOVEMENTS = Table(
    "stock_movements",
    grain="one change of stock on hand of one item at one site (may sum a period)",
    key=(MOVEMENT_ID,),
    columns=(
        MOVEMENT_ID,
        SITE_ID,
        ITEM_ID,
        MOVEMENT_KIND,
        QUANTITY_MOVED,
        ADJUSTMENT_REASON,
        POSTED_BY_ROLE,
        HAPPENED_AT,
        KNOWN_AT,
    ),
    observed=True,
)
