"""Records kept as columns of arrays, and text columns built a million values at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.contracts.table import Kind, dtype_of

Record = TypeVar("Record")


def concatenate_records(chunks: Sequence[Record]) -> Record:
    """Chunks of the same record, one below the other.

    Raises:
        ValueError: where there is no chunk at all.
    """
    if not chunks:
        raise ValueError("no chunks to stack")
    kind: Any = type(chunks[0])
    return kind(  # type: ignore[no-any-return]
        *(np.concatenate([getattr(chunk, f.name) for chunk in chunks]) for f in fields(kind))
    )


def take_rows(record: Record, keep: NDArray[Any]) -> Record:
    """The rows at these places (mask or positions), in that order."""
    kind: Any = type(record)
    return kind(*(getattr(record, f.name)[keep] for f in fields(kind)))  # type: ignore[no-any-return]


def numbered_ids(prefix: str, numbers: NDArray[Any], width: int) -> pd.Series:
    """`prefix` and the number, padded with zeros to a width; missing below zero."""
    values = pa.array(numbers.astype(np.int64), mask=numbers < 0)
    padded = pc.utf8_lpad(pc.cast(values, pa.string()), width=width, padding="0")
    return _text_series(pc.binary_join_element_wise(pa.scalar(prefix), padded, ""))


def decoded_text(values: Sequence[str], codes: NDArray[Any]) -> pd.Series:
    """The value of each code; missing below zero."""
    at = pa.array(codes.astype(np.int64), mask=codes < 0)
    return _text_series(pa.array([str(value) for value in values], pa.string()).take(at))


def text_column(values: NDArray[np.object_]) -> pd.Series:
    """Text as it is; missing where None."""
    return _text_series(pa.array(values, pa.string(), from_pandas=True))


def _text_series(array: Any) -> pd.Series:
    return pd.Series(pd.array(array, dtype=dtype_of(Kind.TEXT)))
