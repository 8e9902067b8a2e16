"""Site mapping in TOML: how the extracts of one site become canonical columns.

Declarative in both directions: what reads `{column = "NETPR", over = {column = "PEINH"}}` as
price = NETPR / PEINH can also write it. A cell is read in this order:

1. text is trimmed; a text in `missing` is a missing value (unless `codes` lists it);
2. several `columns` are joined with `separator` (all missing: missing; some missing: an error);
3. by the canonical column's kind: text gets `prefix`, or is replaced through `codes`;
   a flag is looked up in `codes`; a number is read with the file's decimal and thousands marks,
   multiplied by `times`, divided by `over`; a moment is read with `formats` as local time of
   `time_zone` (or with its own offset where the formats have %z) and becomes UTC;
4. `units` replaces the source's words for units of measure.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Self, TypeAlias
from zoneinfo import available_timezones

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.contracts.catalogue import TABLES
from data.contracts.invoices import DOCUMENT_TYPE, FREIGHT_AMOUNT, INVOICES, DocumentType
from data.contracts.table import Column, Kind, Table
from data.reference.units import unit_code
from data.sources.extracts.file_conventions import (
    AmbiguousTime,
    CreditNoteSign,
    DecimalMark,
    Delimiter,
    Encoding,
    NonexistentTime,
    ThousandsMark,
)


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


def _check_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not an IANA time zone such as Europe/Berlin or America/Chicago")
    return name


Zone = Annotated[str, AfterValidator(_check_time_zone)]


def _check_unit(text: str) -> str:
    code = unit_code(text)
    if code is None:
        raise ValueError("is not a unit of UN/ECE Recommendation 20 such as H87, KGM or XCS")
    return code


UnitCode = Annotated[str, AfterValidator(_check_unit)]
Cell: TypeAlias = str | bool | int | float


class TableMapping(StrictModel):
    """Source of one canonical table: files, or constant rows in the mapping itself."""

    file: str | None = Field(
        None, description="name of the files in the site's folder; `*` stands for any text"
    )
    columns: dict[str, FieldMapping] = Field(
        {}, description="canonical column -> where it is: a column's name, or the keys of a field"
    )
    constants: dict[str, Cell] = Field(
        {}, description="canonical column -> the same value for every row of the table"
    )
    ignore: tuple[str, ...] = Field(
        (), description="columns of the file that are known and not used"
    )
    rows: tuple[dict[str, Cell], ...] = Field(
        (), description="rows that are written in the mapping itself, instead of `file`"
    )
    credit_note_sign: CreditNoteSign | None = Field(
        None,
        description="sign that the source gives to credit notes, which are negative here; "
        "invoices with a `document_type` need it",
    )
    freight_in_line_amount: bool = Field(
        default=False,
        description="the source's `line_amount` contains `freight_amount`, which is taken out; "
        "invoices only",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.file is None) == (not self.rows):
            raise ValueError("takes either file (with columns) or rows")
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns of the file that are needed, in the order of the mapping, each once."""
        return tuple(dict.fromkeys(c for field in self.columns.values() for c in field.reads))


