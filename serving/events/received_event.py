"""Parse and validate incoming CloudEvents against the contract of their table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError, create_model
from pydantic_core import ErrorDetails

from data.contracts.receipts import RECEIPTS
from data.contracts.stock_movements import STOCK_MOVEMENTS
from data.contracts.supplier_events import EVENT_KIND, SUPPLIER_EVENTS, EventKind
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Table
from data.lazy_imports import pd
from data.validation import check_contract
from serving.tasks.message_fields import (
    ACCEPTED_MOMENT,
    ACCEPTED_TEXT,
    Moment,
    StrictMessage,
    Text,
    accepted_values,
    field_for_column,
)


class ReceivedEventType(StrEnum):
    """Type of an event that a sender may report."""

    ASN = "supplier.asn"
    DELAY_NOTICE = "supplier.delay_notice"
    RECEIPT = "goods.receipt"
    STOCK_MOVEMENT = "stock.movement"


@dataclass(frozen=True)
class EventContract:
    """Contract of an event type: its data is a row of a canonical table.

    `known_at` is not a field: this system knows an event since it received it. Without
    `happened_at` in the data, the event's own `time` is used.

    Attributes:
        table: that the event becomes a row of.
        fixed: values of columns that the event type determines.
        message: model that the data is validated with.
    """

    table: Table
    fixed: Mapping[str, str]
    message: type[StrictMessage]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns that the data may fill."""
        return tuple(c for c in self.table.columns if c not in self.fixed and c != KNOWN_AT)


def _contract(
    type_: ReceivedEventType, table: Table, fixed: Mapping[str, str] | None = None
) -> EventContract:
    columns = [c for c in table.columns if c not in (fixed or {}) and c != KNOWN_AT]
    fields: dict[str, Any] = {
        str(c): field_for_column(c, required=c.required and c != HAPPENED_AT) for c in columns
    }
    name = f"{type_.replace('.', '_')}_data"
    return EventContract(table, fixed or {}, create_model(name, __base__=StrictMessage, **fields))


EVENT_CONTRACTS: Mapping[ReceivedEventType, EventContract] = {
    ReceivedEventType.ASN: _contract(
        ReceivedEventType.ASN, SUPPLIER_EVENTS, {str(EVENT_KIND): str(EventKind.ASN)}
    ),
    ReceivedEventType.DELAY_NOTICE: _contract(
        ReceivedEventType.DELAY_NOTICE,
        SUPPLIER_EVENTS,
        {str(EVENT_KIND): str(EventKind.DELAY_NOTICE)},
    ),
    ReceivedEventType.RECEIPT: _contract(ReceivedEventType.RECEIPT, RECEIPTS),
    ReceivedEventType.STOCK_MOVEMENT: _contract(ReceivedEventType.STOCK_MOVEMENT, STOCK_MOVEMENTS),
}

NOT_AHEAD = timedelta()
MAX_EVENTS = 500
"""Events in one request."""
MAX_SHOWN_CHARACTERS = 120
FieldProblem = dict[str, Any]
"""One error of a problem document: `field`, `got`, `takes`."""
EVENT_ATTRIBUTES: Mapping[str, str] = {
    "specversion": "1.0",
    "id": ACCEPTED_TEXT,
    "source": ACCEPTED_TEXT,
    "type": "one of " + ", ".join(ReceivedEventType),
    "subject": f"{ACCEPTED_TEXT}, or null",
    "time": f"{ACCEPTED_MOMENT}, or null",
    "data": "a JSON object",
}


