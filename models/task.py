"""Task: one question, its classes, features and horizon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from features.feature import Feature


class TaskName(StrEnum):
    """The tasks there are."""

    STOCK_RISK = "stock_risk"
    INVOICE_MISMATCH = "invoice_mismatch"
    SUPPLIER_DELAY = "supplier_delay"


@dataclass(frozen=True)
class Task:
    """What is asked, from which features, in which classes.

    classes: names in label order. Binary tasks have two, the second is the event.
    quantiles: of the numeric target (delay in days) that the task also predicts; empty
        when it predicts none.
    horizon_days: how far ahead the question looks; the label matures when it is over.
    tolerance_days: days past the promise that still count as on time.
    settle_days: days more that every label waits, so that those which take long to be known
        are not missing among the newest.
    ask_before_days: moments before the promise at which training asks (supplier_delay).
    lightgbm: parameters that differ from those of `models.estimator.boosting.lightgbm_parameters`;
    empty here, as
        training reads them from a file a task.
    lightgbm_quantiles: those in which the trees of the quantiles differ from `lightgbm`.
    rising, falling: features whose greater value can only raise, or lower, the margin of the
        event, the others as they are. Of tasks with two classes.
    prepared frames (public sets without tables) make a Task of their own, see
    `dataclasses.replace`.
    """

    name: TaskName
    question: str
    classes: tuple[str, ...]
    features: tuple[Feature, ...]
    horizon_days: int
    tolerance_days: int = 0
    settle_days: int = 0
    ask_before_days: tuple[int, ...] = ()
    quantiles: tuple[float, ...] = ()
    lightgbm: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    lightgbm_quantiles: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()
    seed: int = 17

    @property
    def binary(self) -> bool:
        """Whether the task has two classes."""
        return len(self.classes) == 2
