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

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self, TypeAlias
from zoneinfo import available_timezones

import pandas as pd
import sqlalchemy as sa
from pydantic import AfterValidator, Field, ValidationError, model_validator

from data.contracts.catalogue import TABLES
from data.contracts.invoices import DOCUMENT_TYPE, FREIGHT_AMOUNT, INVOICES, DocumentType
from data.contracts.table import Column, Kind, Table
from data.reference.units import unit_code
from data.sources.extracts.check_policy import Check, CheckLevel
from data.sources.extracts.field_mapping import (
    FieldMapping,
    StrictModel,
    field_mapping_problems,
)
from data.sources.extracts.file_conventions import (
    AmbiguousTime,
    CreditNoteSign,
    DecimalMark,
    Delimiter,
    Encoding,
    NonexistentTime,
    ThousandsMark,
    Unmapped,
)
from data.sources.extracts.mapping_documents import MappingError, read_document
from data.sources.extracts.raw_mapping import Query, RawTable


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


def _check_url(text: str) -> str:
    try:
        url = sa.make_url(text) if text else None
    except sa.exc.ArgumentError:
        raise ValueError(
            "is not the URL of a database such as postgresql://user@host/erp"
        ) from None
    if url is not None and url.password is not None:
        raise ValueError("holds a password; name its environment variable in password_variable")
    return text


SourceUrl = Annotated[str, AfterValidator(_check_url)]


