"""Request messages of tasks, generated from the case shape that training uses too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Self, assert_never

from pydantic import Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from data.contracts.table import KNOWN_AT, Column
from features.cases import CaseShape
from serving.tasks.message_fields import Amount, Moment, StrictMessage, field_for_column


class Explain(StrEnum):
    """Of which cases a request wants the reasons with the answer."""

    ALL = "all"
    FLAGGED = "flagged"
    NONE = "none"

    def wants(self, *, looked_at: bool) -> bool:
        """Whether reasons are wanted. looked_at: whether somebody is to look at the case."""
        match self:
            case Explain.ALL:
                return True
            case Explain.FLAGGED:
                return looked_at
            case Explain.NONE:
                return False
            case _:
                assert_never(self)


MAX_CASES = 1000
MAX_CHILDREN = 500

ASKED_AT = "asked_at"
MONEY_AT_RISK = "money_at_risk"

FieldPath = Sequence[int | str]
"""Where a field is: ("cases", 3, "receipts", 0, "known_at")."""


class CaseMessage(StrictMessage):
    """What every case may say besides its own fields."""

    asked_at: Moment | None = Field(
        default=None, description="moment the question is about; the service's own by default"
    )
    money_at_risk: Amount | None = Field(
        default=None, description="money at risk, in the case's currency; computed by default"
    )

    @model_validator(mode="after")
    def only_what_was_known(self) -> Self:
        """A case holds nothing that became known after it was asked."""
        if self.asked_at is None:
            return self
        for name, value in self:
            for row in value if isinstance(value, list) else ():
                if row.known_at > self.asked_at:
                    raise PydanticCustomError(
                        "from_the_future",
                        "{name} known at {known}",
                        {"name": name, "known": row.known_at.isoformat()},
                    )
        return self


EXPLAIN_FIELD = Field(
    default=Explain.ALL,
    strict=False,
    description="which answers come with their reasons: `all`, `flagged` (those that somebody is "
    "to look at) or `none`; those of the others are made when they are asked for",
)


class TaskRequestBody(StrictMessage):
    """A request: one case or up to a thousand."""

    cases: list[CaseMessage]
    explain: Explain = EXPLAIN_FIELD


@dataclass(frozen=True)
class TaskRequest:
    """A task's request: the message of a batch and the columns behind its fields."""

    shape: CaseShape
    required: frozenset[str]
    batch: type[StrictMessage]

    def read(self, body: bytes) -> list[CaseMessage]:
        """The cases in a JSON body.

        Raises:
            pydantic.ValidationError: one error for each field that is not as it should be.
        """
        return self.asked(body)[0]

    def asked(self, body: bytes) -> tuple[list[CaseMessage], Explain]:
        """The cases in a JSON body, and which answers are to be explained.

        Raises:
            as `read`.
        """
        batch = self.batch.model_validate_json(body)
        assert isinstance(batch, TaskRequestBody)
        return batch.cases, batch.explain

    def plain(self, case: CaseMessage) -> Mapping[str, Any]:
        """A case as plain values; its children in the order in which they became known."""
        record = case.model_dump()
        for child in self.shape.children:
            record[child].sort(key=lambda row: row[KNOWN_AT])
        return record

    def again(self, recorded: Any) -> Mapping[str, Any]:
        """The plain values of a case that was read before, as it was recorded."""
        (case,) = self.read(json.dumps({"cases": [recorded]}).encode())
        return self.plain(case)

    def shown(self, path: FieldPath) -> FieldPath:
        """The path as the sender wrote it."""
        return path

    def within(self, path: FieldPath) -> tuple[TaskRequest, FieldPath]:
        """The request whose field that is, and the path in it."""
        return self, path

    def column(self, path: FieldPath) -> Column | None:
        """The column behind a path such as ("cases", 3, "receipts", 0, "known_at")."""
        names = [part for part in path if isinstance(part, str)][1:]
        columns = self.shape.columns if len(names) < 2 else self.shape.children.get(names[0], ())
        return next((column for column in columns if names and column == names[-1]), None)

    def needs(self, path: FieldPath) -> bool:
        """Whether the field at that path may not be missing."""
        column, child = self.column(path), sum(isinstance(part, str) for part in path) > 2
        return column is not None and (column.required if child else column in self.required)

    def choices(self, path: FieldPath) -> tuple[str, ...]:
        """The fields there are where an unknown one was found."""
        names = [part for part in path if isinstance(part, str)]
        if len(names) < 2:
            return tuple(self.batch.model_fields)
        if len(names) == 2:
            case = (*self.shape.columns, *self.shape.children, ASKED_AT, MONEY_AT_RISK)
            return tuple(map(str, case))
        return tuple(map(str, self.shape.children.get(names[1], ())))


def build_task_request(
    name: str, shape: CaseShape, required: Sequence[str], example: Any
) -> TaskRequest:
    """The request of a task: a field for each column of its shape, and its children."""
    needed = frozenset(map(str, required))
    fields = {str(c): field_for_column(c, required=str(c) in needed) for c in shape.columns}
    fields |= {
        child: _child_rows(f"{name}_{child}", columns) for child, columns in shape.children.items()
    }
    case: type[CaseMessage] = create_model(f"{name}_case", __base__=CaseMessage, **fields)  # type: ignore[call-overload] # fields made from columns
    many = Annotated[list[case], Field(min_length=1, max_length=MAX_CASES)]  # type: ignore[valid-type] # a type made at run time
    batch = create_model(
        f"{name}_request",
        __base__=TaskRequestBody,
        cases=(many, Field(description="the cases", examples=[[example]])),
    )
    return TaskRequest(shape, needed, batch)


def _child_rows(name: str, columns: tuple[Column, ...]) -> tuple[Any, Any]:
    """A list of children: `known_at` is always needed, the rest as its contract says."""
    fields = {str(c): field_for_column(c, required=c.required or c == KNOWN_AT) for c in columns}
    row: Any = create_model(name, __base__=StrictMessage, **fields)  # type: ignore[call-overload] # fields made from columns
    return Annotated[list[row], Field(max_length=MAX_CHILDREN)], Field(
        default_factory=list, description="what belongs to the case, in order of known_at"
    )
