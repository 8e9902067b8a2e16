"""Parts of the measured asks that are judged by themselves: all, each site, each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.task import Task
from models.training_set import TrainingSet

ALL = "all asks"
SMALLEST = 1e-15
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """rows: positions in the measured set. number: of the class that is told from the rest.

    A class is judged on all asks, as the event "it ended in this class": judged on the asks
    that did, the model that always names the class would be best.
    """

    name: str
    rows: NDArray[np.int64]
    number: int | None = None

    def losses(self, probability: Floats, label: NDArray[np.int64]) -> Floats:
        """(rows,) minus log of the probability given to what happened."""
        told, ended = probability[self.rows], label[self.rows]
        if self.number is None:
            given = told[np.arange(len(ended)), ended]
        else:
            event = told[:, self.number]
            given = np.where(ended == self.number, event, 1 - event)
        return np.asarray(-np.log(np.clip(given, SMALLEST, 1)))


def parts(task: Task, measured: TrainingSet) -> list[Part]:
    """All asks first, then each site where there are several, then each class of many."""
    every = np.arange(len(measured))
    names = sites(measured.site)
    found = [Part(ALL, every)]
    if len(names) > 1:
        found += [Part(f"site {n}", np.flatnonzero(measured.site == n)) for n in names]
    if not task.binary:
        found += [Part(f"class {name}", every, k) for k, name in enumerate(task.classes)]
    return found


def judgeable(part: Part, label: NDArray[np.int64], group: NDArray[Any], fewest: int) -> bool:
    """Whether the part has enough groups, and of a class enough that ended in it."""
    groups = group[part.rows].astype(str)
    if part.number is not None:
        ended = label[part.rows] == part.number
        return min(_many(groups[ended]), _many(groups[~ended])) >= fewest
    return _many(groups) >= fewest


def sites(site: NDArray[Any]) -> list[Any]:
    """The sites there are, in order; rows without one are in none."""
    return sorted({name for name in site.tolist() if name is not None and name == name})  # noqa: PLR0124


def _many(groups: NDArray[Any]) -> int:
    return len(np.unique(groups))


def listed(names: list[str], most: int = 4) -> str:
    """Names in a sentence; of many the first few and how many more there are."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def outcomes(measured: TrainingSet) -> NDArray[np.int64]:
    """(n,) asks of a group whose labels mature at one moment end alike: they share a number."""
    group = np.unique(measured.group.astype(str), return_inverse=True)[1].astype(np.int64)
    moment = np.unique(measured.matured_at.astype(np.int64), return_inverse=True)[1]
    pair = group * (int(moment.max(initial=0)) + 1) + moment
    return np.asarray(np.unique(pair, return_inverse=True)[1], dtype=np.int64)
