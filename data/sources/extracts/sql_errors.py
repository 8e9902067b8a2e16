"""Say what is wrong with the SQL of a mapping: where, what, and what there is instead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import duckdb

from data.sources.extracts.text_encoding import ExtractError

_LINE = re.compile(r"\n\s*\nLINE (\d+): .*", re.DOTALL)
_CARET = re.compile(r"\n(?P<label>LINE \d+: )(?P<shown>.*)\n(?P<indent> *)\^")
AROUND = 24
"""Characters of the SQL that a message shows before the place of an error, and after it."""
_NO_COLUMN = (
    re.compile(r'Referenced column "(?P<name>.+?)" not found'),
    re.compile(r'Table "(?P<table>.+?)" does not have a column named "(?P<name>.+?)"'),
    re.compile(r'Referenced table "(?P<name>.+?)" not found'),
)
_NO_TABLE = re.compile(r"Table with name (?P<name>\S+) does not exist")
_NO_FUNCTION = re.compile(r"Function with name (?P<name>\S+) does not exist")
MACROS = "number, day, moment, file_day, local_midnight, param"


def sql_error(
    where: str,
    error: Exception,
    named: Sequence[str],
    tables: Mapping[str, Sequence[str]],
) -> ExtractError:
    """Return the error of a SELECT in words.

    Args:
        where: source, table and file of the SELECT.
        error: what DuckDB found.
        named: raw tables that the SELECT names.
        tables: raw table -> columns.
    """
    text = str(error)
    found = _LINE.search(text)
    line = f" line {found[1]}" if found else ""
    return ExtractError(f"{where}{line}: {_in_words(error, _LINE.sub('', text), named, tables)}")


def _in_words(
    error: Exception, text: str, named: Sequence[str], tables: Mapping[str, Sequence[str]]
) -> str:
    if isinstance(error, duckdb.PermissionException):
        return "reads a file or another database; SQL of a mapping reads its raw tables only"
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"takes more memory than it may ({_plain(text)})"
    if isinstance(error, duckdb.ParserException):
        return f"is not SQL: {_plain(text)}{_around(str(error))}"
    return _unknown_name(text, named, tables) or _plain(text)


def _unknown_name(
    text: str, named: Sequence[str], tables: Mapping[str, Sequence[str]]
) -> str | None:
    if found := _NO_TABLE.search(text):
        there = ", ".join(tables) or "none"
        name = found["name"].strip(chr(34))
        return f"there is no raw table {name!r}; there are {there}; [raw.{name}] adds its files"
    if found := _NO_FUNCTION.search(text):
        return f"there is no function {found['name']!r}; beside DuckDB's there are {MACROS}"
    for pattern in _NO_COLUMN:
        if found := pattern.search(text):
            there = "; ".join(f"{table} has {', '.join(tables[table])}" for table in named)
            return f"there is no column {found['name']!r}; {there or 'no raw table is named'}"
    return None


def _around(text: str) -> str:
    """Return the SQL around the place that DuckDB points at; empty where it points at none."""
    found = _CARET.search(text)
    if found is None:
        return ""
    shown = found["shown"]
    place = len(found["indent"]) - len(found["label"])
    first, last = max(place - AROUND, 0), place + AROUND
    before, after = "..." if first else "", "..." if last < len(shown) else ""
    return f" in: {before}{shown[first:last].strip('.')}{after}"


def _plain(text: str) -> str:
    """Return DuckDB's words without the name of its error and without its other candidates."""
    first = text.partition("\n")[0].strip()
    return re.sub(r"^[A-Z][A-Za-z -]*Error: (?:Error: )?", "", first)


def check_statement(where: str, text: str) -> None:
    """Require one SELECT.

    Raises:
        ExtractError: naming what it is instead.
    """
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise sql_error(where, error, (), {}) from None
    kinds = [statement.type.name for statement in statements]
    if kinds != ["SELECT"]:
        found = " and ".join(kinds) or "nothing"
        raise ExtractError(f"{where}: takes one SELECT, got {found}")