class TableMapping(StrictModel):
    """Source of one canonical table: files, a SELECT, or rows in the mapping itself."""

    file: str | None = Field(
        None, description="name of the files in the site's folder; `*` stands for any text"
    )
    sql: Query | None = Field(
        None,
        description="one SELECT over the raw tables, or the name of a file beside the mapping that "
        "holds it (`receipts.sql`); its columns are named as the table's",
    )
    columns: dict[str, FieldMapping] = Field(
        {},
        description="canonical column -> where it is: a column's name, or the keys of a field; "
        "with `sql` only what needs more than its name",
    )
    constants: dict[str, Cell] = Field(
        {}, description="canonical column -> the same value for every row of the table"
    )
    ignore: tuple[str, ...] = Field(
        (), description="columns of the file that are known and not used"
    )
    unmapped: Unmapped | None = Field(
        None,
        description="what happens to columns that are neither mapped nor under `ignore`; the "
        "mapping's `unmapped` by default",
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
        origins = (self.file is not None, self.sql is not None, bool(self.rows))
        if sum(origins) != 1:
            raise ValueError("takes one of file (with columns), sql or rows")
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns of the file that are needed, in the order of the mapping, each once."""
        return tuple(dict.fromkeys(c for field in self.columns.values() for c in field.reads))


class SiteMapping(StrictModel):
    """Mapping of one source's extracts, in the folder `folder` (default: the source's name)."""

    extends: str = Field(
        "",
        description="connector pack, or mapping file beside this one (`group.toml`), whose "
        "keys hold where this file states none",
    )
    site: str = Field(
        description="name of the source: the site's id, or that of a system of several sites"
    )
    system: str = Field("", description="name of the site's system, for people")
    folder: str = Field("", description="folder of the source's files; `site` by default")
    url: SourceUrl = Field(
        "",
        description="database that raw tables are read from, without a password: "
        "`postgresql://triage@erp:5432/erp`, `mysql://...`, `mariadb://...`",
    )
    password_variable: str = Field(
        "", description="environment variable that holds the password for `url`"
    )
    encoding: Encoding = Field(description="encoding of text files; a byte order mark is skipped")
    delimiter: Delimiter = Field(description="character between two fields")
    decimal: DecimalMark = Field(description="character before the decimals")
    thousands: ThousandsMark = Field(
        ThousandsMark.NONE, description="character that may stand between groups of three digits"
    )
    time_zone: Zone = Field(description="IANA time zone of the file's local times")
    ambiguous_time: AmbiguousTime = Field(
        AmbiguousTime.QUARANTINE,
        description="what a local time means that the clock shows twice (summer time ends)",
    )
    nonexistent_time: NonexistentTime = Field(
        NonexistentTime.QUARANTINE,
        description="what a local time means that the clock never shows (summer time begins)",
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
    unmapped: Unmapped = Field(
        Unmapped.REFUSE,
        description="what happens to columns that a table neither maps nor lists under `ignore`",
    )
    parameters: dict[str, Cell] = Field(
        {}, description="name -> constant that the SQL reads with `param('name')`, as text"
    )
    sql_seconds: float = Field(
        600, gt=0, description="longest time that one SELECT may take; the run stops after it"
    )
    raw: dict[str, RawTable] = Field(
        {}, description="raw table that SQL reads -> its files; loaded where a SELECT names it"
    )
    views: dict[str, Query] = Field(
        {},
        description="name -> SELECT that later views and tables read, or the name of its file",
    )
    checks: dict[Check, CheckLevel] = Field(
        {},
        description="check of plausibility -> what follows where it finds something; `warn` by "
        "default, `refuse` for `decimal_mark`",
    )
    leave_out: tuple[str, ...] = Field(
        (), description="canonical tables of the extended pack that this source has not"
    )
    tables: dict[str, TableMapping] = Field(
        description="canonical table -> its files and columns, its SELECT, or its rows"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.thousands == self.decimal.value:
            raise ValueError(f"decimal and thousands are both {self.decimal.value!r}")
        if len({"%z" in form for form in self.formats}) > 1:
            raise ValueError(
                "formats with and without an offset (%z) do not mix; those of some columns only "
                "are stated with the column, such as due_at = "
                '{ column = "DUE", formats = ["%Y-%m-%d"] }'
            )
        problems = [p for name in self.tables for p in self._problems(name)]
        problems += self._parameter_problems()
        problems += [
            f"views.{name}: is a raw table as well" for name in self.views if name in self.raw
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def parameters_of_sql(self) -> dict[str, Cell]:
        """Values of `param()`: the parameters, and the time zone where they do not state one."""
        return {"time_zone": self.time_zone, **self.parameters}

    @property
    def place(self) -> str:
        """Name of the folder that holds the site's files."""
        return self.folder or self.site

    @property
    def queries(self) -> dict[str, Query]:
        """The SELECT of every canonical table that has one."""
        return {name: table.sql for name, table in self.tables.items() if table.sql}

    def is_in_database(self, raw: str) -> bool:
        """Return whether a raw table is read from the source's database."""
        return bool(self.url) and not self.raw[raw].file

    @property
    def reads_files(self) -> bool:
        """Return whether any table comes from files in the source's folder."""
        raw = any(not self.is_in_database(name) for name in self.raw_in_use)
        return raw or any(table.file is not None for table in self.tables.values())

    def tables_named_by(self, query: Query) -> tuple[str, ...]:
        """Return the raw tables and views that a SELECT names itself, in the mapping's order."""
        named = {name.casefold() for name in query.tables}
        return tuple(name for name in (*self.raw, *self.views) if name.casefold() in named)

    def raw_tables_of(self, query: Query) -> tuple[str, ...]:
        """Return the raw tables that a SELECT reads, directly or through views."""
        names = self.tables_named_by(query)
        views = [self.raw_tables_of(self._earlier_view(name, query)) for name in names]
        used = {name for name in names if name in self.raw}.union(*views)
        return tuple(name for name in self.raw if name in used)

    def _earlier_view(self, name: str, query: Query) -> Query:
        """Return the view of that name, and nothing to read where a view names itself."""
        view = self.views.get(name)
        return Query(text="", name=name) if view is None or view is query else view

    @property
    def raw_in_use(self) -> tuple[str, ...]:
        """Return the raw tables that any SELECT reads, in the order of the mapping."""
        used = {name for query in self.queries.values() for name in self.raw_tables_of(query)}
        return tuple(name for name in self.raw if name in used)

    @property
    def views_in_use(self) -> dict[str, Query]:
        """Return the views whose raw tables are there, in the order of the mapping."""
        used = set[str]()
        left = [name for query in self.queries.values() for name in self.tables_named_by(query)]
        while left:
            name = left.pop()
            if name in self.views and name not in used:
                used.add(name)
                left += self.tables_named_by(self.views[name])
        return {name: view for name, view in self.views.items() if name in used}

    def ignores_unmapped(self, table: str) -> bool:
        """Return whether columns that the table does not map are of no interest."""
        return (self.tables[table].unmapped or self.unmapped) is Unmapped.IGNORE

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
            provided = column in mapped.columns or column in constants or mapped.sql
            if column.required and not provided and not all(column in row for row in rows):
                yield f"tables.{name}: required column {column} is not mapped"
            if column in mapped.columns:
                yield from field_mapping_problems(name, column, mapped.columns[column])
        yield from _amount_problems(table, mapped)
        for values in (constants, *mapped.rows):
            yield from _constant_problems(table, values)

    def _parameter_problems(self) -> Iterator[str]:
        queries = (*self.queries.values(), *self.views.values())
        read = {name for query in queries for name in query.parameters}
        for name in sorted(read - set(self.parameters_of_sql)):
            there = ", ".join(self.parameters) or "none"
            yield f"parameters: no {name!r}, which the SQL reads; there are {there}"


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
    if may_credit and not mapped.sql and mapped.credit_note_sign is None:
        choices = " or ".join(repr(str(sign)) for sign in CreditNoteSign)
        yield f"{where}: has credit notes; credit_note_sign says how they are written: {choices}"
    if mapped.freight_in_line_amount and not mapped.sql and FREIGHT_AMOUNT not in mapped.columns:
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


def load_mapping(path: Path) -> SiteMapping:
    """The mapping in a TOML file.

    Raises:
        MappingError: naming the file and, a line each, what is wrong, what it got, the choices.
    """
    document = read_document(path)
    try:
        return SiteMapping.model_validate(document)
    except ValidationError as error:
        raise MappingError("\n".join(_problem_lines(path.name, error))) from None


def _problem_lines(name: str, error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        where = ".".join(str(part) for part in problem["loc"]) or "mapping"
        shown = isinstance(problem["input"], Cell) and where != "url"  # it may hold a password
        received = f", got {problem['input']!r}" if shown else ""
        yield f"{name}: {where}: {problem['msg'].removeprefix('Value error, ')}{received}"


def shipped_mappings() -> list[SiteMapping]:
    """The mappings that come with the service, for the simulator's sites S01 and S02."""
    folder = Path(__file__).parent / "mappings"
    return [load_mapping(path) for path in sorted(folder.glob("*.toml"))]
