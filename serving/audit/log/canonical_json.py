"""RFC 8785 canonical JSON: one text for one value, every number exact to the last bit.

Gives the same text as the `rfc8785` package, which the tests compare it with, and is many times as
fast: a recommendation is recorded in some twenty kilobytes, and the caller waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import rfc8785

SAFE_INTEGER_LIMIT = 2**53
CANONICAL_METHOD = "canonical"
"""Name of the method by which a value of another type returns its own canonical text."""
MAX_PLAIN_EXPONENT, MIN_PLAIN_EXPONENT = 21, -6  # of ECMA-262: beyond them a number has an exponent


def canonicalize(value: Any) -> str:
    """Return the canonical text of null, booleans, numbers, text, lists and objects.

    Raises:
        ValueError: a number is not finite, an integer beyond 2**53 is not the text of a float, or
            a value is of another type.
    """
    text = WRITERS.get(type(value), _reject)(value)
    if not text.isascii():
        text.encode()  # a lone surrogate has no UTF-8, and so no canonical text
    return text


def _reject(value: Any) -> str:
    method: Callable[[Any], str] | None = getattr(type(value), CANONICAL_METHOD, None)
    if method is not None:
        return method(value)
    raise ValueError(f"{value!r} cannot be recorded exactly as JSON")


def _integer(value: int) -> str:
    if -SAFE_INTEGER_LIMIT < value < SAFE_INTEGER_LIMIT:
        return str(value)
    # The float 1e16 is written 10000000000000000, which is read back as an integer.
    try:
        text = _float(float(value))
    except OverflowError:
        return _reject(value)
    return text if text == str(value) else _reject(value)


def _float(value: float) -> str:
    """Return a float as ECMAScript writes it; Python differs in integral values and exponents."""
    text = repr(value)
    if text[-2:] == ".0":
        return text[:-2] if value else "0"
    if "e" in text:
        return _ecmascript_exponent(text)
    if "n" in text:
        return rfc8785.dumps(value).decode()  # raises: neither infinity nor NaN is JSON
    return text


def _ecmascript_exponent(text: str) -> str:
    """Rewrite Python's text of a float with an exponent as ECMA-262 does (Number::toString)."""
    mantissa, _, power = text.partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    first, _, rest = mantissa.partition(".")
    digits, point = first + rest, int(power) + 1
    if len(digits) <= point <= MAX_PLAIN_EXPONENT:
        return sign + digits + "0" * (point - len(digits))
    if MIN_PLAIN_EXPONENT < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{rest}" if rest else ""
    return f"{sign}{first}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def _object(value: Mapping[str, Any]) -> str:
    try:
        order = member_layout(tuple(value))
    except TypeError:
        return _reject(value)
    parts = [
        empty if (item := value[name]) is None else start + WRITERS.get(type(item), _reject)(item)
        for name, start, empty in order
    ]
    return "{" + ",".join(parts) + "}"


@lru_cache(4096)
def member_layout(names: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Return each name of an object in canonical order, with its text and its text for null.

    Cached, because the objects of a payload have the same names in each entry.
    """
    ordered = sorted(names)
    if not "".join(names).isascii():
        # Names are ordered by UTF-16 units; for ASCII that is the order of the text itself.
        ordered.sort(key=lambda name: name.encode("utf-16-be"))
    starts = [f"{encode_basestring(name)}:" for name in ordered]
    return tuple((name, start, f"{start}null") for name, start in zip(ordered, starts, strict=True))


def _list(value: Sequence[Any]) -> str:
    return "[" + ",".join([WRITERS.get(type(item), _reject)(item) for item in value]) + "]"


WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    float: _float,
    int: _integer,
    dict: _object,
    list: _list,
    tuple: _list,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
}
"""Writer of each type: serialising a value takes one look-up and one call."""
