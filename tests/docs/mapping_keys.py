"""Generate the tables of keys in docs/mapping.md from the models that read a mapping."""

import types
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from data.sources.extracts import field_mapping, mapping, raw_mapping
from tests.docs.markdown import table

TITLES = {
    mapping.SiteMapping: "Keys of a mapping",
    mapping.TableMapping: "Keys of `tables.NAME`",
    field_mapping.FieldMapping: "Keys of a field, `tables.NAME.columns.COLUMN`",
    field_mapping.Factor: "Keys of `times` and `over`",
    raw_mapping.RawTable: "Keys of `raw.NAME`",
}
NAMES: dict[Any, str] = {
    str: "text",
    bool: "flag",
    int: "number",
    float: "number",
    mapping.TableMapping: "table",
    field_mapping.FieldMapping: "field",
    field_mapping.Factor: "factor",
    raw_mapping.RawTable: "raw table",
    raw_mapping.Query: "text",
}


def keys() -> str:
    """Return a heading and a table of keys for each part of a mapping."""
    return "\n\n".join("\n".join(_part(kind, title)) for kind, title in TITLES.items())


def _part(kind: type[BaseModel], title: str) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    rows = (
        (f"`{name}`", _takes(field.annotation), _default(field), field.description or "")
        for name, field in kind.model_fields.items()
    )
    yield from table(("key", "takes", "default", "meaning"), rows)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value in (None, "", (), {}):
        return ""
    shown = [str(v) for v in value] if isinstance(value, tuple) else str(value)
    return f"`{shown}`".replace("'", '"')


def _takes(kind: Any) -> str:
    """Say in words what a key takes; `kind` is the annotation of its field."""
    inner = get_args(kind)
    match get_origin(kind):
        case origin if origin is Annotated:
            said = _takes(inner[0])
        case origin if origin in (Union, types.UnionType):
            names = dict.fromkeys(_takes(one) for one in inner if one is not type(None))
            *first, last = names
            said = f"{', '.join(first)} or {last}" if first else last
        case origin if origin is tuple:
            said = f"list of {_takes(inner[0])}"
        case origin if origin is dict:
            said = f"table of {_takes(inner[1])}"
        case _ if issubclass(kind, StrEnum):
            said = "one of " + ", ".join(f"`{_visible(value)}`" for value in kind)
        case _:
            said = NAMES[kind]
    return said


def _visible(value: str) -> str:
    return {"\t": "\\t", "": '""', " ": '" "'}.get(str(value), str(value))
