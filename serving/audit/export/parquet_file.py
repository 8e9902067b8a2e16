"""Parquet: the same rows with their types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from serving.audit.export.column import Column, Type

TYPES: Mapping[Type, pa.DataType] = {
    Type.TEXT: pa.string(),
    Type.WHOLE: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.FLAG: pa.bool_(),
    Type.MOMENT: pa.timestamp("us", tz="UTC"),
}


def schema(columns: Sequence[Column]) -> pa.Schema:
    """The columns as Arrow has them; each carries its meaning."""
    return pa.schema(
        [pa.field(c.name, TYPES[c.type], metadata={"meaning": c.meaning}) for c in columns]
    )


class ParquetFile:
    """Rows written to a Parquet file as they come, a row group a batch."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self.schema = schema(columns)
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
