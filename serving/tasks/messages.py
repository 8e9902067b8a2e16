"""Request messages of tasks, generated from the case shape that training uses too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Annotated, Any, assert_never, cast

from pydantic import Field, create_model

from data.contracts.supplier_events import MESSAGE_NUMBER, NUMBERED_MESSAGE
from data.contracts.table import KNOWN_AT, Column
from features.builders.order_documents import EVENT_ORDER, EVENTS
from features.cases import CaseShape
from serving.tasks.message_fields import Amount, Moment, StrictMessage, field_for_column


class Explain(StrEnum):
    """Which answers of a request come with their reasons."""

    ALL = "all"
    FLAGGED = "flagged"
    NONE = "none"

    def wants(self, *, needs_review: bool) -> bool:
        """Whether an answer is to come with its reasons.

        needs_review: whether a person is to look at the case.
        """
        match self:
            case Explain.ALL:
                return True
            case Explain.FLAGGED:
                return needs_review
            case Explain.NONE:
                return False
            case _:
                assert_never(self)


MAX_CASES = 1000
MAX_CHILDREN = 500

ASKED_AT = "asked_at"
MONEY_AT_RISK = "money_at_risk"

CASES_DESCRIPTION = (
    "the cases; one that is open in the lake may state its id alone (the fields of `case` in an "
    "answer), and the lake completes it"
)

FieldPath = Sequence[int | str]
"""Location of a field in a body: ("cases", 3, "receipts", 0, "known_at")."""


class CaseMessage(StrictMessage):
    """Fields that cases of all tasks have."""

    asked_at: Moment | None = Field(
        default=None, description="moment the question is about; the service's own by default"
    )
    money_at_risk: Amount | None = Field(
        default=None, description="money at risk, in the case's currency; computed by default"
    )


EXPLAIN_FIELD = Field(
    default=Explain.ALL,
    strict=False,
    description="which answers come with their reasons: `all`, `flagged` (those that somebody is "
    "to look at) or `none`; those of the others are made when they are asked for",
)


class TaskRequestBody(StrictMessage):
    """Body of a request: 1 to 1000 cases of one task."""

    cases: list[CaseMessage]
    explain: Explain = EXPLAIN_FIELD


@dataclass(frozen=True)
class TaskRequest:
    """Message of a task, and the columns behind its fields.

    required: columns that a case must state. body_model: pydantic model of the body.
    """

    shape: CaseShape
    required: frozenset[str]
    body_model: type[StrictMessage]

    @property
    def case_model(self) -> type[CaseMessage]:
        """Pydantic model of one case."""
        (case,) = cast("Any", self.body_model.model_fields["cases"].annotation).__args__
        return cast("type[CaseMessage]", case)

    def child_model(self, name: str) -> type[StrictMessage]:
        """Pydantic model of one row of a list of children."""
        (row,) = cast("Any", self.case_model.model_fields[name].annotation).__args__
        return cast("type[StrictMessage]", row)

    @property
    def example(self) -> Any:
        """Example case of the contract, as JSON values."""
        examples: Any = self.body_model.model_fields["cases"].examples
        return examples[0][0]

    def read(self, body: bytes) -> list[CaseMessage]:
        """Read the cases in a JSON body.

        Raises:
            pydantic.ValidationError: one error for each field that is missing or wrong.
        """
        return self.read_with_explain(body)[0]

    def read_with_explain(self, body: bytes) -> tuple[list[CaseMessage], Explain]:
        """Read the cases in a JSON body, and which answers are to come with reasons.

        Raises:
            pydantic.ValidationError: as `read`.
        """
        message = self.body_model.model_validate_json(body)
        assert isinstance(message, TaskRequestBody)
        return message.cases, message.explain

    def to_record(self, case: CaseMessage) -> Mapping[str, Any]:
        """Convert a case to plain values.

        Children are in the order they became known in, events in the order they were said in and
        each of them once: a message that was sent again is one message, known since the first.
        """
        record = case.model_dump()
        for child in self.shape.children:
            record[child].sort(key=lambda row: row[KNOWN_AT])
        if EVENTS in self.shape.children:
            record[EVENTS] = _distinct_messages(record[EVENTS])
        return record

    def sender_path(self, path: FieldPath) -> FieldPath:
        """Return the path as the sender wrote it."""
        return path

    def locate(self, path: FieldPath) -> tuple[TaskRequest, FieldPath]:
        """Return the request that a field belongs to, and its path there."""
        return self, path

    def column(self, path: FieldPath) -> Column | None:
        """Return the column behind a path; None where there is none."""
        names = [part for part in path if isinstance(part, str)][1:]
        columns = self.shape.columns if len(names) < 2 else self.shape.children.get(names[0], ())
        return next((column for column in columns if names and column == names[-1]), None)

    def is_required(self, path: FieldPath) -> bool:
        """Whether the field at a path must be stated."""
        column, child = self.column(path), sum(isinstance(part, str) for part in path) > 2
        return column is not None and (column.required if child else column in self.required)

    def known_fields(self, path: FieldPath) -> tuple[str, ...]:
        """List the fields of the object in which an unknown field was found."""
        names = [part for part in path if isinstance(part, str)]
        if len(names) < 2:
            return tuple(self.body_model.model_fields)
        if len(names) == 2:
            fields = (*self.shape.columns, *self.shape.children, ASKED_AT, MONEY_AT_RISK)
            return tuple(map(str, fields))
        return tuple(map(str, self.shape.children.get(names[1], ())))


def _distinct_messages(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Keep the first of the copies of each message; return the messages as they were said."""
    distinct: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for event in events:
        distinct.setdefault(_message_identity(event), event)
    return sorted(distinct.values(), key=itemgetter(*EVENT_ORDER))


def _message_identity(event: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what two copies of a message have in common."""
    if event[MESSAGE_NUMBER] is not None:
        return tuple(event[name] for name in NUMBERED_MESSAGE)
    return tuple(value for name, value in event.items() if name != KNOWN_AT)


def build_task_request(
    name: str, shape: CaseShape, required: Sequence[str], example: Any
) -> TaskRequest:
    """Build the request of a task, with a field for each column and list of children.

    Args:
        name: of the task; prefix of the message names in the contract.
        shape: columns of a case and of its children.
        required: columns that a case must state.
        example: a case for the documentation of the contract.
    """
    stated = frozenset(map(str, required))
    fields = {str(c): field_for_column(c, required=str(c) in stated) for c in shape.columns}
    fields |= {
        child: _child_rows(f"{name}_{child}", columns) for child, columns in shape.children.items()
    }
    case: type[CaseMessage] = create_model(f"{name}_case", __base__=CaseMessage, **fields)  # type: ignore[call-overload] # fields made from columns
    cases = Annotated[list[case], Field(min_length=1, max_length=MAX_CASES)]  # type: ignore[valid-type] # a type made at run time
    body_model = create_model(
        f"{name}_request",
        __base__=TaskRequestBody,
        cases=(cases, Field(description=CASES_DESCRIPTION, examples=[[example]])),
    )
    return TaskRequest(shape, stated, body_model)


def _child_rows(name: str, columns: tuple[Column, ...]) -> tuple[Any, Any]:
    """Build the field of a list of children; `known_at` is required in addition to the contract."""
    fields = {str(c): field_for_column(c, required=c.required or c == KNOWN_AT) for c in columns}
    row: Any = create_model(name, __base__=StrictMessage, **fields)  # type: ignore[call-overload] # fields made from columns
    return Annotated[list[row], Field(max_length=MAX_CHILDREN)], Field(
        default_factory=list, description="what belongs to the case, in order of known_at"
    )
