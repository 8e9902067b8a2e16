"""Units of an extract: in dozens or cases, priced for one piece or a hundred."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from data.contracts.items import ITEM_ID, PACK_SIZE
from data.contracts.purchase_orders import ORDER_UNIT
from data.contracts.table import Column
from data.sources.fields import Factor, FieldMapping
from data.sources.simulator.dialect import Texts

_CASE = "CS"
_HUNDRED = 100.0


def factors_of(
    fields: dict[Column, FieldMapping], rows: pd.DataFrame, items: pd.DataFrame
) -> tuple[dict[str, NDArray[np.float64]], dict[str, Texts]]:
    """For each column of the file that holds factors: the factor a row, and what is written."""
    numbers: dict[str, NDArray[np.float64]] = {}
    texts: dict[str, Texts] = {}
    for name, field in fields.items():
        for factor in (field.times, field.over):
            if factor is None or factor.column is None or factor.column in numbers:
                continue
            if factor.factors:
                users = [c for c, f in fields.items() if f.times == factor]
                codes = _largest_unit(factor, rows[users].to_numpy(np.float64))
                numbers[factor.column] = np.array([factor.factors[code] for code in codes])
                texts[factor.column] = pa.array(list(codes), pa.string())
            else:
                chosen = _packs(rows, items) if factor is field.times else _price_unit(rows[name])
                numbers[factor.column] = chosen
                texts[factor.column] = pa.array([f"{n:.0f}" for n in chosen], pa.string())
    return numbers, texts


def _largest_unit(factor: Factor, quantities: NDArray[np.float64]) -> NDArray[np.object_]:
    """For each row the code of the largest unit that all its quantities are whole in."""
    by_size = sorted(factor.factors, key=lambda code: factor.factors[code])
    codes = np.full(len(quantities), by_size[0], dtype=object)
    for code in by_size:
        codes[(quantities % factor.factors[code] == 0).all(axis=1)] = code
    return codes


def _packs(rows: pd.DataFrame, items: pd.DataFrame) -> NDArray[np.float64]:
    """Pieces in the unit of the order line: a case of the item, or one."""
    sizes = rows[ITEM_ID].map(items.set_index(ITEM_ID)[PACK_SIZE]).to_numpy(np.float64)
    return np.where((rows[ORDER_UNIT] == _CASE).to_numpy(bool), sizes, 1.0)


def _price_unit(values: pd.Series) -> NDArray[np.float64]:
    """Prices finer than cents are written for a hundred."""
    prices = values.to_numpy(np.float64)
    return np.where(np.abs(prices - np.round(prices, 2)) > 1e-9, _HUNDRED, 1.0)
