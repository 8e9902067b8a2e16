"""Records kept as columns, one chunk a day, stacked at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Record = TypeVar("Record")


def stack(chunks: Sequence[Record]) -> Record:
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


def take(record: Record, keep: NDArray[Any]) -> Record:
    """The rows at these places (mask or positions), in that order."""
    kind: Any = type(record)
    return kind(*(getattr(record, f.name)[keep] for f in fields(kind)))  # type: ignore[no-any-return]
