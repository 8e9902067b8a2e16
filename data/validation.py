"""Validation: does each row keep the contract of its table?

Types first, then the pandera schema of the table (all failures, not the first), then the
two clocks. A row that fails is named with every column that fails.
"""

from __future__ import annotations

import numpy as np

from data.coercion import coerce
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table
from data.findings import MISSING, findings, none, rows_of, together
from data.lazily import pandera_errors, pd


def validate(table: Table, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that keep the contract (index: their positions), and findings on the others.

    Raises:
        ValueError: where the frame has a column that the table has not.
    """
    conformed, broken = check(table, frame)
    return conformed.drop(index=rows_of(broken)), broken


def check(table: Table, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All rows in the table's types (what has no such type is missing), and the findings.

    Raises:
        ValueError: where the frame has a column that the table has not.
    """
    if unknown := [column for column in frame.columns if column not in table.columns]:
        raise ValueError(
            f"{table.name} has no column {', '.join(map(repr, unknown))}; "
            f"it has {', '.join(table.columns)}"
        )
    conformed, unreadable = _conformed(table, frame.reset_index(drop=True))
    return conformed, together([unreadable, _schema(table, conformed), _clocks(table, conformed)])


def _conformed(table: Table, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    columns, found = {}, []
    empty = table.empty().reindex(frame.index)
    for column in table.columns:
        values = frame[column] if column in frame else empty[column]
        columns[str(column)], lost = coerce(column, values)
        found.append(lost)
    return pd.DataFrame(columns, index=frame.index), together(found)


def _schema(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    parts = [_blank(column, frame[column]) for column in table.columns if column.required]
    try:
        table.schema.validate(frame, lazy=True)
    except pandera_errors.SchemaErrors as error:
        cases = error.failure_cases
        for (name, rule), group in cases.groupby(["column", "check"], sort=False):
            column = table.column(str(name))
            rows = group["index"].to_numpy(dtype=np.int64)
            parts.append(
                findings(rows, column, list(group["failure_case"]), _problem(column, str(rule)))
            )
    return together(parts)


def _blank(column: Column, values: pd.Series) -> pd.DataFrame:
    """A required text of nothing but blanks is as good as missing."""
    if column.kind is not Kind.TEXT:
        return none()
    rows = np.flatnonzero((values.str.strip() == "").to_numpy(dtype=bool, na_value=False))
    return findings(rows, column, [], MISSING)


def _problem(column: Column, rule: str) -> str:
    if rule == "not_nullable":
        return MISSING
    if rule.startswith("isin"):
        return f"is not one of {', '.join(column.allowed)}"
    if rule.startswith("greater_than_or_equal_to"):
        return f"is not at least {column.minimum:g}"
    return f"breaks {rule}"


def _clocks(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """What is observed cannot be known before it happened. Plans and papers can."""
    if not table.observed:
        return none()
    early = np.flatnonzero((frame[KNOWN_AT] < frame[HAPPENED_AT]).to_numpy(dtype=bool))
    happened = frame[HAPPENED_AT].iloc[early]
    problems = [f"is not at or after {HAPPENED_AT} {at.isoformat()}" for at in happened]
    return findings(early, KNOWN_AT, list(frame[KNOWN_AT].iloc[early]), problems)
