"""Read one file of an extract, CSV or Parquet, as chunks of rows.

Text is decoded strictly. What is wrong with a file as a whole is an `ExtractError`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv_arrow
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionDtype

from data.contracts.table import Kind, dtype_of
from data.source_batch import no_findings
from data.sources.extracts.file_conventions import Delimiter
from data.sources.extracts.mapping import SiteMapping
from data.sources.extracts.text_encoding import (
    BLOCK_BYTES,
    CheckedText,
    ExtractError,
    check_text,
)

CHUNK_ROWS = 250_000  # rows; bounds the memory that Python's own strings take
_TEXT = dtype_of(Kind.TEXT)


class _Reader(Protocol):
    """Type of what `csv.reader` returns, which the standard library does not export."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True)
class Chunk:
    """Rows of one file.

    Attributes:
        cells: trimmed texts, or the values that Parquet holds.
        ragged: row -> fields, for rows of another width than the header.
        findings: cells that could not be read before, by canonical column.
    """

    cells: pd.DataFrame
    lines: NDArray[np.int64]
    ragged: dict[int, int] = field(default_factory=dict)
    findings: pd.DataFrame = field(default_factory=no_findings)


@dataclass(frozen=True)
class OpenedFile:
    """A file with its header read.

    Attributes:
        name: name as a person would say it.
    """

    name: str
    header: tuple[str, ...]
    chunks: Iterator[Chunk]


def open_file(path: Path, name: str, mapping: SiteMapping) -> OpenedFile:
    """Return the file's header, and its rows as chunks that are read on demand."""
    if path.suffix == ".parquet":
        return _open_parquet(path, name)
    text = check_text(path, name, mapping.encoding)
    header = next((row for row in _csv_rows(path, text, mapping) if row), None)
    if header is None:
        raise ExtractError(f"{name} is empty: it has no header")
    columns = tuple(cell.strip() for cell in header)
    plain = text.plain and len(set(columns)) == len(columns)
    read = _read_plain_csv if plain else _read_quoted_csv
    return OpenedFile(name, columns, read(path, text, columns, name, mapping))


def _csv_rows(path: Path, text: CheckedText, mapping: SiteMapping) -> Iterator[list[str]]:
    with path.open(encoding=text.encoding, newline="") as file:
        yield from csv.reader(file, delimiter=mapping.delimiter)


def require_columns(opened: OpenedFile, needed: Sequence[str], mapping: SiteMapping) -> None:
    """Require columns in the header, and every column of it once.

    Raises:
        ExtractError: naming the column, or the delimiter that the file has instead.
    """
    there = opened.header
    if not set(there) & set(needed):
        _check_delimiter(opened, needed, mapping)
    for column, times in Counter(there).items():
        if times > 1:
            raise ExtractError(f"{opened.name}: column {column} is there {times} times")
    if missing := [column for column in needed if column not in there]:
        raise ExtractError(
            f"{opened.name} has no column {', '.join(missing)}; it has {', '.join(there)}"
        )


def _check_delimiter(opened: OpenedFile, needed: Sequence[str], mapping: SiteMapping) -> None:
    """Refuse a header that another delimiter divides: into needed columns, or one into several."""
    one_of_any = len(opened.header) == 1 and not needed
    header_line = mapping.delimiter.join(opened.header)
    for other in Delimiter:
        fields = [field.strip().strip('"') for field in header_line.split(other)]
        if set(fields) & set(needed) or (one_of_any and len(fields) > 1):
            raise ExtractError(
                f"{opened.name}: the delimiter is {str(other)!r}, the mapping says "
                f"{str(mapping.delimiter)!r}"
            )


def _open_parquet(path: Path, name: str) -> OpenedFile:
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise ExtractError(f"{name} is not a Parquet file: {error}") from None
    return OpenedFile(name, tuple(file.schema_arrow.names), _parquet_chunks(file, name))


def _parquet_chunks(file: pq.ParquetFile, name: str) -> Iterator[Chunk]:
    """Yield chunks of rows; one without rows where there are none, which has the types."""
    if not file.metadata.num_rows:
        empty = file.schema_arrow.empty_table()
        yield Chunk(cells_of(empty, name), np.empty(0, dtype=np.int64))
    row = 1
    for batch in file.iter_batches(CHUNK_ROWS):
        lines = np.arange(row, row + batch.num_rows, dtype=np.int64)
        row += batch.num_rows
        yield Chunk(cells_of(pa.Table.from_batches([batch]), name), lines)


