"""Read and write a training set as one Parquet file, bit for bit.

Numbers are written as they are: NaN stays the NaN it was and is not made a null, and no
dictionary is built of numbers, for that would make one of all kinds of NaN and of both zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models.training_set import TrainingSet

INPUT_PREFIX, SEGMENT_PREFIX, RULE_PREFIX = "input ", "segment ", "rule "
REQUIRED_COLUMNS = ("label", "asked_at", "matured_at", "group", "site")
OPTIONAL_COLUMNS = ("target", "weight", "told_by")


def write_training_set(training: TrainingSet, path: Path) -> None:
    """Write the set; the same set makes the same file, to the byte."""
    columns = dict(_columns(training))
    table = pa.table({name: _arrow(values) for name, values in columns.items()})
    texts = [name for name, values in columns.items() if values.dtype == object]
    pq.write_table(table, path, compression="zstd", use_dictionary=texts)


def read_training_set(path: Path) -> TrainingSet:
    """The set that `write_training_set` wrote.

    Raises:
        OSError, pyarrow.ArrowInvalid: for a file that cannot be read.
        KeyError: for a file that lacks a column.
    """
    table = pq.read_table(path)
    found = {name: _array(table[name]) for name in table.column_names}
    # Series by Series: pandas would read texts as a type of its own.
    inputs = {
        name: pd.Series(values, dtype=values.dtype) for name, values in _named(found, INPUT_PREFIX)
    }
    arrays: dict[str, Any] = {name: found[name] for name in REQUIRED_COLUMNS}
    arrays |= {name: found.get(name) for name in OPTIONAL_COLUMNS}
    return TrainingSet(
        inputs=pd.DataFrame(inputs, index=range(table.num_rows)),
        segments=dict(_named(found, SEGMENT_PREFIX)),
        rules=dict(_named(found, RULE_PREFIX)),
        **arrays,
    )


def _columns(training: TrainingSet) -> Iterator[tuple[str, NDArray[Any]]]:
    for name in training.inputs:
        yield f"{INPUT_PREFIX}{name}", training.inputs[name].to_numpy()
    for start, named in ((SEGMENT_PREFIX, training.segments), (RULE_PREFIX, training.rules)):
        for name, values in named.items():
            yield f"{start}{name}", values
    for name in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS):
        values = getattr(training, name)
        if values is not None:
            yield name, values


def _arrow(values: NDArray[Any]) -> pa.Array:
    if values.dtype == object:
        return pa.array(values, pa.string(), from_pandas=True)
    return pa.array(values, from_pandas=False)


def _named(found: dict[str, NDArray[Any]], start: str) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, values in found.items():
        if name.startswith(start):
            yield name.removeprefix(start), values


def _array(column: pa.ChunkedArray) -> NDArray[Any]:
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False))
