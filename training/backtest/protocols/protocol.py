"""A backtest protocol.

How one source of data becomes labelled asks, and what it is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.fitting.preparation import FitOptions
from models.task import Task
from models.training_set import TrainingSet


@dataclass(frozen=True)
class ProtocolData:
    """Labelled asks of a folder, and the counts of rows left out.

    Attributes:
        evidence: asks whose label is known, with segments and rule scores; a NaN score means
            that the rule cannot tell.
        unlabelled: datetime64[us], moments of the asks whose outcome is not known.
        rows: rows read, accepted and quarantined.
    """

    evidence: TrainingSet
    unlabelled: NDArray[np.datetime64]
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class BacktestProtocol:
    """Protocol of a backtest on one source.

    Attributes:
        gather: reads a folder, and a second one whose rows are appended, as asks with labels.
        dated: whether the asks have dates, so that a cut in time means something.
        drawn_by: units that the bootstrap resamples, for rows that are not independent.
        apart: whether an ask may not teach when its group is also scored. Not for standing
            groups (a site-item is asked every month), whose outcomes time keeps apart.
        two_class_views: segments that see all asks, as "this class or any other".
    """

    source: str
    task: Task
    gather: Callable[[Task, Path, Path | None], ProtocolData]
    dated: bool = True
    bootstrap_unit: str = "group"
    apart: bool = True
    two_class_views: Mapping[str, str] = field(default_factory=dict)
    options: FitOptions = field(default_factory=FitOptions)

    def unit(self, evidence: TrainingSet) -> NDArray[Any]:
        """Return the (n,) units that the bootstrap resamples."""
        return evidence.site if self.bootstrap_unit == "site" else evidence.group
