"""KnownTask: a message or policy field that takes the name of a task of the catalogue."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from models.catalogue import TASKS
from models.task import TaskName


class _TaskNameSchema:
    """Validate a task name against the catalogue, and list the names in JSON Schema."""

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            TaskName,
            core_schema.literal_schema([str(name) for name in TASKS]),
            ref=TaskName.__name__,
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        reference = handler(schema)
        described = handler.resolve_ref_schema(reference)
        described |= {"title": TaskName.__name__, "description": "The tasks there are."}
        return reference


KnownTask = Annotated[TaskName, _TaskNameSchema()]
