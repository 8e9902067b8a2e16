"""Source of one canonical column: columns of the file, codes, factors and formats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data.contracts.table import Column, Kind


class StrictModel(BaseModel):
    """A part of a mapping: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Factor(StrictModel):
    """A number a row: a constant, the number in a column, or a column's code looked up."""

    constant: float | None = Field(None, gt=0, description="the same number for every row")
    column: str | None = Field(None, description="column of the file that holds the number")
    factors: dict[str, float] = Field(
        {},
        description="the number for each code in `column`, below zero where the code turns the "
        "sign; other codes go to quarantine",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.constant is None) == (self.column is None) or (self.factors and not self.column):
            raise ValueError("takes either constant, or column, or column with factors")
        if zero := [code for code, number in self.factors.items() if not number]:
            raise ValueError(f"the factor of {zero[0]!r} is zero")
        return self


class FieldMapping(StrictModel):
    """Source of one canonical column. See the module for the order of steps."""

    column: str | None = Field(None, description="column of the file that holds the value")
    columns: tuple[str, ...] = Field(
        (), description="columns that are joined into the value, in this order; text and moments"
    )
    separator: str = Field("-", description="text between joined `columns`")
    prefix: str = Field("", description="text put before every value; text only")
    codes: dict[str, str | bool] = Field(
        {},
        description="canonical value of each of the file's codes, of several `columns` joined "
        "with blanks as they are; other codes go to quarantine; text and flags",
    )
    formats: tuple[str, ...] = Field(
        (), description="how this moment is written; those of the mapping by default"
    )
    times: Factor | None = Field(None, description="a factor to multiply with; numbers only")
    over: Factor | None = Field(None, description="a factor to divide by; numbers only")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, shorthand: Any) -> Any:
        return {"column": shorthand} if isinstance(shorthand, str) else shorthand

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
        """Return all columns of the file that are read, factors included."""
        factors = (factor.column for factor in (self.times, self.over) if factor)
        return (*self.sources, *(column for column in factors if column))


def field_mapping_problems(table: str, column: Column, field: FieldMapping) -> Iterator[str]:
    """Return the options of a field that its column's kind does not use."""
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


CONVERTED_DECIMALS = 6
"""Numbers that went through `times` or `over` are rounded to so many decimals."""