def cells_of(table: pa.Table, name: str) -> pd.DataFrame:
    """Return typed columns as cells in which nothing is lost where some are missing.

    Raises:
        ExtractError: naming a column of bytes that are no text.
    """
    plain = pa.table(
        {column: _plain_values(table[column], column, name) for column in table.column_names}
    )
    cells: pd.DataFrame = plain.to_pandas(types_mapper=_cell_type)
    return cells


def _plain_values(values: pa.ChunkedArray, column: str, name: str) -> pa.ChunkedArray:
    """Return values without dictionaries; texts that are kept as bytes are texts."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        try:
            return values.cast(pa.string())
        except pa.ArrowInvalid:
            raise ExtractError(f"{name}: column {column} holds bytes that are not utf-8") from None
    return values


def _cell_type(kind: pa.DataType) -> ExtensionDtype | None:
    """Return the type of cells in which nothing is lost where some are missing."""
    if pa.types.is_boolean(kind):
        return pd.BooleanDtype()
    if pa.types.is_integer(kind):
        return pd.UInt64Dtype() if pa.types.is_uint64(kind) else pd.Int64Dtype()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _TEXT  # type: ignore[no-any-return]
    if pa.types.is_decimal(kind) or pa.types.is_date(kind):
        return pd.ArrowDtype(kind)
    return None


def _read_plain_csv(
    path: Path, text: CheckedText, header: tuple[str, ...], name: str, mapping: SiteMapping
) -> Iterator[Chunk]:
    """Yield the rows of a text in which every line is a row.

    Several times as fast as the reader that copes with anything, which takes over at the first
    row of another width than the header.
    """
    line = 2
    try:
        reader = csv_arrow.open_csv(
            path,
            csv_arrow.ReadOptions(
                use_threads=False,
                column_names=header,
                skip_rows=1,
                block_size=BLOCK_BYTES,
                encoding=text.encoding.removesuffix("-sig"),
            ),
            csv_arrow.ParseOptions(delimiter=mapping.delimiter, quote_char=False),
            csv_arrow.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
        )
        for batch in reader:
            cells = {column: trimmed_texts(batch[column]) for column in header}
            lines = np.arange(line, line + batch.num_rows, dtype=np.int64)
            yield Chunk(pd.DataFrame(cells), lines)
            line += batch.num_rows
    except pa.ArrowInvalid:  # some line has more or fewer fields, or there are no rows
        yield from _read_quoted_csv(path, text, header, name, mapping, first_line=line)


def _read_quoted_csv(
    path: Path,
    text: CheckedText,
    header: tuple[str, ...],
    name: str,
    mapping: SiteMapping,
    first_line: int = 0,
) -> Iterator[Chunk]:
    """Yield the rows from that line on, whatever they hold."""
    rows: list[Sequence[str | None]] = []
    lines: list[int] = []
    ragged: dict[int, int] = {}
    with path.open(encoding=text.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=mapping.delimiter)
        next((row for row in reader if row), None)  # the header
        for line, row in _number_rows(reader, name):
            if line < first_line:
                continue
            if len(row) != len(header):
                ragged[len(rows)] = len(row)
            rows.append(row if len(row) == len(header) else _fit_to_header(row, len(header)))
            lines.append(line)
            if len(rows) == CHUNK_ROWS:
                yield _build_chunk(rows, lines, header, ragged)
                rows, lines, ragged = [], [], {}
    if rows:
        yield _build_chunk(rows, lines, header, ragged)


def _number_rows(reader: _Reader, name: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the line they begin on."""
    line = reader.line_num + 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise ExtractError(f"{name} line {line}: {error}; is a quote never closed?") from None


def _fit_to_header(row: list[str], width: int) -> Sequence[str | None]:
    """Fit a row to the header: surplus fields are joined to the last one, unchanged."""
    if len(row) < width:
        return [*row, *[None] * (width - len(row))]
    return [*row[: width - 1], " | ".join(row[width - 1 :])]


def _build_chunk(
    rows: list[Sequence[str | None]],
    lines: list[int],
    header: tuple[str, ...],
    ragged: dict[int, int],
) -> Chunk:
    columns = {
        name: trimmed_texts(pa.array(values, pa.string()))
        for name, values in zip(header, zip(*rows, strict=True), strict=True)
    }
    return Chunk(pd.DataFrame(columns), np.array(lines, dtype=np.int64), ragged)


def trimmed_texts(values: pa.Array | pa.ChunkedArray) -> pd.Series:
    """Return texts without blanks around them."""
    trimmed = pc.utf8_trim_whitespace(values)
    return pd.Series(pd.arrays.ArrowExtensionArray(trimmed)).astype(_TEXT)
