"""CSV after RFC 4180, in UTF-8, that no spreadsheet program takes for a formula."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from serving.audit.canonical import canonical
from serving.audit.export.column import Column

FORMULA = "=+-@"
ENDS = "\t\r\n"
NOTES = (
    "RFC 4180, UTF-8 without a byte order mark, lines end in CR LF, the first line names the "
    "columns. Text is always quoted; a field that is empty and not quoted was not recorded. A text "
    "that a spreadsheet program could take for a formula (it begins, after spaces and invisible "
    "characters, with = + - @, their full-width or small forms, a tab or a line end) and a text "
    "that begins with an apostrophe have one apostrophe put before them: take it away to get what "
    "was recorded. Numbers are never quoted or changed. Open the file with commas as separators; "
    "cells longer than 32,767 characters are cut by some programs."
)


def neutral(text: str) -> str:
    """The text, with an apostrophe before it where it could be read as a formula.

    After OWASP, CSV injection. Texts with an apostrophe of their own get another one, so that
    taking one away always gives what was recorded.
    """
    return f"'{text}" if text.startswith("'") or _formula(text) else text


def _formula(text: str) -> bool:
    for character in text:
        if character in ENDS:
            return True
        if character.isspace() or unicodedata.category(character) in {"Cf", "Cc"}:
            continue
        return unicodedata.normalize("NFKC", character)[0] in FORMULA
    return False


class CsvFile:
    """Rows written to a CSV file as they come."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self.file: TextIO = path.open("w", encoding="utf-8", newline="")
        self._line([column.name for column in columns])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Append rows of typed values."""
        for row in rows:
            self._line(row)

    def close(self) -> None:
        """No more rows."""
        self.file.close()

    def _line(self, values: Sequence[Any]) -> None:
        self.file.write(",".join(map(_field, values)) + "\r\n")


def _field(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case str():
            return '"' + neutral(value).replace('"', '""') + '"'
        case _:
            return canonical(value)
