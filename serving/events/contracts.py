"""What others may tell: types of events, and the canonical table that each is a row of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import create_model

from data.contracts.receipts import RECEIPTS
from data.contracts.stock_movements import STOCK_MOVEMENTS
from data.contracts.supplier_events import EVENT_KIND, SUPPLIER_EVENTS, EventKind
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Table
from serving.api.fields import Message, field_of


class ReceivedType(StrEnum):
    """What a sender may tell."""

    ASN = "supplier.asn"
    DELAY_NOTICE = "supplier.delay_notice"
    RECEIPT = "goods.receipt"
    STOCK_MOVEMENT = "stock.movement"


@dataclass(frozen=True)
class Contract:
    """An event is a row of that table. fixed: columns that the type says.

    `known_at` is no field: this system can know an event since it came, and not before.
    `happened_at` is the event's own `time`, where the data does not say it.
    """

    table: Table
    fixed: Mapping[str, str]
    message: type[Message]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that the data may fill."""
        return tuple(c for c in self.table.columns if c not in self.fixed and c != KNOWN_AT)


def _contract(
    type_: ReceivedType, table: Table, fixed: Mapping[str, str] | None = None
) -> Contract:
    columns = [c for c in table.columns if c not in (fixed or {}) and c != KNOWN_AT]
    fields: dict[str, Any] = {
        str(c): field_of(c, required=c.required and c != HAPPENED_AT) for c in columns
    }
    name = f"{type_.replace('.', '_')}_data"
    return Contract(table, fixed or {}, create_model(name, __base__=Message, **fields))


CONTRACTS: Mapping[ReceivedType, Contract] = {
    ReceivedType.ASN: _contract(
        ReceivedType.ASN, SUPPLIER_EVENTS, {str(EVENT_KIND): str(EventKind.ASN)}
    ),
    ReceivedType.DELAY_NOTICE: _contract(
        ReceivedType.DELAY_NOTICE, SUPPLIER_EVENTS, {str(EVENT_KIND): str(EventKind.DELAY_NOTICE)}
    ),
    ReceivedType.RECEIPT: _contract(ReceivedType.RECEIPT, RECEIPTS),
    ReceivedType.STOCK_MOVEMENT: _contract(ReceivedType.STOCK_MOVEMENT, STOCK_MOVEMENTS),
}
