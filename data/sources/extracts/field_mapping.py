"""Mapping of one canonical column: source columns, number marks, codes, factors, time formats."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data.contracts.table import Column, Kind


class Encoding(StrEnum):
    """Encodings of text files. A byte order mark is skipped in utf-8."""

    UTF8 = "utf-8"
    LATIN1 = "latin-1"
    CP1252 = "cp1252"


class Delimiter(StrEnum):
    """What stands between two fields."""

    COMMA = ","
    SEMICOLON = ";"
    TAB = "\t"
    PIPE = "|"


class DecimalMark(StrEnum):
    """What stands before the decimals."""

    POINT = "."
    COMMA = ","


class ThousandsMark(StrEnum):
    """What may stand between groups of three digits."""

    NONE = ""
    POINT = "."
    COMMA = ","
    SPACE = " "
    APOSTROPHE = "'"


class AmbiguousTime(StrEnum):
    """What a local time means that the clock shows twice (summer time ends)."""

    EARLIER = "earlier"
    LATER = "later"
    QUARANTINE = "quarantine"


class NonexistentTime(StrEnum):
    """What a local time means that the clock never shows (summer time begins)."""

    FORWARD = "forward"  # the first moment after the gap
    QUARANTINE = "quarantine"


class StrictModel(BaseModel):
    """A part of a mapping: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Factor(StrictModel):
    """A number a row: a constant, the number in a column, or a column's code looked up."""

    constant: float | None = Field(None, gt=0)
    column: str | None = None
    factors: dict[str, Annotated[float, Field(gt=0)]] = {}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.constant is None) == (self.column is None) or (self.factors and not self.column):
            raise ValueError("takes either constant, or column, or column with factors")
        return self


class FieldMapping(StrictModel):
    """Where one canonical column comes from. See the module for the order of steps."""

    column: str | None = None
    columns: tuple[str, ...] = ()
    separator: str = "-"
    prefix: str = ""
    codes: dict[str, str | bool] = {}
    formats: tuple[str, ...] = ()
    times: Factor | None = None
    over: Factor | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"column": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.column is None) == (not self.columns):
            raise ValueError("takes either column or columns")
        if len({"%z" in form for form in self.formats}) > 1:
            raise ValueError("formats with and without an offset (%z) do not mix")
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """The file's columns that the value itself is in, in order."""
        return (self.column,) if self.column is not None else self.columns

    @property
    def reads(self) -> tuple[str, ...]:
        """All columns of the file that are needed, those of factors included."""
        factors = (factor.column for factor in (self.times, self.over) if factor)
        return (*self.sources, *(column for column in factors if column))


def field_mapping_problems(table: str, column: Column, field: FieldMapping) -> Iterator[str]:
    """What the field declares that its column's kind has no use for."""
    uses = {
        Kind.TEXT: {"prefix", "codes", "separator"},
        Kind.NUMBER: {"times", "over"},
        Kind.FLAG: {"codes"},
        Kind.MOMENT: {"formats", "separator"},
    }[column.kind]
    options = field.model_fields_set - {"column", "columns"}
    where = f"tables.{table}.columns.{column}"
    for option in sorted(options - uses):
        yield f"{where}: {option} does not apply to a {column.kind}; it takes {_listed(uses)}"
    if field.columns and "separator" not in uses:
        yield f"{where}: a {column.kind} takes one column, got {', '.join(field.columns)}"
    if column.kind is Kind.FLAG and not field.codes:
        yield f"{where}: a flag needs codes, such as {{X = true, '' = false}}"
    takes = bool if column.kind is Kind.FLAG else str
    for code, value in field.codes.items():
        becomes = f"{where}: code {code!r} becomes {value!r}"
        if not isinstance(value, takes):
            yield f"{becomes}, a {column.kind} takes {takes.__name__}"
        elif column.allowed and value not in column.allowed:
            yield f"{becomes}, not one of {', '.join(column.allowed)}"


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names | {"column"}))