class EventEnvelope(StrictMessage):
    """Attributes of an event that are read; others are accepted and ignored."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: Text
    source: Text
    type: ReceivedEventType = Field(strict=False)
    subject: Text | None = None
    time: Moment | None = None
    data: dict[str, Any]


@dataclass(frozen=True)
class ReceivedEvent:
    """A valid event. row: plain values of its table, without `known_at`."""

    source: str
    id: str
    type: ReceivedEventType
    row: Mapping[str, Any]

    @property
    def contract(self) -> EventContract:
        """Contract of its type."""
        return EVENT_CONTRACTS[self.type]


class InvalidEventError(ValueError):
    """Events cannot be accepted. errors: the fields concerned."""

    def __init__(self, errors: Sequence[FieldProblem]) -> None:
        super().__init__(f"{len(errors)} fields of events cannot be read")
        self.errors = list(errors)


@dataclass(frozen=True)
class EventBatch:
    """Events of one request, by their place in it.

    Attributes:
        accepted: valid events.
        refused: fields that are wrong, of the others.
    """

    accepted: dict[int, ReceivedEvent]
    refused: dict[int, list[FieldProblem]]

    def refuse(self, place: int, errors: Sequence[FieldProblem]) -> None:
        """Move an event to those that are refused."""
        self.accepted.pop(place, None)
        self.refused.setdefault(place, []).extend(errors)


def parse_events(
    events: Sequence[Any], now: datetime, *, batch: bool, ahead: timedelta = NOT_AHEAD
) -> EventBatch:
    """Parse the events; one that is wrong leaves the others as they are.

    Args:
        events: as JSON gave them.
        now: UTC; no event may have happened later, but for `ahead`.
        batch: whether the fields of errors start with the index of the event.
        ahead: how far the clock of a sender may be ahead.
    """
    parsed = EventBatch({}, {})
    for number, event in enumerate(events):
        try:
            parsed.accepted[number] = _parse_event(event, f"[{number}]." if batch else "")
        except InvalidEventError as error:
            parsed.refuse(number, error.errors)
    for number, problem in list(_contract_problems(parsed.accepted, now, ahead, batch=batch)):
        parsed.refuse(number, [problem])
    return parsed


def _parse_event(event: Any, place: str) -> ReceivedEvent:
    try:
        envelope = EventEnvelope.model_validate_json(json.dumps(event))
    except ValidationError as error:
        raise InvalidEventError([_attribute_problem(e, place) for e in error.errors()]) from error
    contract = EVENT_CONTRACTS[envelope.type]
    try:
        data = contract.message.model_validate_json(json.dumps(envelope.data))
    except ValidationError as error:
        raise InvalidEventError(
            [_data_problem(e, place, contract) for e in error.errors()]
        ) from error
    row = {**contract.fixed, **data.model_dump()}
    row[HAPPENED_AT] = row[HAPPENED_AT] or envelope.time
    if row[HAPPENED_AT] is None:
        missing = {"got": "nothing", "takes": f"{ACCEPTED_MOMENT}; or give the event's own time"}
        raise InvalidEventError([{"field": f"{place}data.{HAPPENED_AT}", **missing}])
    return ReceivedEvent(envelope.source, envelope.id, envelope.type, row)


def _contract_problems(
    events: Mapping[int, ReceivedEvent], now: datetime, ahead: timedelta, *, batch: bool
) -> Iterator[tuple[int, FieldProblem]]:
    """Yield place and errors of the checks over whole rows that ingest makes of the same tables."""
    for type_, contract in EVENT_CONTRACTS.items():
        places = [place for place, event in events.items() if event.type is type_]
        if not places:
            continue
        rows = [
            {
                **row,
                KNOWN_AT: max(now, row[HAPPENED_AT]) if row[HAPPENED_AT] <= now + ahead else now,
            }
            for row in (events[place].row for place in places)
        ]
        _, broken = check_contract(contract.table, pd.DataFrame(rows))
        for row, column, problem in zip(
            broken["row"], broken["column"], broken["problem"], strict=True
        ):
            at = places[row]
            place = f"[{at}]." if batch else ""
            yield at, _contract_problem(events[at], str(column), str(problem), place, now)


def _contract_problem(
    event: ReceivedEvent, column: str, problem: str, place: str, now: datetime
) -> FieldProblem:
    if column == KNOWN_AT:  # known_at is now, so the sender's happened_at is the one that is wrong
        got, column = event.row[HAPPENED_AT].isoformat(), str(HAPPENED_AT)
        takes = f"what happened at or before the service's clock, {now.isoformat()}"
    else:
        got = _shorten_json(event.row.get(column))
        takes = f"what {problem}".replace("what is not ", "")
    return {"field": f"{place}data.{column}", "got": got, "takes": takes}


def _attribute_problem(error: ErrorDetails, place: str) -> FieldProblem:
    name = str(error["loc"][0]) if error["loc"] else ""
    takes = EVENT_ATTRIBUTES.get(name, "a JSON object")
    return {
        "field": f"{place}{name}".rstrip(".") or "(body)",
        "got": _received_value(error),
        "takes": takes,
    }


def _data_problem(error: ErrorDetails, place: str, contract: EventContract) -> FieldProblem:
    name = str(error["loc"][0]) if error["loc"] else ""
    column = next((c for c in contract.columns if c == name), None)
    takes = (
        _describe_column(column)
        if column
        else f"no such field; there are {', '.join(contract.columns)}"
    )
    shown = name if column else name[:MAX_SHOWN_CHARACTERS]
    return {"field": f"{place}data.{shown}", "got": _received_value(error), "takes": takes}


def _describe_column(column: Column) -> str:
    needed = column.required and column != HAPPENED_AT
    return accepted_values(column) + ("" if needed else ", or null")


def _received_value(error: ErrorDetails) -> str:
    return "nothing" if error["type"] == "missing" else _shorten_json(error["input"])


def _shorten_json(value: Any) -> str:
    text = json.dumps(value, default=str)
    return f"{text[:MAX_SHOWN_CHARACTERS]}..." if len(text) > MAX_SHOWN_CHARACTERS else text
