"""Reading events: CloudEvents 1.0 whose data keeps the contract of its table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column
from data.lazily import pd
from data.validation import check
from serving.api.fields import TAKES_MOMENT, TAKES_TEXT, Message, Moment, Text, takes
from serving.events.contracts import CONTRACTS, Contract, ReceivedType

MOST = 500
"""Events in one request."""
MOST_CHARACTERS = 120
Wrong = dict[str, Any]
"""field, got, takes: as a problem lists them."""
ATTRIBUTES: Mapping[str, str] = {
    "specversion": "1.0",
    "id": TAKES_TEXT,
    "source": TAKES_TEXT,
    "type": "one of " + ", ".join(ReceivedType),
    "subject": f"{TAKES_TEXT}, or null",
    "time": f"{TAKES_MOMENT}, or null",
    "data": "a JSON object",
}


class Envelope(Message):
    """The attributes of an event that are read; others are taken and left."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: Text
    source: Text
    type: ReceivedType = Field(strict=False)
    subject: Text | None = None
    time: Moment | None = None
    data: dict[str, Any]


@dataclass(frozen=True)
class Received:
    """An event that can be recorded. row: plain values of its table, without `known_at`."""

    source: str
    id: str
    type: ReceivedType
    row: Mapping[str, Any]

    @property
    def contract(self) -> Contract:
        """What it keeps to."""
        return CONTRACTS[self.type]


class UnreadableError(ValueError):
    """Events that cannot be taken; errors say which fields."""

    def __init__(self, errors: Sequence[Wrong]) -> None:
        super().__init__(f"{len(errors)} fields of events cannot be read")
        self.errors = list(errors)


def read(events: Sequence[Any], now: datetime, *, batch: bool) -> list[Received]:
    """Every event, or none. batch: whether places of errors say which event.

    Raises:
        UnreadableError: what is wrong with them, all of it.
    """
    wrong, found = list[Wrong](), list[Received]()
    for number, event in enumerate(events):
        place = f"[{number}]." if batch else ""
        try:
            found.append(_read(event, place))
        except UnreadableError as error:
            wrong += error.errors
    wrong = wrong or list(_against_contracts(found, now, batch=batch))
    if wrong:
        raise UnreadableError(wrong)
    return found


def _read(event: Any, place: str) -> Received:
    try:
        envelope = Envelope.model_validate_json(json.dumps(event))
    except ValidationError as error:
        raise UnreadableError([_attribute(e, place) for e in error.errors()]) from error
    contract = CONTRACTS[envelope.type]
    try:
        told = contract.message.model_validate_json(json.dumps(envelope.data))
    except ValidationError as error:
        raise UnreadableError([_datum(e, place, contract) for e in error.errors()]) from error
    row = {**contract.fixed, **told.model_dump()}
    row[HAPPENED_AT] = row[HAPPENED_AT] or envelope.time
    if row[HAPPENED_AT] is None:
        missing = {"got": "nothing", "takes": f"{TAKES_MOMENT}; or give the event's own time"}
        raise UnreadableError([{"field": f"{place}data.{HAPPENED_AT}", **missing}])
    return Received(envelope.source, envelope.id, envelope.type, row)


def _against_contracts(found: Sequence[Received], now: datetime, *, batch: bool) -> Iterator[Wrong]:
    """What a single field cannot say: the checks that ingest makes of the same tables."""
    for type_, contract in CONTRACTS.items():
        places = [i for i, event in enumerate(found) if event.type is type_]
        if not places:
            continue
        rows = [{**found[i].row, KNOWN_AT: now} for i in places]
        _, broken = check(contract.table, pd.DataFrame(rows))
        for row, column, problem in zip(
            broken["row"], broken["column"], broken["problem"], strict=True
        ):
            at = places[row]
            place = f"[{at}]." if batch else ""
            yield _finding(found[at], str(column), str(problem), place, now)


def _finding(event: Received, column: str, problem: str, place: str, now: datetime) -> Wrong:
    if column == KNOWN_AT:  # which is now: what it is held against is what the sender said
        got, column = event.row[HAPPENED_AT].isoformat(), str(HAPPENED_AT)
        told = f"what happened at or before the service's clock, {now.isoformat()}"
    else:
        got, told = _written(event.row.get(column)), f"what {problem}".replace("what is not ", "")
    return {"field": f"{place}data.{column}", "got": got, "takes": told}


def _attribute(error: ErrorDetails, place: str) -> Wrong:
    name = str(error["loc"][0]) if error["loc"] else ""
    told = ATTRIBUTES.get(name, "a JSON object")
    return {"field": f"{place}{name}".rstrip(".") or "(body)", "got": _got(error), "takes": told}


def _datum(error: ErrorDetails, place: str, contract: Contract) -> Wrong:
    name = str(error["loc"][0]) if error["loc"] else ""
    column = next((c for c in contract.columns if c == name), None)
    told = _of(column) if column else f"no such field; there are {', '.join(contract.columns)}"
    shown = name if column else name[:MOST_CHARACTERS]
    return {"field": f"{place}data.{shown}", "got": _got(error), "takes": told}


def _of(column: Column) -> str:
    needed = column.required and column != HAPPENED_AT
    return takes(column) + ("" if needed else ", or null")


def _got(error: ErrorDetails) -> str:
    return "nothing" if error["type"] == "missing" else _written(error["input"])


def _written(value: Any) -> str:
    text = json.dumps(value, default=str)
    return f"{text[:MOST_CHARACTERS]}..." if len(text) > MOST_CHARACTERS else text
