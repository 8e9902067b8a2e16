"""OpenAPI 3.1 of bodies that we read ourselves, because strict reading needs the bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from models.task import TaskName
from serving.api.messages import DecisionMessage
from serving.catalogue import Served

SCHEMAS = "#/components/schemas/{model}"
DECISION_PATH = "/v1/recommendations/{identifier}/decision"


def describe(app: FastAPI, tasks: Mapping[TaskName, Served]) -> None:
    """Add the request bodies and the problems to the application's own schema."""
    bodies: dict[str, type[BaseModel]] = {f"/v1/{n}": e.request.batch for n, e in tasks.items()}
    bodies[DECISION_PATH] = DecisionMessage
    made = app.openapi

    def openapi() -> dict[str, Any]:
        schema = made()
        for path, body in bodies.items():
            _add(schema, schema["paths"][path]["post"], body)
        return schema

    app.openapi = openapi  # type: ignore[method-assign] # the way FastAPI documents


def _add(schema: dict[str, Any], operation: dict[str, Any], body: type[BaseModel]) -> None:
    described = body.model_json_schema(ref_template=SCHEMAS)
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    components |= described.pop("$defs", {})
    components[body.__name__] = described
    content = {"application/json": {"schema": {"$ref": SCHEMAS.format(model=body.__name__)}}}
    operation["requestBody"] = {"required": True, "content": content}
    for status, meaning in (
        ("413", "Body too large"),
        ("415", "Not JSON"),
        ("422", "Fields that cannot be read"),
        ("503", "Cannot be answered or recorded now"),
    ):
        operation["responses"][status] = {
            "description": meaning,
            "content": {"application/problem+json": {"schema": {"type": "object"}}},
        }
