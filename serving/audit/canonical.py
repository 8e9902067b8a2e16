"""RFC 8785 canonical JSON: one text for one content, every number to the last bit.

Equal to the `rfc8785` package, which the tests hold it against, and several times as fast:
a batch of a thousand recommendations is some ten megabytes of record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

import rfc8785

EXACT = 2**53


def canonical(value: Any) -> str:
    """The canonical text of null, booleans, numbers, text, lists and objects.

    Raises:
        ValueError: numbers that are not finite, whole numbers beyond 2**53, other types.
    """
    written = WRITERS.get(type(value))
    if written is None:
        raise ValueError(f"{value!r} cannot be recorded exactly as JSON")
    return written(value)


def _text(value: str) -> str:
    if not value.isascii():
        value.encode()  # a lone surrogate has no UTF-8, and so no canonical text
    return str(encode_basestring(value))


def _whole(value: int) -> str:
    if abs(value) >= EXACT:
        raise ValueError(f"{value!r} cannot be recorded exactly as JSON")
    return str(value)


def _float(value: float) -> str:
    """As ECMAScript writes it: Python agrees but for whole numbers and exponents."""
    text = repr(value)
    if "e" in text or "n" in text:
        return rfc8785.dumps(value).decode()
    return "0" if value == 0 else text.removesuffix(".0")


def _object(value: Mapping[str, Any]) -> str:
    # Keys are ordered by UTF-16 units; for ASCII that is the order of the text itself.
    ascii_only = all(map(str.isascii, value))
    names = sorted(value) if ascii_only else sorted(value, key=lambda k: k.encode("utf-16-be"))
    return "{" + ",".join([f"{_text(k)}:{canonical(value[k])}" for k in names]) + "}"


def _list(value: Sequence[Any]) -> str:
    return "[" + ",".join(map(canonical, value)) + "]"


WRITERS: dict[type, Callable[[Any], str]] = {
    str: _text,
    float: _float,
    int: _whole,
    dict: _object,
    list: _list,
    tuple: _list,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
}
