"""Mark the parts of answers that may grow without a new version of the contract.

A new task adds a value to enumerations of answers. Callers can only be ready for it if the
contract has told them so from the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

EXTENSIBLE_ENUM = "x-extensible-enum"
"""Values known today, where more may come: Zalando's RESTful API guidelines, rule 112."""
OPEN_NOTE = "More values may come: treat one that you do not know as such, and do not refuse it."


def open_answers(schemas: Mapping[str, dict[str, Any]]) -> None:
    """Declare schemas of answers open: to new fields, and to new values of enumerations."""
    for schema in schemas.values():
        if schema.get("properties"):
            schema.pop("additionalProperties", None)
        for part in _subschemas(schema):
            _open_enumeration(part)


def _open_enumeration(schema: dict[str, Any]) -> None:
    if "enum" not in schema:
        return
    schema[EXTENSIBLE_ENUM] = schema.pop("enum")
    said = str(schema.get("description", "")).rstrip(".")
    schema["description"] = f"{said}. {OPEN_NOTE}" if said else OPEN_NOTE


def _subschemas(value: Any) -> Iterable[dict[str, Any]]:
    """Yield a schema and every schema within it."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _subschemas(part)
    elif isinstance(value, list):
        for part in value:
            yield from _subschemas(part)
