"""Leave out features that look back further than the data do; they come back by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from features.cases import CaseShape
from features.history_needs import history_days_needed
from models.task import Task
from models.training_set import TrainingSet

EARLY_SHARE = 0.01
"""Share of the asks that may be older than the history counts: a few old documents make none."""


@dataclass(frozen=True)
class FeaturesInReach:
    """A task with the features that its data can carry.

    Attributes:
        task: the task without the features that are left out.
        days: days of history behind the newest ask that is learnt from.
        left_out: days that each feature needs that is left out, by name.
    """

    task: Task
    days: int
    left_out: Mapping[str, int]

    def inputs_of(self, training: TrainingSet) -> TrainingSet:
        """Return the set with the inputs of the task only."""
        if not self.left_out:
            return training
        return replace(training, inputs=training.inputs[[f.name for f in self.task.features]])

    @property
    def sentence(self) -> str:
        """Return which features are left out and why; empty where none is."""
        if not self.left_out:
            return ""
        most = max(self.left_out.values())
        return (
            f"{len(self.left_out)} of {len(self.left_out) + len(self.task.features)} features look "
            f"back further than the {self.days} days that there are and are left out (they need "
            f"up to {most} days): {', '.join(sorted(self.left_out))}"
        )


def features_in_reach(task: Task, shape: CaseShape, learnt: TrainingSet) -> FeaturesInReach:
    """Return the task with the features whose windows the asks learnt from span.

    Asks without dates (prepared snapshots) keep all features.
    """
    days = history_days(learnt)
    if days is None:
        return FeaturesInReach(task, 0, {})
    needed = history_days_needed(task.features, shape)
    left_out = {name: need for name, need in needed.items() if need > days}
    kept = tuple(feature for feature in task.features if feature.name not in left_out)
    rising = tuple(name for name in task.rising if name not in left_out)
    falling = tuple(name for name in task.falling if name not in left_out)
    short = replace(task, features=kept, rising=rising, falling=falling)
    return FeaturesInReach(short, days, left_out)


def history_days(learnt: TrainingSet) -> int | None:
    """Return the days from the first asks to the last; None for asks without dates."""
    asked = learnt.asked_at
    if len(asked) == 0 or np.isnat(asked).any():
        return None
    days = np.sort(asked.astype("datetime64[D]").astype(np.int64))
    return int(days[-1] - days[int(len(days) * EARLY_SHARE)])
