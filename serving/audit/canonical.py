"""RFC 8785 canonical JSON: one text for one content, every number to the last bit.

Equal to the `rfc8785` package, which the tests hold it against, and many times as fast: the
record of a recommendation is some thirty kilobytes, and writing it is what a caller waits for.
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
        ValueError: numbers that are not finite, whole numbers beyond 2**53 that are not
            the text of a float, other types.
    """
    text = WRITERS.get(type(value), _refused)(value)
    if not text.isascii():
        text.encode()  # a lone surrogate has no UTF-8, and so no canonical text
    return text


def _refused(value: Any) -> str:
    raise ValueError(f"{value!r} cannot be recorded exactly as JSON")


def _whole(value: int) -> str:
    if -EXACT < value < EXACT:
        return str(value)
    # The number 1e16 is written 10000000000000000, and that is read back as a whole one.
    try:
        text = _float(float(value))
    except OverflowError:
        return _refused(value)
    return text if text == str(value) else _refused(value)


def _float(value: float) -> str:
    """As ECMAScript writes it: Python agrees but for whole numbers and exponents."""
    text = repr(value)
    if text[-2:] == ".0":
        return text[:-2] if value else "0"
    if "e" in text or "n" in text:
        return rfc8785.dumps(value).decode()
    return text


def _object(value: Mapping[str, Any]) -> str:
    try:
        names = sorted(value)
        if not "".join(names).isascii():
            # Names are ordered by UTF-16 units; for ASCII that is the order of the text itself.
            names.sort(key=lambda name: name.encode("utf-16-be"))
    except TypeError:
        return _refused(value)
    parts = [
        f"{encode_basestring(name)}:{WRITERS.get(type(item := value[name]), _refused)(item)}"
        for name in names
    ]
    return "{" + ",".join(parts) + "}"


def _list(value: Sequence[Any]) -> str:
    return "[" + ",".join([WRITERS.get(type(item), _refused)(item) for item in value]) + "]"


WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    float: _float,
    int: _whole,
    dict: _object,
    list: _list,
    tuple: _list,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
}
"""What writes each type; a look-up and a call is all that a value costs."""
