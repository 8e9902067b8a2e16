"""Bytes to text: what does not fit the declared encoding is an error, never gibberish."""

from __future__ import annotations

from data.sources.fields import Encoding

_BOM = b"\xef\xbb\xbf"


class ExtractError(ValueError):
    """A file that cannot be read as its mapping says."""


def decoded(data: bytes, name: str, encoding: Encoding) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        ExtractError: where the bytes are not in that encoding, or plainly in another one.
    """
    says = f"the mapping says encoding = {str(encoding)!r}"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        choices = ", ".join(Encoding)
        raise ExtractError(f"{name} is utf-16, {says}; write the extract as one of {choices}")
    if encoding is Encoding.UTF8:
        return _strictly(data.removeprefix(_BOM), name, encoding)
    if data.startswith(_BOM):
        raise ExtractError(f"{name} begins with a utf-8 byte order mark, {says}; set 'utf-8'")
    if not data.isascii() and _is_utf8(data):
        raise ExtractError(f"{name} has letters in utf-8, {says}; set 'utf-8'")
    return _strictly(data, name, encoding)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _strictly(data: bytes, name: str, encoding: Encoding) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        others = " or ".join(repr(str(e)) for e in Encoding if e is not encoding)
        raise ExtractError(
            f"{name} line {line}: byte 0x{data[error.start]:02X} is not {encoding}; "
            f"set encoding = {others} in the mapping"
        ) from None
