"""Groups of asks: those that share one outcome, and those that are asked about again and again."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.training_set import TrainingSet

Flags = NDArray[np.bool_]

STANDING = 0.5
# Standing groups span every fold; dropping them would drop the data. Time separates their
# outcomes, because labels mature before the next fold.
MOST_DROPPED = 0.5


def apart(training: TrainingSet, fold: Flags, later: Flags) -> tuple[Flags, bool]:
    """The fold without groups that go on into `later`, and whether they had to be left in.

    They are left in, for time alone to keep apart, where they are standing ones or most of it.
    """
    crossing = fold & np.isin(training.group, training.group[later])
    if crossing.sum() > MOST_DROPPED * fold.sum() or standing(training.take(fold)):
        return fold, True
    return fold & ~crossing, False


def standing(training: TrainingSet, share: float = STANDING) -> bool:
    """Whether groups live on after an outcome, so that their asks do not share one.

    A site-item is asked about again when an earlier question about it is long answered; a
    shipment is not. Told by the groups with several asks: more than `share` of them were
    asked about after an earlier label of theirs had matured.
    """
    asks = pd.DataFrame(
        {
            "group": training.group.astype(str),
            "asked": training.asked_at,
            "matured": training.matured_at,
        }
    )
    by_group = asks.groupby("group", sort=False)
    several = by_group.size() > 1
    again = (by_group["asked"].max() >= by_group["matured"].min())[several]
    return bool(len(again) and again.mean() > share)
