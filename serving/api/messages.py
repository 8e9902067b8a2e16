"""Requests: a task's case as a message, made from the shape that training uses too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, create_model, field_validator, model_validator
from pydantic_core import PydanticCustomError

from data.contracts.decisions import Action
from data.contracts.table import KNOWN_AT, Column
from features.cases import CaseShape
from serving.api.fields import Amount, Message, Moment, Text, field_of
from serving.explain import Explain

MOST_CASES = 1000
MOST_CHILDREN = 500

ASKED_AT = "asked_at"
MONEY_AT_RISK = "money_at_risk"

Path = Sequence[int | str]
"""Where a field is: ("cases", 3, "receipts", 0, "known_at")."""


class CaseMessage(Message):
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


EXPLAIN = Field(
    default=Explain.ALL,
    strict=False,
    description="which answers come with their reasons: `all`, `flagged` (those that somebody is "
    "to look at) or `none`; those of the others are made when they are asked for",
)


class Batch(Message):
    """A request: one case or up to a thousand."""

    cases: list[CaseMessage]
    explain: Explain = EXPLAIN


class DecisionMessage(Message):
    """What a person did with a recommendation. Roles, and never a name on record."""

    action: Action = Field(strict=False, description="what was done with the recommendation")
    role: Text = Field(description="role of who decided, never a name")
    resolved_as: Text | None = Field(
        default=None,
        description="what it ended as: a class of the recommendation's task; for an invoice "
        "also RECEIPT_ARRIVES, PO_AMENDED, CREDIT_NOTE, RELEASED_IN_TOLERANCE, REVERSED or "
        "DUPLICATE",
    )
    reason: Annotated[str, Field(min_length=1, max_length=2000)] | None = Field(
        default=None,
        validate_default=True,
        description="why, in the person's own words; needed where a recommendation is overridden",
    )

    person: Text | None = Field(
        default=None,
        repr=False,  # a name that is nowhere in what is printed cannot end in a log
        description="who decided, as the orchestrator names them: a user's id, not an address. "
        "Never recorded and never answered: a keyed pseudonym of it is, so that what this "
        "person decided can be found, and erased, on request",
    )
    shown_at: Moment | None = Field(
        default=None,
        description="when the person saw the answer, as the orchestrator knows it; recorded as "
        "said. The same decision with another moment is the same decision",
    )

    @field_validator("reason")
    @classmethod
    def overriding_takes_a_reason(cls, reason: str | None, others: ValidationInfo) -> str | None:
        """A recommendation may be overridden, with a reason."""
        if others.data.get("action") is Action.OVERRIDDEN and reason is None:
            raise PydanticCustomError("reason_missing", "overridden without a reason")
        return reason


@dataclass(frozen=True)
class Request:
    """A task's request: the message of a batch and the columns behind its fields."""

    shape: CaseShape
    required: frozenset[str]
    batch: type[Message]

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
        assert isinstance(batch, Batch)
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

    def shown(self, path: Path) -> Path:
        """The path as the sender wrote it."""
        return path

    def within(self, path: Path) -> tuple[Request, Path]:
        """The request whose field that is, and the path in it."""
        return self, path

    def column(self, path: Path) -> Column | None:
        """The column behind a path such as ("cases", 3, "receipts", 0, "known_at")."""
        names = [part for part in path if isinstance(part, str)][1:]
        columns = self.shape.columns if len(names) < 2 else self.shape.children.get(names[0], ())
        return next((column for column in columns if names and column == names[-1]), None)

    def needs(self, path: Path) -> bool:
        """Whether the field at that path may not be missing."""
        column, child = self.column(path), sum(isinstance(part, str) for part in path) > 2
        return column is not None and (column.required if child else column in self.required)

    def choices(self, path: Path) -> tuple[str, ...]:
        """The fields there are where an unknown one was found."""
        names = [part for part in path if isinstance(part, str)]
        if len(names) < 2:
            return tuple(self.batch.model_fields)
        if len(names) == 2:
            case = (*self.shape.columns, *self.shape.children, ASKED_AT, MONEY_AT_RISK)
            return tuple(map(str, case))
        return tuple(map(str, self.shape.children.get(names[1], ())))


def request(name: str, shape: CaseShape, required: Sequence[str], example: Any) -> Request:
    """The request of a task: a field for each column of its shape, and its children."""
    needed = frozenset(map(str, required))
    fields = {str(c): field_of(c, required=str(c) in needed) for c in shape.columns}
    fields |= {
        child: _rows(f"{name}_{child}", columns) for child, columns in shape.children.items()
    }
    case: type[CaseMessage] = create_model(f"{name}_case", __base__=CaseMessage, **fields)  # type: ignore[call-overload] # fields made from columns
    many = Annotated[list[case], Field(min_length=1, max_length=MOST_CASES)]  # type: ignore[valid-type] # a type made at run time
    batch = create_model(
        f"{name}_request",
        __base__=Batch,
        cases=(many, Field(description="the cases", examples=[[example]])),
    )
    return Request(shape, needed, batch)


def _rows(name: str, columns: tuple[Column, ...]) -> tuple[Any, Any]:
    """A list of children: `known_at` is always needed, the rest as its contract says."""
    fields = {str(c): field_of(c, required=c.required or c == KNOWN_AT) for c in columns}
    row: Any = create_model(name, __base__=Message, **fields)  # type: ignore[call-overload] # fields made from columns
    return Annotated[list[row], Field(max_length=MOST_CHILDREN)], Field(
        default_factory=list, description="what belongs to the case, in order of known_at"
    )


# The shape of a decision's message, so that its errors read like all others.
DECISION = Request(CaseShape(()), frozenset(), DecisionMessage)
