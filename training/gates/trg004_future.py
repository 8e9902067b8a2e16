"""TRG004: what becomes known later changes no feature, to the last bit.

The newest asks get their features twice: from the tables as they are, and from tables in
which everything known after the ask is otherwise.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from data.store import Store
from training.gates.candidate import Candidate, Replay
from training.gates.future import Around, OtherFuture
from training.gates.gate import Gate, Judgement, judged, not_applicable
from training.gates.part import listed

ASKS = "the asks themselves"


def look(candidate: Candidate) -> Judgement:
    """Replay the asks before a few moments, with and without another future."""
    store, replay = candidate.store, candidate.replay
    if store is None or replay is None or not candidate.dated:
        return not_applicable("There are no tables with dates that the features could be made from")
    compared, changed = 0, set[str]()
    for moment in _moments(candidate):
        before, different = changed_by_future(store, replay, moment)
        compared += before
        changed |= different
    if not compared:
        return not_applicable("No ask of the last days before a measured one could be made again")
    figures = {"asks": float(compared), "changed_features": float(len(changed))}
    if changed:
        said = (
            f"{listed(sorted(changed))} of {compared} asks changed when only what became known "
            "after them was changed; none may"
        )
        return judged(refused=True, sentence=said, figures=figures)
    said = (
        f"The features of {compared} of the newest asks stay the same to the last bit when "
        "everything known after them is changed"
    )
    return judged(refused=False, sentence=said, figures=figures)


def changed_by_future(store: Store, replay: Replay, moment: datetime) -> tuple[int, set[str]]:
    """How many asks before the moment were made twice, and what differed between the two."""
    around = Around(store, moment)
    as_it_was, other = (replay(s, moment) for s in (around, OtherFuture(around, moment)))
    if not as_it_was.index.equals(other.index):
        return len(as_it_was), {ASKS}
    different = {str(name) for name in as_it_was if not _same(as_it_was[name], other[name])}
    return len(as_it_was), different


def _same(one: pd.Series[Any], other: pd.Series[Any]) -> bool:
    if one.dtype == object:
        return bool((one.fillna("") == other.fillna("")).all())
    return np.array_equal(one.to_numpy(), other.to_numpy(), equal_nan=True)


def _moments(candidate: Candidate) -> list[datetime]:
    """Just after measured asks, evenly spread over them."""
    asked = np.sort(candidate.measured.asked_at)
    count = candidate.limits.moments
    places = ((np.arange(count) + 0.5) / count * len(asked)).astype(np.int64)
    after = np.unique(asked[places]) + np.timedelta64(1, "us")
    return [moment.item().replace(tzinfo=UTC) for moment in after.astype("datetime64[us]")]


GATE = Gate("TRG004", "the future changes no feature", look)
