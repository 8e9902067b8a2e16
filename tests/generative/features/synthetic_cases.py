"""Tables and cases made up from their contracts: any values that the contract allows."""

import numpy as np
import pandas as pd

from data.contracts.catalogue import TABLES
from data.contracts.sites import TIME_ZONE
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table
from features.cases import Cases, CaseShape, Children, missing_array
from features.history.stream import Stream

START, DAYS = np.datetime64("2024-01-01", "us"), 500
NAMES = [f"n{number}" for number in range(6)]
ZONES = ["Europe/Berlin", "America/Chicago", "Asia/Kolkata"]
Random = np.random.Generator


def tables(random: Random, rows: int) -> dict[str, pd.DataFrame]:
    """Every canonical table, with few names, so that rows of different tables meet."""
    return {name: table_of(random, table, rows) for name, table in TABLES.items()}


def table_of(random: Random, table: Table, rows: int) -> pd.DataFrame:
    frame = {str(c): values(random, c, rows) for c in table.columns}
    happened = frame[HAPPENED_AT]
    frame[KNOWN_AT] = happened + random.integers(0, 9 * 86_400, rows).astype("timedelta64[s]")
    key = table.key[0]
    if table.key == (key,):
        # One row an id, and ids of small numbers: other tables refer to them.
        frame[str(key)] = np.array([f"n{number}" for number in range(rows)], dtype=object)
    found = table.conform(pd.DataFrame(frame).assign(**utc(frame)))
    return found.drop_duplicates([str(c) for c in table.key]).reset_index(drop=True)


def utc(frame: dict[str, np.ndarray]) -> dict[str, pd.Series]:
    return {
        name: pd.Series(column).dt.tz_localize("UTC")
        for name, column in frame.items()
        if column.dtype.kind == "M"
    }


def values(random: Random, column: Column, rows: int) -> np.ndarray:
    found = plain(random, column, rows)
    if not column.required:
        missing = random.random(rows) < 0.15
        found = np.where(missing, missing_array(found.dtype, rows), found)
    return found


def plain(random: Random, column: Column, rows: int) -> np.ndarray:
    match column.kind:
        case Kind.TEXT:
            names = ZONES if column == TIME_ZONE else column.allowed or NAMES
            return random.choice(np.array(names, dtype=object), rows)
        case Kind.NUMBER:
            low = 0 if column.minimum is not None else -20
            return np.round(random.uniform(low, 100, rows), 2) * random.integers(0, 2, rows)
        case Kind.FLAG:
            return random.integers(0, 2, rows).astype(object).astype(bool).astype(object)
        case Kind.MOMENT:
            return START + random.integers(0, DAYS * 86_400, rows).astype("timedelta64[s]")


def asks(random: Random, rows: int, days: list[str]) -> pd.DataFrame:
    """Asks about any entity, one in seven of them without a key."""
    keys = {str(c): c for table in TABLES.values() for c in table.columns if c.kind is Kind.TEXT}
    columns = {name: values(random, column, rows) for name, column in keys.items()}
    as_of = random.choice(np.array(days, dtype="datetime64[s]"), rows)
    return pd.DataFrame(columns).assign(as_of=as_of)


def cases(random: Random, shape: CaseShape, streams: tuple[Stream, ...], n: int) -> Cases:
    """Cases of a shape with made-up children and history."""
    asked_at = START + random.integers(0, DAYS * 86_400, n).astype("timedelta64[s]")
    return Cases(
        asked_at=asked_at,
        as_of=asked_at.astype("datetime64[D]"),
        columns={str(c): as_case(c, values(random, c, n)) for c in shape.columns},
        children={name: children(random, columns, n) for name, columns in shape.children.items()},
        history={name: past(random, n) for stream in streams for name in stream.names},
    )


def children(random: Random, columns: tuple[Column, ...], n: int) -> Children:
    row = np.repeat(np.arange(n), random.integers(0, 4, n))
    return Children(row, {str(c): as_case(c, values(random, c, len(row))) for c in columns}, n)


def as_case(column: Column, found: np.ndarray) -> np.ndarray:
    return found.astype(np.float64) if column.kind in {Kind.NUMBER, Kind.FLAG} else found


def past(random: Random, n: int) -> np.ndarray:
    found = np.round(random.uniform(0, 50, n), 1) * random.integers(0, 2, n)
    return np.where(random.random(n) < 0.2, np.nan, found)


def alone(case: Cases, at: int) -> Cases:
    """One case by itself."""
    here = slice(at, at + 1)
    return Cases(
        asked_at=case.asked_at[here],
        as_of=case.as_of[here],
        columns={name: column[here] for name, column in case.columns.items()},
        children={name: own(rows, at) for name, rows in case.children.items()},
        history={name: column[here] for name, column in case.history.items()},
    )


def own(rows: Children, at: int) -> Children:
    mine = rows.where(rows.row == at)
    return Children(np.zeros_like(mine.row), mine.columns, 1)