class SiteMapping(StrictModel):
    """Mapping of one site's extracts, in the folder `folder` (default: the site's id)."""

    site: str = Field(description="id of the site")
    system: str = Field("", description="name of the site's system, for people")
    folder: str = Field("", description="folder of the site's files; the site's id by default")
    encoding: Encoding = Field(description="encoding of text files; a byte order mark is skipped")
    delimiter: Delimiter = Field(description="character between two fields")
    decimal: DecimalMark = Field(description="character before the decimals")
    thousands: ThousandsMark = Field(
        ThousandsMark.NONE, description="character that may stand between groups of three digits"
    )
    time_zone: Zone = Field(description="IANA time zone of the file's local times")
    ambiguous_time: AmbiguousTime = Field(
        description="what a local time means that the clock shows twice (summer time ends)"
    )
    nonexistent_time: NonexistentTime = Field(
        description="what a local time means that the clock never shows (summer time begins)"
    )
    formats: tuple[str, ...] = Field(
        min_length=1, description="how moments are written, in `strptime` codes; tried in order"
    )
    missing: tuple[str, ...] = Field(("",), description="texts that mean a missing value")
    constants: dict[str, Cell] = Field(
        {}, description="canonical column -> value, in every table that has and does not map it"
    )
    units: dict[str, UnitCode] = Field(
        {},
        description="the source's own words for units of measure -> UN/ECE Recommendation 20; "
        "codes of the list and usual words need none",
    )
    tables: dict[str, TableMapping] = Field(
        description="canonical table -> its files and columns, or its rows"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.thousands == self.decimal.value:
            raise ValueError(f"decimal and thousands are both {self.decimal.value!r}")
        if len({"%z" in form for form in self.formats}) > 1:
            raise ValueError("formats with and without an offset (%z) do not mix")
        problems = [p for name in self.tables for p in self._problems(name)]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def place(self) -> str:
        """Name of the folder that holds the site's files."""
        return self.folder or self.site

    def constants_of(self, table: Table) -> dict[str, Cell]:
        """The table's constants: its own, and the mapping's for columns it does not read."""
        mapped = self.tables[table.name]
        general = {
            name: value
            for name, value in self.constants.items()
            if name in table.columns and name not in mapped.columns
        }
        return general | mapped.constants

    def _problems(self, name: str) -> Iterator[str]:
        if name not in TABLES:
            yield f"tables.{name}: no such canonical table; there are {', '.join(TABLES)}"
            return
        table, mapped = TABLES[name], self.tables[name]
        constants = self.constants_of(table)
        rows = mapped.rows or ({},)
        for column in dict.fromkeys(
            (*mapped.columns, *constants, *(k for row in rows for k in row))
        ):
            if column not in table.columns:
                yield f"tables.{name}: no column {column!r}; it has {', '.join(table.columns)}"
        for column in table.columns:
            provided = column in mapped.columns or column in constants
            if column.required and not provided and not all(column in row for row in rows):
                yield f"tables.{name}: required column {column} is not mapped"
            if column in mapped.columns:
                yield from field_mapping_problems(name, column, mapped.columns[column])
        yield from _amount_problems(table, mapped)
        for values in (constants, *mapped.rows):
            yield from _constant_problems(table, values)


def _amount_problems(table: Table, mapped: TableMapping) -> Iterator[str]:
    """Return what is wrong with the options of an invoice's amounts."""
    where = f"tables.{table.name}"
    if table is not INVOICES:
        if mapped.credit_note_sign is not None or mapped.freight_in_line_amount:
            yield f"{where}: credit_note_sign and freight_in_line_amount apply to invoices only"
        return
    kind = mapped.columns.get(DOCUMENT_TYPE)
    may_credit = kind is not None and (
        not kind.codes or DocumentType.CREDIT_NOTE in kind.codes.values()
    )
    if may_credit and mapped.credit_note_sign is None:
        choices = " or ".join(repr(str(sign)) for sign in CreditNoteSign)
        yield f"{where}: has credit notes; credit_note_sign says how they are written: {choices}"
    if mapped.freight_in_line_amount and FREIGHT_AMOUNT not in mapped.columns:
        yield f"{where}: freight_in_line_amount needs {FREIGHT_AMOUNT}"


def parse_constant(column: Column, value: Cell) -> Cell | datetime:
    """A constant of the mapping as a value of its column.

    Raises:
        ValueError: saying what the column takes.
    """
    if column.kind is Kind.MOMENT:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is None or moment.tzinfo is None:
            raise ValueError('takes an ISO time with offset, such as "2026-01-01T00:00:00Z"')
        return pd.Timestamp(moment)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {
        Kind.TEXT: isinstance(value, str),
        Kind.FLAG: isinstance(value, bool),
        Kind.NUMBER: number,
    }
    if not fits[column.kind]:
        raise ValueError(f"takes a {column.kind}")
    return value


def _constant_problems(table: Table, constants: dict[str, Cell]) -> Iterator[str]:
    for name, value in constants.items():
        if name not in table.columns:
            continue
        try:
            parse_constant(table.column(name), value)
        except ValueError as error:
            yield f"tables.{table.name}: constant {name} = {value!r}: {error}"


class MappingError(ValueError):
    """A mapping file that cannot be used; one line a problem."""


def load_mapping(path: Path) -> SiteMapping:
    """The mapping in a TOML file.

    Raises:
        MappingError: naming the file and, a line each, what is wrong, what it got, the choices.
    """
    if not path.is_file():
        raise MappingError(f"no mapping file {path}")
    try:
        return SiteMapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path.name} is not TOML: {error}") from None
    except ValidationError as error:
        raise MappingError("\n".join(_problem_lines(path.name, error))) from None


def _problem_lines(name: str, error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        where = ".".join(str(part) for part in problem["loc"]) or "mapping"
        received = f", got {problem['input']!r}" if isinstance(problem["input"], Cell) else ""
        yield f"{name}: {where}: {problem['msg'].removeprefix('Value error, ')}{received}"


def shipped_mappings() -> list[SiteMapping]:
    """The mappings that come with the service, for the simulator's sites S01 and S02."""
    folder = Path(__file__).parent / "mappings"
    return [load_mapping(path) for path in sorted(folder.glob("*.toml"))]
