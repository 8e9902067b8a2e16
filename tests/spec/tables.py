"""ASCII tables: specifications that a person reads and the tests run.

supplier_id | known_at   | days_late
------------+------------+----------
acme        | 2026-02-01 | 0
acme        | 2026-03-01 |              <- an empty cell is missing
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import pandas as pd

from data.contracts.catalogue import TABLES
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind
from features.cases import Cases, CaseShape, Children, case_array


class Answered(Protocol):
    """Columns by name: a frame, or what computes them when they are read."""

    def __len__(self) -> int: ...

    def __getitem__(self, name: str) -> pd.Series: ...


def cells(text: str) -> pd.DataFrame:
    """The table as strings, None where a cell is empty. Lines of dashes are ignored."""
    lines = [line.strip() for line in text.strip().splitlines()]
    rows = [
        [cell.strip() or None for cell in line.split("|")] for line in lines if line.strip("-+ ")
    ]
    return pd.DataFrame(rows[1:], columns=rows[0], dtype=object)


def canonical(name: str, text: str) -> pd.DataFrame:
    """A canonical table. Ids left out are numbered; a clock left out shows the other one."""
    table, frame = TABLES[name], cells(text)
    unknown = set(frame.columns) - set(table.columns)
    assert not unknown, f"{name} has no column {unknown}; it has {', '.join(table.columns)}"
    for column in table.key:
        if column.kind is Kind.TEXT and column not in frame:
            frame[str(column)] = [f"{column}-{number}" for number in range(len(frame))]
    for absent, present in ((HAPPENED_AT, KNOWN_AT), (KNOWN_AT, HAPPENED_AT)):
        if absent not in frame:
            frame[str(absent)] = frame[present]
    typed = {c: typed_column(c, frame[c]) for c in table.columns if c in frame}
    return table.conform(pd.DataFrame(typed, index=frame.index))


def typed_column(column: Column, values: pd.Series) -> pd.Series:
    match column.kind:
        case Kind.MOMENT:
            return pd.to_datetime(values, utc=True, format="ISO8601").astype("datetime64[us, UTC]")
        case Kind.NUMBER:
            return values.astype("float64")
        case Kind.FLAG:
            return values.map({"yes": True, "no": False}).astype("boolean")
        case Kind.TEXT:
            return values


def cases(
    shape: CaseShape, text: str, children: dict[str, str], history: Mapping[str, np.ndarray]
) -> Cases:
    """Cases of a shape from a table with `asked_at` and any of the shape's columns.

    children: tables with `row` (number of the case, from 0) and any of the child's columns.
    """
    frame = cells(text)
    asked_at = moments(frame["asked_at"])
    return Cases(
        asked_at=asked_at,
        as_of=asked_at.astype("datetime64[D]"),
        columns=arrays(shape.columns, frame),
        children={
            name: child_rows(columns, children.get(name, "row"), len(frame))
            for name, columns in shape.children.items()
        },
        history=history,
    )


def child_rows(columns: tuple[Column, ...], text: str, n: int) -> Children:
    frame = cells(text)
    return Children(frame["row"].to_numpy(dtype=np.int64), arrays(columns, frame), n)


def arrays(columns: tuple[Column, ...], frame: pd.DataFrame) -> dict[str, np.ndarray]:
    absent = pd.Series([None] * len(frame), dtype=object)
    return {str(c): array(c, frame.get(c, absent)) for c in columns}


def array(column: Column, values: pd.Series) -> np.ndarray:
    match column.kind:
        case Kind.MOMENT:
            return moments(values)
        case Kind.FLAG:
            return case_array(column, values.map({"yes": 1.0, "no": 0.0}).tolist())
        case Kind.TEXT | Kind.NUMBER:
            return case_array(column, values.tolist())


def moments(values: pd.Series) -> np.ndarray:
    found = pd.to_datetime(values, format="ISO8601").astype("datetime64[us]")
    return found.to_numpy()


def expect(answer: Answered, text: str) -> None:
    """The answer has these rows, in these columns; numbers as close as they are written."""
    wanted = cells(text)
    assert len(answer) == len(wanted), f"{len(answer)} rows instead of {len(wanted)}"
    for name in wanted.columns:
        got = [written(value, like) for value, like in zip(answer[name], wanted[name], strict=True)]
        assert got == wanted[name].tolist(), f"{name}: {answer[name].tolist()}"


def written(value: object, like: str | None) -> str | None:
    """The value as text, with as many decimals as the text it is compared with."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, str) or like is None:
        return str(value)
    return f"{value:.{len(like.partition('.')[2])}f}"
