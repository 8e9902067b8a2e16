"""Serialise many similar objects of numbers as canonical JSON, column by column.

History and features of a case are some hundreds of numbers; serialising them one by one took the
largest part of the time of an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from json import loads
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import to_json

from serving.audit.log.canonical_json import canonicalize, member_layout

NON_CANONICAL_MARKS = "e", "-0,", "-0]"
"""Signs of numbers that pydantic writes otherwise than RFC 8785: exponents, minus zero."""


class PreserializedObject(Mapping[str, Any]):
    """A JSON object kept as its canonical text; parsed, with numbers as floats, on first access."""

    def __init__(self, text: str) -> None:
        self.text = text

    def canonical(self) -> str:
        """Return the text as it is recorded; see `serving.audit.log.canonical_json`."""
        return self.text

    @cached_property
    def _read(self) -> dict[str, Any]:
        read: dict[str, Any] = loads(self.text, parse_int=float)
        return read

    def __getitem__(self, name: str) -> Any:
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


def preserialize_rows(columns: Mapping[str, NDArray[Any]], n: int) -> list[PreserializedObject]:
    """Serialise the rows of a table as objects with one member a column.

    Args:
        columns: by name, each of shape (n,); float64, or object holding str and None. NaN is null.
        n: number of rows.

    Raises:
        ValueError: a number is infinite.
    """
    names, between = _object_template(tuple(map(str, columns)))
    texts = [(at, columns[name]) for at, name in enumerate(names) if columns[name].dtype == object]
    rows = _number_rows([columns[name] for name in names if columns[name].dtype != object], n)
    for at, column in texts:  # in the order of the names, so each comes to its place
        for row, value in zip(rows, column.tolist(), strict=True):
            row.insert(at, canonicalize(value))
    return [PreserializedObject(_interleave(between, row)) for row in rows]


@lru_cache(64)
def _object_template(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names in the order of RFC 8785, and the text before, between and after the values."""
    order = member_layout(names)
    between = [f"{',' if at else '{'}{start}" for at, (_, start, _) in enumerate(order)]
    return tuple(name for name, _, _ in order), (*between, "}" if between else "{}")


def _interleave(between: Sequence[str], values: Sequence[str]) -> str:
    pieces = [""] * (len(between) + len(values))
    pieces[::2], pieces[1::2] = between, values
    return "".join(pieces)


def _number_rows(columns: Sequence[NDArray[np.float64]], n: int) -> list[list[str]]:
    """Return the canonical text of each number, row by row."""
    if not columns or not n:
        return [[] for _ in range(n)]
    block = np.concatenate(columns).reshape(len(columns), n).T
    if np.isinf(block).any():
        raise ValueError("an infinite number cannot be recorded exactly as JSON")
    return list(map(number_texts, block.tolist()))


def number_texts(values: list[float]) -> list[str]:
    """Return the canonical text of each number; NaN and infinities are null."""
    text = to_json(values, inf_nan_mode="null").decode().replace(".0,", ",").replace(".0]", "]")
    texts = text[1:-1].split(",") if values else []
    if any(sign in text for sign in NON_CANONICAL_MARKS):
        return [_as_ecmascript(number) for number in texts]
    return texts


def _as_ecmascript(number: str) -> str:
    return canonicalize(float(number)) if "e" in number or number == "-0" else number
