"""Request schema of `/v1/triage`: cases of any tasks, each with the name of its task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, Field, create_model

from models.task import TaskName
from serving.tasks.message_fields import StrictMessage
from serving.tasks.messages import (
    EXPLAIN_FIELD,
    MAX_CASES,
    CaseMessage,
    Explain,
    FieldPath,
    TaskRequest,
)

TASK, CASE = "task", "case"
TASK_TAG_ERRORS = {"union_tag_not_found", "union_tag_invalid"}


@dataclass(frozen=True)
class TriageRequest:
    """The request, and the requests of the tasks it is made of."""

    of_task: Mapping[TaskName, TaskRequest]
    batch: type[StrictMessage]

    def read(self, body: bytes) -> list[tuple[TaskName, CaseMessage]]:
        """The cases in a JSON body, each with its task.

        Raises:
            pydantic.ValidationError: one error for each field that is not as it should be.
        """
        return self.read_with_explain(body)[0]

    def read_with_explain(self, body: bytes) -> tuple[list[tuple[TaskName, CaseMessage]], Explain]:
        """The cases in a JSON body, and which answers are to be explained.

        Raises:
            as `read`.
        """
        batch: Any = self.batch.model_validate_json(body)
        return [(TaskName(one.task), one.case) for one in batch.cases], batch.explain

    def sender_path(self, path: FieldPath) -> FieldPath:
        """Return the path as the sender wrote it: ("cases", 3, NAME, "case") without the name."""
        return (*path[:2], *path[3:])

    def locate(self, path: FieldPath) -> tuple[TaskRequest, FieldPath] | None:
        """The task's own request and the path in it; None outside of a case."""
        if len(path) < 4 or path[3] != CASE:
            return None
        return self.of_task[TaskName(str(path[2]))], (*path[:2], *path[4:])

    def known_fields(self, path: FieldPath) -> tuple[str, ...]:
        """The fields there are where an unknown one was found outside of a case."""
        return (TASK, CASE) if len(path) > 2 else tuple(self.batch.model_fields)


def build_triage_request(requests: Mapping[TaskName, TaskRequest]) -> TriageRequest:
    """The request of cases of any of those tasks."""
    kinds = [_tagged_case(name, request) for name, request in requests.items()]
    either: Any = reduce(or_, kinds)
    one = Annotated[either, Field(discriminator=TASK)]
    many = Annotated[list[one], Field(min_length=1, max_length=MAX_CASES)]
    shown = [{TASK: str(name), CASE: _example(request)} for name, request in requests.items()]
    batch = create_model(
        "triage_request",
        __base__=StrictMessage,
        cases=(many, Field(description="the cases", examples=[shown])),
        explain=(Explain, EXPLAIN_FIELD),
    )
    return TriageRequest(requests, batch)


def _tagged_case(name: TaskName, request: TaskRequest) -> type[BaseModel]:
    """A case with the name of its task."""
    fields: dict[str, Any] = {
        TASK: (Literal[str(name)], Field(description="task of the case")),
        CASE: (case_type(request), Field(description="the case, as the task's own address takes")),
    }
    return create_model(f"triage_{name}", __base__=StrictMessage, **fields)


def _example(request: TaskRequest) -> Any:
    """The example in the request of the task."""
    shown: Any = request.batch.model_fields["cases"].examples
    return shown[0][0]


def case_type(request: TaskRequest) -> type[CaseMessage]:
    """The message of one case."""
    (made,) = cast("Any", request.batch.model_fields["cases"].annotation).__args__
    return cast("type[CaseMessage]", made)
