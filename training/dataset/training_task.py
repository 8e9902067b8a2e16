"""TrainingTask: everything that the training room needs to know of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.store import Store
from features.cases import CaseShape
from features.history.stream import Stream
from models.task import Task
from training.dataset.asks import Asks
from training.dataset.labels import Labels

Floats = NDArray[np.float64]
BaselineRule = Callable[[pd.DataFrame], Floats]
"""A score of each of n asks from their features; higher is more at risk, NaN is no answer."""


class QueryAsks(Protocol):
    """Query the asks of a task in a period."""

    def __call__(
        self,
        store: Store,
        task: Task,
        since: datetime | None = None,
        until: datetime | None = None,
        max_rows: int | None = None,
    ) -> Asks:
        """Return the asks from `since` (inclusive) to `until` (exclusive), at most `max_rows`."""


class QueryOpenAsks(Protocol):
    """Query the cases that are open at a moment."""

    def __call__(self, store: Store, task: Task, at: datetime) -> Asks:
        """Return one ask for each case that is open at `at`."""


class LabelAsks(Protocol):
    """Label asks with how they ended."""

    def __call__(self, store: Store, asks: Asks, task: Task) -> Labels:
        """Return a label for each ask, in the order of the asks."""


class AddOutcomeFacts(Protocol):
    """Add the columns that `label_asks` reads and a recorded recommendation lacks."""

    def __call__(self, store: Store, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that can be labelled, with those columns."""


@dataclass(frozen=True)
class ModelPurpose:
    """Purpose of a task's model, as the model card states it.

    Attributes:
        use: use that the model is made for.
        readers: roles.
        ask: subject of one question.
        never: uses that are ruled out besides those of every model.
        limits: aspects that the question itself leaves out.
    """

    use: str
    readers: str
    ask: str
    never: tuple[str, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True)
class TrainingTask:
    """The training side of a task.

    Attributes:
        shape: columns of a case.
        streams: history that the features read.
        reference: columns that identify a case, as in the service; joined by "/" they are its id.
        needs: canonical tables without which there is nothing to learn, and what each is for.
        labels_from: where the ends of cases are read, in words.
        standing: a case never ends and is asked about again on other days (a site-item), in
            contrast to a document, which is asked about until it ends.
        baseline_rules: simple scores that a model must beat, by name.
        purpose: purpose that the model card states.
        class_of_resolution: the class that a person's way of resolving a case stands for,
            besides the names of the classes themselves.
        add_outcome_facts: None where a recorded recommendation has all that `label_asks` reads.
    """

    task: Task
    shape: CaseShape
    streams: Sequence[Stream]
    reference: tuple[str, ...]
    query_asks: QueryAsks
    query_open_asks: QueryOpenAsks
    label_asks: LabelAsks
    baseline_rules: Mapping[str, BaselineRule]
    purpose: ModelPurpose
    class_of_resolution: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    labels_from: str = "the tables of the task"
    standing: bool = False
    add_outcome_facts: AddOutcomeFacts | None = None

    def baseline_scores(self, inputs: pd.DataFrame) -> dict[str, Floats]:
        """Return the (n,) score of each baseline rule, by the rule's name.

        inputs: features of n asks, by name. A feature that is not among them counts as missing.
        """
        return {name: rule(inputs) for name, rule in self.baseline_rules.items()}


def feature_values(inputs: pd.DataFrame, name: str) -> Floats:
    """Return the (n,) values of a feature, NaN throughout where the inputs lack it."""
    if name not in inputs:
        return np.full(len(inputs), np.nan)
    return inputs[name].to_numpy(dtype=np.float64, na_value=np.nan)
