"""Days of history that a feature needs before its value means what it says.

A sum over 364 days of a site that started three months ago is the sum of three months, and grows
with every day: nothing that a model learnt from it holds tomorrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from features.cases import Cases, CaseShape, Children, Floats, case_array
from features.feature import Feature

WINDOW = re.compile(r"_(\d+)d$")


class _RecordingHistory(Mapping[str, Floats]):
    """History of no cases that has every measure and keeps the names that were read."""

    def __init__(self) -> None:
        self.read = set[str]()

    def __getitem__(self, name: str) -> Floats:
        self.read.add(name)
        return np.empty(0)

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self.read)

    def __len__(self) -> int:
        return len(self.read)


def history_days_needed(features: Sequence[Feature], shape: CaseShape) -> dict[str, int]:
    """Return by feature the longest window, in days, of the measures that it reads.

    Cycles count too (`Feature.cycle_days`); 0 for features that read no window.
    """
    return {feature.name: _days_needed(feature, shape) for feature in features}


def _days_needed(feature: Feature, shape: CaseShape) -> int:
    history = _RecordingHistory()
    feature.compute(_no_cases(shape, history))
    windows = (WINDOW.search(name) for name in history.read)
    return max([feature.cycle_days, *(int(found[1]) for found in windows if found)])


def _no_cases(shape: CaseShape, history: Mapping[str, Floats]) -> Cases:
    children = {
        name: Children(np.empty(0, np.int64), {str(c): case_array(c, []) for c in columns}, cases=0)
        for name, columns in shape.children.items()
    }
    return Cases(
        asked_at=np.empty(0, "datetime64[us]"),
        as_of=np.empty(0, "datetime64[D]"),
        columns={str(c): case_array(c, []) for c in shape.columns},
        children=children,
        history=history,
    )
