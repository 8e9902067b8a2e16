"""Many alike objects of numbers as canonical JSON, all at once: a third of what `canonical` takes.

The past of a case is some hundreds of numbers, and so are its features: writing them one by one
was the largest part of an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
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
    order = layout(tuple(map(str, columns)))
    floats = [name for name, _, _ in order if columns[name].dtype == np.float64]
    texts = dict(zip(floats, _numbers([columns[name] for name in floats], n), strict=True))
    for name, _, _ in order:
        if name not in texts:
            texts[name] = tuple(map(canonical, columns[name].tolist()))
    pieces = [piece for _, start, _ in order for piece in (f",{start}", "null")]
    objects = []
    for row in zip(*(texts[name] for name, _, _ in order), strict=True):
        pieces[1::2] = row
        objects.append(Written(f"{{{''.join(pieces)[1:]}}}"))
    return objects or [Written("{}") for _ in range(n)]


def _numbers(columns: Sequence[NDArray[np.float64]], n: int) -> list[tuple[str, ...]]:
    """Canonical text of each number, column by column."""
    if not columns or not n:
        return [()] * len(columns)
    block = np.array(columns).T
    if np.isinf(block).any():
        raise ValueError("an infinite number cannot be recorded exactly as JSON")
    return list(zip(*map(numbers, block.tolist()), strict=True))


def numbers(values: list[float]) -> list[str]:
    """Canonical text of each; NaN, and what is infinite, as null."""
    text = to_json(values, inf_nan_mode="null").decode().replace(".0,", ",").replace(".0]", "]")
    told = text[1:-1].split(",") if values else []
    if any(sign in text for sign in OTHERWISE):
        return [_as_ecmascript(number) for number in told]
    return told


def _as_ecmascript(number: str) -> str:
    return canonical(float(number)) if "e" in number or number == "-0" else number
