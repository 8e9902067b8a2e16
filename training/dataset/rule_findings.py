"""Findings of the service's rules on the asks of a training set.

The rules belong to the serving room, which training does not import: the command line hands them
over as a function of request bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data.lake import Lake
from data.store import Store
from models.task import TaskName
from models.training_set import TrainingSet
from training.dataset.builder import settled_asks
from training.dataset.exchange_rates import fill_exchange_rates
from training.dataset.request_bodies import request_bodies
from training.dataset.training_task import TrainingTask

FindCodes = Callable[[TaskName, Sequence[Mapping[str, Any]]], list[frozenset[str]]]
"""Returns the codes of the rules that found something, for each request body of a task."""

CHUNK = 500  # request bodies at a time


@dataclass(frozen=True)
class ServiceRules:
    """The rules that the service would apply.

    Attributes:
        find_codes: the rules; a function that can be sent to another process.
        precision_floor: share of exceptions below which a rule informs and does not flag.
        always_flag: codes that flag whatever their precision.
        watch: probability of an exception from which a case is flagged, by task.
        reporting_currency: currency that limits and tolerances are stated in, ISO 4217.
    """

    find_codes: FindCodes
    precision_floor: float
    always_flag: Collection[str]
    watch: Mapping[TaskName, float]
    reporting_currency: str


def add_rule_findings(
    asked: TrainingSet,
    training: TrainingTask,
    lake: Lake,
    rules: ServiceRules | None,
    max_rows: int | None = None,
) -> TrainingSet:
    """Return the training set with what the rules find on each of its asks.

    Args:
        asked: training set of the task, built from the lake as it is.
        training: training side of the task.
        lake: lake that the set was built from.
        rules: rules of the service; None leaves the set as it is.
        max_rows: as the set was built with.

    Raises:
        RuntimeError: the lake changed since the set was built.
    """
    if rules is None:
        return asked
    with Store.from_folder(lake.canonical) as store:
        asks, _ = settled_asks(training, store, max_rows=max_rows)
        asks = fill_exchange_rates(asks, store, rules.reporting_currency)
    if len(asks) != len(asked):
        raise RuntimeError(
            f"{training.task.name}: the tables hold {len(asks)} settled asks, the training set "
            f"{len(asked)}; they changed meanwhile, so train again"
        )
    bodies = request_bodies(asks)
    findings = np.empty(len(bodies), dtype=object)
    for start in range(0, len(bodies), CHUNK):
        found = rules.find_codes(training.task.name, bodies[start : start + CHUNK])
        findings[start : start + len(found)] = found
    return replace(asked, findings=findings)
