"""Check the bytes of a text file strictly, before any of its rows is read.

The file is read in blocks, so that a file of any size takes little memory.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.sources.extracts.file_conventions import Encoding

BLOCK_BYTES = 1 << 24
_BOM = codecs.BOM_UTF8
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BLANK = re.compile(rb"\n[ \t]*\r?\n")


class ExtractError(ValueError):
    """A file that cannot be read as its mapping says."""


@dataclass(frozen=True)
class CheckedText:
    """Properties of a text file whose bytes are in its encoding.

    Attributes:
        plain: it has no quotes, no blank lines and no lone carriage return, so a line is a row.
    """

    encoding: str
    plain: bool


def check_text(path: Path, name: str, encoding: Encoding) -> CheckedText:
    """Read a file once and return how to read its rows.

    Raises:
        ExtractError: where the bytes are not in that encoding, or plainly in another one.
    """
    _refuse_other_marks(path, name, encoding)
    checks = (_Decoding(name, encoding), _Lines())
    foreign = None if encoding is Encoding.UTF8 else _ForeignLetters()
    for block in _blocks(path):
        for check in checks:
            check.add(block)
        if foreign:
            foreign.add(block)
    checks[0].end()
    if foreign and foreign.found:
        raise ExtractError(
            f"{name} has letters in utf-8, the mapping says encoding = {str(encoding)!r}; "
            "set 'utf-8'"
        )
    python = "utf-8-sig" if encoding is Encoding.UTF8 else str(encoding)
    return CheckedText(python, checks[1].plain)


def _refuse_other_marks(path: Path, name: str, encoding: Encoding) -> None:
    with path.open("rb") as file:
        start = file.read(len(_BOM))
    says = f"the mapping says encoding = {str(encoding)!r}"
    if start.startswith(_UTF16):
        choices = ", ".join(Encoding)
        raise ExtractError(f"{name} is utf-16, {says}; write the extract as one of {choices}")
    if start == _BOM and encoding is not Encoding.UTF8:
        raise ExtractError(f"{name} begins with a utf-8 byte order mark, {says}; set 'utf-8'")


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file without a byte order mark."""
    with path.open("rb") as file:
        first = file.read(BLOCK_BYTES).removeprefix(_BOM)
        yield first
        while block := file.read(BLOCK_BYTES):
            yield block


class _Decoding:
    """Decode blocks strictly, and say on which line that fails."""

    def __init__(self, name: str, encoding: Encoding) -> None:
        self._name, self._encoding = name, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._line = 1

    def add(self, block: bytes) -> None:
        pending = self._decoder.getstate()[0]
        self._decode(block, pending)
        self._line += block.count(b"\n")

    def end(self) -> None:
        self._decode(b"", self._decoder.getstate()[0], final=True)

    def _decode(self, block: bytes, pending: bytes, *, final: bool = False) -> None:
        try:
            self._decoder.decode(block, final)
        except UnicodeDecodeError as error:
            bad = (pending + block)[error.start]
            line = self._line + (pending + block).count(b"\n", 0, error.start)
            others = " or ".join(repr(str(e)) for e in Encoding if e is not self._encoding)
            raise ExtractError(
                f"{self._name} line {line}: byte 0x{bad:02X} is not {self._encoding}; "
                f"set encoding = {others} in the mapping"
            ) from None


class _ForeignLetters:
    """Find a file that is utf-8 though it is said to be of one byte a letter."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._ascii, self._utf8 = True, True

    def add(self, block: bytes) -> None:
        self._ascii = self._ascii and block.isascii()
        if not self._utf8:
            return
        try:
            self._decoder.decode(block)
        except UnicodeDecodeError:
            self._utf8 = False

    @property
    def found(self) -> bool:
        complete = not self._decoder.getstate()[0]
        return self._utf8 and complete and not self._ascii


class _Lines:
    """Find what makes a line and a row two things."""

    def __init__(self) -> None:
        self.plain = True
        self._end = b"\n"  # from the last line break on

    def add(self, block: bytes) -> None:
        text = self._end + block
        returns = text.count(b"\r") - text.endswith(b"\r")
        odd = b'"' in block or returns != text.count(b"\r\n") or _BLANK.search(text)
        self.plain = self.plain and not odd
        self._end = text[max(text.rfind(b"\n"), 0) :]
