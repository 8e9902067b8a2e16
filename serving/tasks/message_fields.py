"""Canonical columns as fields of pydantic messages.

Strict, bounded, described by their contract.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from data.contracts.sites import TIME_ZONE
from data.contracts.table import Column, Kind

MAX_NUMBER = 1e12
MAX_TEXT_LENGTH = 200
EARLIEST_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_MOMENT = datetime(2200, 1, 1, tzinfo=UTC)
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"


class StrictMessage(BaseModel):
    """Base of all messages: converts no type, ignores no field."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def _require_iso_text(value: Any) -> Any:
    """Refuse a moment that is not ISO 8601; a number does not state its time zone."""
    if not isinstance(value, str) or "-" not in value[1:]:
        raise PydanticCustomError("moment", "not ISO 8601")
    return value


def _check_moment_range(value: datetime) -> datetime:
    if not EARLIEST_MOMENT <= value < LATEST_MOMENT:
        raise PydanticCustomError("moment", "out of reach")
    return value


Moment = Annotated[
    AwareDatetime,
    Field(strict=False),  # strict mode refuses all text; `_require_iso_text` has checked it
    BeforeValidator(_require_iso_text, json_schema_input_type=datetime),
    AfterValidator(_check_moment_range),
]


def _unsigned_zero(value: float) -> float:
    """Turn -0.0 into 0.0: canonical JSON (RFC 8785) writes both as 0, and so does the record."""
    return value + 0.0


Number = Annotated[float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER), AfterValidator(_unsigned_zero)]
Amount = Annotated[float, Field(ge=0, le=MAX_NUMBER), AfterValidator(_unsigned_zero)]
Text = Annotated[str, Field(max_length=MAX_TEXT_LENGTH, pattern=PRINTABLE)]


def _check_time_zone(name: str) -> str:
    """Refuse a name that no IANA time zone has: no day could be told there."""
    if name not in available_time_zones():
        raise PydanticCustomError("time_zone", "not an IANA time zone, such as Europe/Berlin")
    return name


@cache
def available_time_zones() -> frozenset[str]:
    """Return the names of the IANA time zones."""
    return frozenset(available_timezones())


ZoneName = Annotated[Text, AfterValidator(_check_time_zone)]


def field_for_column(column: Column, *, required: bool) -> tuple[Any, Any]:
    """Return type and default of a column's field, as `pydantic.create_model` takes them."""
    description = f"{column.meaning} ({column.unit})" if column.unit else column.meaning
    kind = _type_of(column)
    if required:
        return kind, Field(description=description)
    return kind | None, Field(default=None, description=description)


def accepted_values(column: Column) -> str:
    """Say in words which values the field of a column takes."""
    match column.kind:
        case Kind.TEXT if column.allowed:
            return "one of " + ", ".join(column.allowed)
        case Kind.TEXT if column == TIME_ZONE:
            return "an IANA time zone, such as Europe/Berlin"
        case Kind.TEXT:
            return ACCEPTED_TEXT
        case Kind.MOMENT:
            return ACCEPTED_MOMENT
        case Kind.FLAG:
            return "true or false"
        case Kind.NUMBER:
            low = -MAX_NUMBER if column.minimum is None else column.minimum
            unit = f", in {column.unit}" if column.unit else ""
            return f"a number from {low:g} to {MAX_NUMBER:g}{unit}"


ACCEPTED_TEXT = f"text of 1 to {MAX_TEXT_LENGTH} characters without control characters"
ACCEPTED_MOMENT = "a date and time with a time zone, e.g. 2026-03-01T08:00:00Z (1970 to 2199)"


def _type_of(column: Column) -> Any:
    match column.kind:
        case Kind.TEXT if column.allowed:
            return Literal[column.allowed]
        case Kind.TEXT:
            return ZoneName if column == TIME_ZONE else Text
        case Kind.MOMENT:
            return Moment
        case Kind.FLAG:
            return bool
        case Kind.NUMBER:
            low = -MAX_NUMBER if column.minimum is None else column.minimum
            return Annotated[float, Field(ge=low, le=MAX_NUMBER), AfterValidator(_unsigned_zero)]
