"""Training set: asks as model inputs with matured labels, in time order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SYSTEM = "system"


@dataclass(frozen=True)
class TrainingSet:
    """Model inputs of n asks with their labels, groups and weights.

    Attributes:
        inputs: one column per feature of the task (float64, or object of str and None).
        label: class number, int64.
        target: number that quantiles are predicted of, or None.
        asked_at, matured_at: datetime64[us]; a label may be used from `matured_at` on. NaT in
            `asked_at` throughout means that the set has no dates (prepared snapshots).
        group: asks that share an outcome (shipment, PO, site-item): never split, and the unit
            that the bootstrap resamples.
        site: site of each ask, for calibration and coverage per site.
        segments: named views of the asks that results are reported for, besides `all`.
        rules: score of each simple rule the model is compared with (higher = more at risk).
        weight: (n,) weight of each ask in fitting, above 0; None is 1 throughout. An ask that
            stands for others like it without a label weighs more.
        told_by: (n,) source of each label, SYSTEM or another text; None is SYSTEM throughout.
            People's labels are of a selection, see `observed`.
        findings: (n,) codes of the service's rules that found something, one collection an ask;
            None where the rules were not asked.
    """

    inputs: pd.DataFrame
    label: NDArray[np.int64]
    target: NDArray[np.float64] | None
    asked_at: NDArray[np.datetime64]
    matured_at: NDArray[np.datetime64]
    group: NDArray[Any]
    site: NDArray[Any]
    segments: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    rules: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    weight: NDArray[np.float64] | None = None
    told_by: NDArray[Any] | None = None
    findings: NDArray[np.object_] | None = None

    def __len__(self) -> int:
        return len(self.label)

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Flags of asks whose outcome a system recorded, (n,).

        The others are a selection of what people looked at: a figure that takes no weights
        must leave them out.
        """
        if self.told_by is None:
            return np.ones(len(self), dtype=bool)
        return np.asarray(self.told_by == SYSTEM)

    def take(self, keep: NDArray[Any]) -> TrainingSet:
        """Return the asks at these positions or under this boolean mask, in that order."""
        return TrainingSet(
            inputs=self.inputs.iloc[np.flatnonzero(keep) if keep.dtype == bool else keep],
            label=self.label[keep],
            target=None if self.target is None else self.target[keep],
            asked_at=self.asked_at[keep],
            matured_at=self.matured_at[keep],
            group=self.group[keep],
            site=self.site[keep],
            segments={name: mask[keep] for name, mask in self.segments.items()},
            rules={name: score[keep] for name, score in self.rules.items()},
            weight=None if self.weight is None else self.weight[keep],
            told_by=None if self.told_by is None else self.told_by[keep],
            findings=None if self.findings is None else self.findings[keep],
        )
