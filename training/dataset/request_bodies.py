"""Asks as request bodies of the scoring API."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from data.contracts.table import Column, Kind
from training.dataset.asks import ASKED_AT, MONEY_AT_RISK, ROW, Asks, column_values

UTC_OFFSET = "+00:00"


def request_bodies(asks: Asks) -> list[dict[str, Any]]:
    """Convert each ask to a JSON-ready case, in their order; missing values are left out."""
    own = (*asks.shape.columns, ASKED_AT, MONEY_AT_RISK)
    cases = _json_records(asks.frame, own)
    for name, columns in asks.shape.children.items():
        frame = asks.children[name]
        children = _json_records(frame, columns)
        for case in cases:
            case[name] = []
        for row, child in zip(frame[ROW].tolist(), children, strict=True):
            cases[row][name].append(child)
    return cases


def _json_records(frame: pd.DataFrame, columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    """Convert rows to JSON-ready dicts; a column that the frame lacks is missing."""
    records: list[dict[str, Any]] = [{} for _ in range(len(frame))]
    for column in columns:
        if column not in frame:
            continue
        for record, value in zip(records, _json_values(frame[column], column.kind), strict=True):
            if value is not None:
                record[str(column)] = value
    return records


def _json_values(series: pd.Series[Any], kind: Kind) -> list[Any]:
    array = column_values(series, kind)
    match kind:
        case Kind.TEXT:
            return list(array.tolist())
        case Kind.MOMENT:
            text = np.datetime_as_string(array, unit="us")
            return [None if t == "NaT" else f"{t}{UTC_OFFSET}" for t in text.tolist()]
        case Kind.NUMBER:
            return [None if np.isnan(v) else v for v in array.tolist()]
        case Kind.FLAG:
            return [None if np.isnan(v) else bool(v) for v in array.tolist()]
