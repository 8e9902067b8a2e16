"""Simple rules of each task that a model must beat, as scores of its features.

Each is one score from what the case already shows, higher = more at risk, NaN where it cannot
tell. How probable each class is at a score is learnt elsewhere (`training.evaluation.baselines`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.task import TaskName
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY

Floats = NDArray[np.float64]
RuleScore = Callable[[pd.DataFrame], Floats]


def baseline_rule_scores(name: TaskName, inputs: pd.DataFrame) -> dict[str, Floats]:
    """(n,) score of each rule of a task, by the rule's name.

    inputs: features of n asks, by name. A feature that is not among them is missing in all.
    """
    return {rule: score(inputs) for rule, score in _rules(name).items()}


def _rules(name: TaskName) -> Mapping[str, RuleScore]:
    match name:
        case STOCK_RISK.name:
            return {"stock_cover": _stock_cover, "projected_cover": _projected_cover}
        case SUPPLIER_DELAY.name:
            return {"supplier_late_share": _supplier_late_share, "days_overdue": _days_overdue}
        case INVOICE_MISMATCH.name:
            return {
                "largest_variance": _largest_variance,
                "supplier_exception_share": _supplier_exception_share,
            }
        case _:
            raise ValueError(f"no task {name!r}")


def _stock_cover(inputs: pd.DataFrame) -> Floats:
    """Days that the stock lasts, the fewest first; nothing on hand is no days."""
    days = _feature(inputs, "days_of_supply_84d")
    return 0.0 - np.where(_feature(inputs, "is_out") > 0, 0.0, days)


def _projected_cover(inputs: pd.DataFrame) -> Floats:
    """Days of demand left at the end of the horizon, with what is due by then."""
    return 0.0 - _feature(inputs, "projected_cover_days")


def _supplier_late_share(inputs: pd.DataFrame) -> Floats:
    return _feature(inputs, "supplier_late_share_364d")


def _days_overdue(inputs: pd.DataFrame) -> Floats:
    """Days since the promised day; below 0 it is yet to come."""
    return 0.0 - _feature(inputs, "days_to_promise")


def _largest_variance(inputs: pd.DataFrame) -> Floats:
    """The largest of: price away from the order's, order invoiced and not received, tax off.

    Shares all. A line without any receipt stands at 1 by the second.
    """
    parts = (
        np.abs(_feature(inputs, "price_variance")),
        np.fmax(_feature(inputs, "uncovered_share"), 0.0),
        np.abs(_feature(inputs, "tax_rate_gap")),
    )
    told = np.isfinite(parts[0]) | np.isfinite(_feature(inputs, "uncovered_share"))
    return np.where(told, np.fmax.reduce(parts), np.nan)


def _supplier_exception_share(inputs: pd.DataFrame) -> Floats:
    return _feature(inputs, "supplier_exceptions_share_364d")


def _feature(inputs: pd.DataFrame, name: str) -> Floats:
    if name not in inputs:
        return np.full(len(inputs), np.nan)
    return inputs[name].to_numpy(dtype=np.float64, na_value=np.nan)
