"""Many alike objects of numbers as canonical JSON, in less than half the time of `canonical`.

The past of a case and its features are some hundreds of values: writing them one by one was the
largest part of an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from json import loads
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import to_json

from serving.audit.canonical import canonical, layout

OTHERWISE = "e", "-0,", "-0]"
"""What tells of numbers that others write otherwise than RFC 8785: exponents, minus zero."""


class Written(Mapping[str, Any]):
    """An object as its canonical text; numbers are read back as floats once somebody looks."""

    def __init__(self, text: str) -> None:
        self.text = text

    def canonical(self) -> str:
        """As it is recorded; see `serving.audit.canonical`."""
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


def written(columns: Mapping[str, NDArray[Any]], n: int) -> list[Written]:
    """Objects of one value a column, n of them. columns: float64, or object of str and None.

    NaN is null.

    Raises:
        ValueError: infinite numbers.
    """
    names, between = _form(tuple(map(str, columns)))
    texts = [(at, columns[name]) for at, name in enumerate(names) if columns[name].dtype == object]
    rows = _numbers([columns[name] for name in names if columns[name].dtype != object], n)
    for at, column in texts:  # in the order of the names, so each comes to its place
        for row, value in zip(rows, column.tolist(), strict=True):
            row.insert(at, canonical(value))
    return [Written(_joined(between, row)) for row in rows]


@lru_cache(64)
def _form(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names in the order of RFC 8785, and what stands before, between and behind their values."""
    order = layout(names)
    between = [f"{',' if at else '{'}{start}" for at, (_, start, _) in enumerate(order)]
    return tuple(name for name, _, _ in order), (*between, "}" if between else "{}")


def _joined(between: Sequence[str], values: Sequence[str]) -> str:
    pieces = [""] * (len(between) + len(values))
    pieces[::2], pieces[1::2] = between, values
    return "".join(pieces)


def _numbers(columns: Sequence[NDArray[np.float64]], n: int) -> list[list[str]]:
    """Canonical text of each number, row by row."""
    if not columns or not n:
        return [[] for _ in range(n)]
    block = np.concatenate(columns).reshape(len(columns), n).T
    if np.isinf(block).any():
        raise ValueError("an infinite number cannot be recorded exactly as JSON")
    return list(map(numbers, block.tolist()))


def numbers(values: list[float]) -> list[str]:
    """Canonical text of each; NaN, and what is infinite, as null."""
    text = to_json(values, inf_nan_mode="null").decode().replace(".0,", ",").replace(".0]", "]")
    told = text[1:-1].split(",") if values else []
    if any(sign in text for sign in OTHERWISE):
        return [_as_ecmascript(number) for number in told]
    return told


def _as_ecmascript(number: str) -> str:
    return canonical(float(number)) if "e" in number or number == "-0" else number
