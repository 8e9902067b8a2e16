"""Task: one prediction question with its classes, features and horizon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.feature import Feature


class TaskName(str):
    """Name of a task, for example "stock_risk"; `models.catalogue` holds the tasks by name.

    A type of its own so that signatures say which text is meant. It checks nothing: text that
    comes from outside goes through `models.catalogue.task_named`.
    """

    __slots__ = ()


@dataclass(frozen=True)
class AbstentionLimits:
    """Limits on how far a case may be from what the model knows for advice to be given.

    Attributes:
        key_features: categories that must have been seen in training.
        most_outside: number of values that may lie outside the range seen in training.
        widest: width that the interval of the probability may have, 0 to 1.
        oldest_days: days that the history may be behind the moment asked about.
        few: past cases with a similar probability below which an interval that holds the
            threshold is too thin to tell the two sides apart.
    """

    key_features: tuple[str, ...] = ()
    most_outside: int = 3
    widest: float = 0.4
    oldest_days: int = 14
    few: int = 150


@dataclass(frozen=True)
class Task:
    """A prediction question, the features it is answered from and the classes it is answered in.

    A public data set without canonical tables makes a task of its own by
    `dataclasses.replace`.

    Attributes:
        classes: names in label order. Binary tasks have two, the second is the event.
        quantiles: levels of the numeric target (delay in days) that the task also predicts;
            empty when it predicts none.
        horizon_days: how far ahead the question looks; the label matures when it is over.
        tolerance_days: days past the promise that still count as on time.
        settle_days: further days that every label waits, so that outcomes which become known
            late are not missing among the newest.
        ask_before_days: moments before the promise at which training asks (supplier_delay).
        lightgbm: parameters that differ from those of
            `models.estimator.boosting.lightgbm_parameters`; empty in the catalogue, as training
            reads them from a parameter file.
        lightgbm_quantiles: parameters in which the quantile trees differ from `lightgbm`.
        rising, falling: features that can only raise, or only lower, the margin of the event
            when they grow and the others stay (monotone constraints). For tasks with two
            classes.
        abstention: limits that training evaluates with. The service's policy states its own.
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
    abstention: AbstentionLimits = AbstentionLimits()
    seed: int = 17

    @property
    def binary(self) -> bool:
        """Whether the task has two classes."""
        return len(self.classes) == 2
