"""Request schema of `/v1/triage`: cases of any tasks, each with the name of its task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

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
    """Message of `/v1/triage`, and the requests of the tasks whose cases it holds."""

    of_task: Mapping[TaskName, TaskRequest]
    body_model: type[StrictMessage]

    def read(self, body: bytes) -> list[tuple[TaskName, CaseMessage]]:
        """Read the cases in a JSON body, each with its task.

        Raises:
            pydantic.ValidationError: one error for each field that is missing or wrong.
        """
        return self.read_with_explain(body)[0]

    def read_with_explain(self, body: bytes) -> tuple[list[tuple[TaskName, CaseMessage]], Explain]:
        """Read the cases in a JSON body, and which answers are to come with reasons.

        Raises:
            pydantic.ValidationError: as `read`.
        """
        message: Any = self.body_model.model_validate_json(body)
        return [(TaskName(one.task), one.case) for one in message.cases], message.explain

    def sender_path(self, path: FieldPath) -> FieldPath:
        """Return the path as the sender wrote it: ("cases", 3, NAME, "case") without the name."""
        return (*path[:2], *path[3:])

    def locate(self, path: FieldPath) -> tuple[TaskRequest, FieldPath] | None:
        """Return the request of the task and the path in it; None outside of a case."""
        if len(path) < 4 or path[3] != CASE:
            return None
        return self.of_task[TaskName(str(path[2]))], (*path[:2], *path[4:])

    def known_fields(self, path: FieldPath) -> tuple[str, ...]:
        """List the fields of the object in which an unknown field was found, outside of a case."""
        return (TASK, CASE) if len(path) > 2 else tuple(self.body_model.model_fields)


def build_triage_request(requests: Mapping[TaskName, TaskRequest]) -> TriageRequest:
    """Build the request that takes cases of any of the tasks."""
    tagged: Any = reduce(or_, [_tagged_case(name, request) for name, request in requests.items()])
    case = Annotated[tagged, Field(discriminator=TASK)]
    cases = Annotated[list[case], Field(min_length=1, max_length=MAX_CASES)]
    examples = [{TASK: str(name), CASE: request.example} for name, request in requests.items()]
    body_model = create_model(
        "triage_request",
        __base__=StrictMessage,
        cases=(cases, Field(description="the cases", examples=[examples])),
        explain=(Explain, EXPLAIN_FIELD),
    )
    return TriageRequest(requests, body_model)


def _tagged_case(name: TaskName, request: TaskRequest) -> type[BaseModel]:
    """Build the message of a case with the name of its task."""
    fields: dict[str, Any] = {
        TASK: (Literal[str(name)], Field(description="task of the case")),
        CASE: (request.case_model, Field(description="the case, as the task's own address takes")),
    }
    return create_model(f"triage_{name}", __base__=StrictMessage, **fields)
