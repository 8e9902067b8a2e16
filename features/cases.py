"""Cases of one task as columns, with children and history: the shape both paths build.

The one shape that both paths build: training from the canonical tables, serving from a
request and the profile snapshot. A million cases or one look the same from inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from data.contracts.table import Column, Kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class CaseShape:
    """Columns of a task's case and of its children.

    Column order is the order of messages, records and reports. Column meaning, unit and
    allowed values come from the contracts.
    """

    columns: tuple[Column, ...]
    children: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Children:
    """Rows that belong to cases, e.g. the receipts of each invoice line.

    Attributes:
        row: case number of each child, ascending. Within a case children are in the order in
            which they became known, supplier events in the order in which they were said.
        columns: arrays as long as `row`.
    """

    row: Ints
    columns: Mapping[str, NDArray[Any]]
    cases: int

    def where(self, keep: NDArray[np.bool_]) -> Children:
        """Return the children for which `keep` is true."""
        return Children(self.row[keep], {k: v[keep] for k, v in self.columns.items()}, self.cases)

    def count(self) -> Floats:
        """Return the number of children of each case."""
        return np.bincount(self.row, minlength=self.cases).astype(np.float64)

    def total(self, name: str) -> Floats:
        """Sum a numeric column per case, in child order; missing values count as 0."""
        return self.sum_of(self.columns[name].astype(np.float64))

    def sum_of(self, values: Floats) -> Floats:
        """Sum one value per child per case, in child order; missing values count as 0."""
        return np.bincount(self.row, or_zero(values), self.cases).astype(np.float64)

    def first(self, name: str) -> NDArray[Any]:
        """Return the value of each case's first child; NaN, NaT or None without children."""
        return self._pick(name, np.searchsorted(self.row, np.arange(self.cases), side="left"))

    def last(self, name: str) -> NDArray[Any]:
        """Return the value of each case's last child; NaN, NaT or None without children."""
        return self._pick(name, np.searchsorted(self.row, np.arange(self.cases), side="right") - 1)

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """Repeat one value per case for each of its children."""
        return values[self.row]

    def _pick(self, name: str, at: Ints) -> NDArray[Any]:
        values = self.columns[name]
        result = missing_array(values.dtype, self.cases)
        has = self.count() > 0
        result[has] = values[at[has]]
        return result


@dataclass(frozen=True)
class Cases:
    """n asks of one task.

    Attributes:
        asked_at: datetime64[us], UTC.
        as_of: datetime64[D], the day (midnight UTC) up to which history counts: everything in
            `history` was known before it.
        columns: float64 (NaN missing), object of str/None, or datetime64[us] (NaT missing).
        history: float64 columns of history measures, NaN where there is no history.
        kept: cached intermediate results, see `cached_with_cases`.
    """

    asked_at: NDArray[np.datetime64]
    as_of: NDArray[np.datetime64]
    columns: Mapping[str, NDArray[Any]]
    children: Mapping[str, Children]
    history: Mapping[str, Floats]
    kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.asked_at)

    def number(self, name: str) -> Floats:
        """Return a numeric case column; NaN where missing."""
        return self.columns[name].astype(np.float64)

    def text(self, name: str) -> NDArray[np.object_]:
        """Return a text case column; None where missing."""
        return self.columns[name]

    def moment(self, name: str) -> NDArray[np.datetime64]:
        """Return a case column of moments, datetime64[us]; NaT where missing."""
        return self.columns[name]

    def past(self, name: str) -> Floats:
        """Return a history measure by its full name, e.g. `supplier_receipts_late_364d`.

        Raises:
            KeyError: naming the measure and those that are close.
        """
        if name not in self.history:
            stem = name.rsplit("_", 1)[0]
            close = [other for other in self.history if other.startswith(stem)] or list(
                self.history
            )
            raise KeyError(f"no history measure {name!r}; there are {', '.join(sorted(close))}")
        return self.history[name]


Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


def cached_with_cases(
    make: Callable[Concatenate[Cases, Arguments], Result],
) -> Callable[Concatenate[Cases, Arguments], Result]:
    """Decorate a function of cases so that its result is cached with them for other features.

    Further arguments must be hashable. The result must not be written to.
    """

    @wraps(make)
    def once(cases: Cases, /, *more: Arguments.args, **named: Arguments.kwargs) -> Result:
        key = (make, more, tuple(named.items()))
        if key not in cases.kept:
            result = make(cases, *more, **named)
            if isinstance(result, np.ndarray):
                result.flags.writeable = False
            cases.kept[key] = result
        found: Result = cases.kept[key]
        return found

    return once


def or_zero(values: Floats) -> Floats:
    """Replace missing values by 0; returns the same array where no value is missing."""
    return values if np.isfinite(values).all() else np.nan_to_num(values, nan=0.0)


def missing_array(dtype: np.dtype[Any], length: int) -> NDArray[Any]:
    """Return an array of a length in which every value is missing."""
    if dtype.kind == "M":
        return np.full(length, np.datetime64("NaT"), dtype=dtype)
    if dtype.kind == "O":
        return np.full(length, None, dtype=object)
    return np.full(length, np.nan, dtype=np.float64)


def case_array(column: Column, values: Any) -> NDArray[Any]:
    """Convert values to the array of a case column (FLAG becomes 0.0, 1.0 or NaN)."""
    match column.kind:
        case Kind.TEXT:
            result = np.empty(len(values), dtype=object)
            result[:] = [v if isinstance(v, str) else None for v in values]
            return result
        case Kind.MOMENT:
            return np.asarray(values, dtype="datetime64[us]")
        case Kind.NUMBER | Kind.FLAG:
            return np.array(
                [np.nan if v is None else float(v) for v in values]
                if isinstance(values, list)
                else values,
                dtype=np.float64,
            )
