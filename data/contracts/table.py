"""Canonical tables: columns with meaning and unit, a grain, a key and two clocks.

A `Column` is a string (its name), so it can be used wherever pandas or Ibis takes a
column name, and it carries what the name alone cannot say. Names are written once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Any, Self, assert_never

import numpy as np

from data.lazy_imports import pandera, pd


class Kind(StrEnum):
    """The types a canonical column can have."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    MOMENT = "moment"


class CodeList(StrEnum):
    """Lists of the trade that a text's codes come from; see `data.reference`."""

    UNIT = "UN/ECE Recommendation 20"
    CURRENCY = "ISO 4217"


@cache
def dtype_of(kind: Kind) -> Any:
    """Return the type that a frame holds columns of this kind in."""
    match kind:
        case Kind.TEXT:
            return pd.StringDtype(na_value=np.nan)
        case Kind.NUMBER:
            return np.dtype("float64")
        case Kind.FLAG:
            return pd.BooleanDtype()
        case Kind.MOMENT:
            return pd.DatetimeTZDtype("us", "UTC")
        case _:
            assert_never(kind)


class Column(str):
    """A column's name that knows its kind, meaning, unit and what it may hold."""

    kind: Kind
    meaning: str
    unit: str
    allowed: tuple[str, ...]
    minimum: float | None
    required: bool
    code_list: CodeList | None
    calendar_day: bool

    def __new__(
        cls,
        name: str,
        kind: Kind,
        meaning: str,
        *,
        unit: str = "",
        allowed: Sequence[str] = (),
        minimum: float | None = None,
        required: bool = False,
        code_list: CodeList | None = None,
        calendar_day: bool = False,
    ) -> Self:
        """Make a column of a table.

        Args:
            name: the column's name.
            kind: type of its values.
            meaning: what a value says.
            unit: unit of a number.
            allowed: values that a text may have; any if there are none.
            minimum: inclusive.
            required: the value may not be missing in any row.
            code_list: list that known codes are kept in; others stay as they are written.
            calendar_day: a moment that stands for a day, which is midnight UTC if the source
                states no time.
        """
        self = super().__new__(cls, name)
        self.kind = kind
        self.meaning = meaning
        self.unit = unit
        self.allowed = tuple(str(value) for value in allowed)
        self.minimum = minimum
        self.required = required
        self.code_list = code_list
        self.calendar_day = calendar_day
        return self

    def check(self) -> pandera.Column:
        """Return the pandera column that enforces this one."""
        checks = []
        if self.allowed:
            checks.append(pandera.Check.isin(self.allowed))
        if self.minimum is not None:
            checks.append(pandera.Check.ge(self.minimum))
        return pandera.Column(dtype_of(self.kind), checks, nullable=not self.required)


HAPPENED_AT = Column("happened_at", Kind.MOMENT, "when it happened", unit="UTC", required=True)
KNOWN_AT = Column(
    "known_at", Kind.MOMENT, "since when this system could know it", unit="UTC", required=True
)


@dataclass(frozen=True)
class Table:
    """A canonical table. `grain` says what one row is; `key` makes a row unique.

    observed: rows say what has happened, so none is known before it did. Plans, validity
    periods and post-dated papers can be known before their date.
    """

    name: str
    grain: str
    key: tuple[Column, ...]
    columns: tuple[Column, ...]
    observed: bool = False

    @cached_property
    def schema(self) -> pandera.DataFrameSchema:
        """Strict pandera schema: these columns, in any order, and no others."""
        return pandera.DataFrameSchema(
            {str(column): column.check() for column in self.columns},
            name=self.name,
            strict=True,
        )

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        for column in self.columns:
            if column == name:
                return column
        choices = ", ".join(self.columns)
        raise KeyError(f"{self.name} has no column {name!r}; it has {choices}")

    def empty(self) -> pd.DataFrame:
        """Return a frame with this table's columns and types and no rows."""
        return self.conform(pd.DataFrame())

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame in this table's columns, order and types; absent columns are missing."""
        return pd.DataFrame(
            {
                str(column): pd.Series(
                    frame.get(column, None),
                    index=frame.index,
                    dtype=dtype_of(column.kind),
                )
                for column in self.columns
            }
        )
