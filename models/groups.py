"""Groups of asks: those that share one outcome, and those that are asked about again and again."""

from __future__ import annotations

import pandas as pd

from models.training_set import TrainingSet

STANDING = 0.5


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
