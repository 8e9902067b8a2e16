"""Types of a database's columns: what drivers return becomes typed columns without loss."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pyarrow as pa

_DIGITS, _MOST_SCALE, _USUAL_SCALE = 38, 18, 10
_NO_DATE = "0000-00-00"
"""Date that MySQL and MariaDB write for none."""


class ColumnTypes:
    """Types of a result's columns, each known once a value has been seen."""

    def __init__(self, names: Sequence[str], cursor: Any) -> None:
        """Start with the names of the columns, and the scales that the cursor knows."""
        self.names = tuple(names)
        described = getattr(cursor, "description", None) or ()
        self._scales = [_scale(column) for column in described] or [None] * len(self.names)
        self._types: list[pa.DataType | None] = [None] * len(self.names)

    def table(self, rows: Sequence[Sequence[Any]]) -> pa.Table:
        """Return rows as typed columns; a column without any value yet has the type null.

        Raises:
            ValueError: naming a column whose values are of several types.
        """
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self.names)
        return pa.table(
            [self._array(k, values) for k, values in enumerate(columns)], names=list(self.names)
        )

    def _array(self, k: int, values: Sequence[Any]) -> pa.Array:
        if self._types[k] is None:
            sample = next((value for value in values if not _is_missing(value)), None)
            self._types[k] = None if sample is None else _type_of(sample, self._scales[k])
        kind = self._types[k]
        if kind is None:
            return pa.nulls(len(values))
        try:
            return pa.array([_plain(value, kind) for value in values], kind)
        except (pa.ArrowException, ValueError, TypeError) as error:
            raise ValueError(f"column {self.names[k]} is {kind}, but {error}") from None


def _scale(described: Sequence[Any]) -> int | None:
    scale = described[5] if len(described) > 5 else None
    return scale if isinstance(scale, int) and 0 <= scale <= _MOST_SCALE else None


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.startswith(_NO_DATE))


def _type_of(value: Any, scale: int | None) -> pa.DataType:
    match value:
        case bool():
            kind = pa.bool_()
        case int():
            kind = pa.int64() if -(2**63) <= value < 2**63 else pa.decimal128(_DIGITS, 0)
        case float():
            kind = pa.float64()
        case Decimal():
            kind = pa.decimal128(_DIGITS, _USUAL_SCALE if scale is None else scale)
        case datetime():
            kind = pa.timestamp("us", "UTC" if value.tzinfo else None)
        case date():
            kind = pa.date32()
        case _:
            kind = pa.string()
    return kind


def _plain(value: Any, kind: pa.DataType) -> Any:
    """Return a value as its column's type takes it."""
    if value is None or (not pa.types.is_string(kind) and _is_missing(value)):
        return None
    if pa.types.is_decimal(kind):
        step = Decimal(1).scaleb(-kind.scale)
        return Decimal(value).quantize(step, ROUND_HALF_EVEN) if value == value else None  # noqa: PLR0124 NaN
    return _text(value) if pa.types.is_string(kind) else value


def _text(value: Any) -> str:
    match value:
        case str():
            return value.strip()
        case bytes():
            return value.decode()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)
