"""Text files and Parquet files as tables of cells, with the line each row is on."""

from __future__ import annotations

import csv
import io
import re
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

from data.contracts.table import Kind, dtype_of
from data.sources.encoding import ExtractError, decoded
from data.sources.mapping import Mapping

CHUNK = 250_000  # rows; bounds the memory that Python's own strings take
_BLANK = re.compile(r"(?:\A|\n)[ \t]*\r?\n")
_TEXT = dtype_of(Kind.TEXT)


class _Reader(Protocol):
    """What `csv.reader` makes, which has no name of its own."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True)
class Chunk:
    """Rows of one file. cells: trimmed texts, or what Parquet holds. ragged: row -> fields."""

    cells: pd.DataFrame
    lines: NDArray[np.int64]
    ragged: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Opened:
    """A file with its header read. name: as a person would say it."""

    name: str
    header: tuple[str, ...]
    chunks: Iterator[Chunk]


def open_file(path: Path, name: str, mapping: Mapping) -> Opened:
    """The file's header, and its rows as chunks that are read when asked for.

    Raises:
        ExtractError: naming the file and what does not fit the mapping.
    """
    if path.suffix == ".parquet":
        return _parquet(path, name)
    text = decoded(path.read_bytes(), name, mapping.encoding)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mapping.delimiter)
    header = next((row for row in reader if row), None)
    if header is None:
        raise ExtractError(f"{name} is empty: it has no header")
    columns = tuple(cell.strip() for cell in header)
    plain = _plain(text, columns, mapping.delimiter)
    return Opened(name, columns, _chunks(reader, columns, name) if plain is None else plain)


def _parquet(path: Path, name: str) -> Opened:
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise ExtractError(f"{name} is not a Parquet file: {error}") from None
    lines = np.arange(1, table.num_rows + 1, dtype=np.int64)
    types = {pa.bool_(): pd.BooleanDtype(), pa.int64(): pd.Int64Dtype(), pa.string(): _TEXT}
    cells = table.to_pandas(types_mapper=types.get)
    return Opened(name, tuple(table.column_names), iter([Chunk(cells, lines)]))


def _plain(text: str, header: tuple[str, ...], delimiter: str) -> Iterator[Chunk] | None:
    """The rows of a text in which every line is a row of as many fields as the header.

    Several times as fast as the reader that copes with anything, which takes over for None.
    """
    odd = '"' in text or text.count("\r") != text.count("\r\n") or _BLANK.search(text)
    if odd or len(set(header)) < len(header):
        return None
    try:
        table = csv_arrow.read_csv(
            pa.py_buffer(text.encode()),
            csv_arrow.ReadOptions(use_threads=False, column_names=header, skip_rows=1),
            csv_arrow.ParseOptions(delimiter=delimiter, quote_char=False),
            csv_arrow.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
        )
    except pa.ArrowInvalid:  # some line has more or fewer fields
        return None
    return _slices(table)


def _slices(table: pa.Table) -> Iterator[Chunk]:
    for start in range(0, table.num_rows, CHUNK):
        part = table.slice(start, CHUNK)
        cells = {name: _texts(part[name]) for name in part.column_names}
        lines = np.arange(start + 2, start + 2 + part.num_rows, dtype=np.int64)
        yield Chunk(pd.DataFrame(cells), lines)


def _chunks(reader: _Reader, header: tuple[str, ...], name: str) -> Iterator[Chunk]:
    rows: list[Sequence[str | None]] = []
    lines: list[int] = []
    ragged: dict[int, int] = {}
    for line, row in _numbered(reader, name):
        if len(row) != len(header):
            ragged[len(rows)] = len(row)
        rows.append(row if len(row) == len(header) else _fitted(row, len(header)))
        lines.append(line)
        if len(rows) == CHUNK:
            yield _chunk(rows, lines, header, ragged)
            rows, lines, ragged = [], [], {}
    if rows:
        yield _chunk(rows, lines, header, ragged)


def _numbered(reader: _Reader, name: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the line they begin on."""
    line = reader.line_num + 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise ExtractError(f"{name} line {line}: {error}; is a quote never closed?") from None


def _fitted(row: list[str], width: int) -> Sequence[str | None]:
    """As many fields as the header: what is too much goes with the last one, as it stood."""
    if len(row) < width:
        return [*row, *[None] * (width - len(row))]
    return [*row[: width - 1], " | ".join(row[width - 1 :])]


def _chunk(
    rows: list[Sequence[str | None]],
    lines: list[int],
    header: tuple[str, ...],
    ragged: dict[int, int],
) -> Chunk:
    columns = {
        name: _texts(pa.array(values, pa.string()))
        for name, values in zip(header, zip(*rows, strict=True), strict=True)
    }
    return Chunk(pd.DataFrame(columns), np.array(lines, dtype=np.int64), ragged)


def _texts(values: pa.Array | pa.ChunkedArray) -> pd.Series:
    trimmed = pc.utf8_trim_whitespace(values)
    return pd.Series(pd.arrays.ArrowExtensionArray(trimmed)).astype(_TEXT)
