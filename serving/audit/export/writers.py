"""Write export rows as CSV (RFC 4180, formula-safe) or Parquet."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TextIO, assert_never

import pyarrow as pa
import pyarrow.parquet as pq

from serving.audit.export.columns import Column, ColumnType
from serving.audit.export.manifest import ExportFile
from serving.audit.log.canonical_json import canonicalize

FORMULA_CHARACTERS = "=+-@"
LINE_CHARACTERS = "\t\r\n"
CSV_NOTES = (
    "RFC 4180, UTF-8 without a byte order mark, lines end in CR LF, the first line names the "
    "columns. Text is always quoted; a field that is empty and not quoted was not recorded. A text "
    "that a spreadsheet program could take for a formula (it begins, after spaces and invisible "
    "characters, with = + - @, their full-width or small forms, a tab or a line end) and a text "
    "that begins with an apostrophe have one apostrophe put before them: take it away to get what "
    "was recorded. Numbers are never quoted or changed. Open the file with commas as separators; "
    "cells longer than 32,767 characters are cut by some programs."
)


def escape_formula(text: str) -> str:
    """Return the text, with an apostrophe before it if it could be read as a formula.

    After OWASP, CSV injection. Texts with an apostrophe of their own get another one, so that
    taking one away always gives what was recorded.
    """
    return f"'{text}" if text.startswith("'") or _is_formula(text) else text


def _is_formula(text: str) -> bool:
    for character in text:
        if character in LINE_CHARACTERS:
            return True
        if character.isspace() or unicodedata.category(character) in {"Cf", "Cc"}:
            continue
        return unicodedata.normalize("NFKC", character)[0] in FORMULA_CHARACTERS
    return False


class CsvWriter:
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
        self.file.write(",".join(map(_csv_field, values)) + "\r\n")


def _csv_field(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case str():
            return '"' + escape_formula(value).replace('"', '""') + '"'
        case _:
            return canonicalize(value)


ARROW_TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.WHOLE: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.FLAG: pa.bool_(),
    ColumnType.MOMENT: pa.timestamp("us", tz="UTC"),
}


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the Arrow schema of the columns; each field carries its meaning."""
    return pa.schema(
        [pa.field(c.name, ARROW_TYPES[c.type], metadata={"meaning": c.meaning}) for c in columns]
    )


class ParquetWriter:
    """Rows written to a Parquet file as they come, a row group a batch."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self.schema = arrow_schema(columns)
        self.writer = pq.ParquetWriter(path, self.schema, compression="zstd")

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Append rows of typed values."""
        arrays = [
            pa.array(values, field.type)
            for values, field in zip(zip(*rows, strict=True), self.schema, strict=True)
        ]
        self.writer.write_batch(pa.record_batch(arrays, schema=self.schema))

    def close(self) -> None:
        """No more rows."""
        self.writer.close()


class ExportFormat(StrEnum):
    """Format of the export files."""

    PARQUET = "parquet"
    CSV = "csv"


class RowWriter(Protocol):
    """A file that rows are written to."""

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Append rows of typed values."""

    def close(self) -> None:
        """No more rows."""


def open_writer(file: ExportFile, form: ExportFormat) -> RowWriter:
    """Return the writer of that format."""
    match form:
        case ExportFormat.PARQUET:
            return ParquetWriter(file.path, file.columns)
        case ExportFormat.CSV:
            return CsvWriter(file.path, file.columns)
        case _:
            assert_never(form)
