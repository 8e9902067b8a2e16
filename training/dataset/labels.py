"""Labels: how each ask ended, since when that is known, and who reported it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.table import KNOWN_AT
from data.store import Store
from models.training_set import SYSTEM as TOLD_BY_SYSTEM

UNKNOWN_LABEL = -1
ONE_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Labels:
    """Labels of n asks, in the asks' order.

    Attributes:
        label: class number in the task's order, UNKNOWN where the end is not known.
        target: the number that quantiles are predicted of, NaN where it is absent or unknown.
        matured_at: datetime64[us], UTC: from then on the label may be used; NaT where unknown.
        weight: weight of each label in fitting; None is 1 throughout.
        told_by: source of each label, `training.dataset.labels.LabelSource`; None is a system
            throughout.
    """

    label: NDArray[np.int64]
    target: NDArray[np.float64]
    matured_at: NDArray[np.datetime64]
    weight: NDArray[np.float64] | None = None
    told_by: NDArray[np.object_] | None = None

    @property
    def known(self) -> NDArray[np.bool_]:
        """Flags of asks that have a label."""
        return np.asarray(self.label != UNKNOWN_LABEL)

    def take(self, keep: NDArray[np.bool_]) -> Labels:
        """Return the labels where `keep` is true."""
        return Labels(
            self.label[keep],
            self.target[keep],
            self.matured_at[keep],
            None if self.weight is None else self.weight[keep],
            None if self.told_by is None else self.told_by[keep],
        )


def build_labels(
    known: NDArray[np.bool_],
    label: NDArray[np.int64],
    matured_at: NDArray[np.datetime64],
    target: NDArray[np.float64] | None = None,
) -> Labels:
    """Build labels where `known`; the others are UNKNOWN_LABEL with nothing else stated."""
    nothing = np.full(len(known), np.nan)
    return Labels(
        np.where(known, label, UNKNOWN_LABEL).astype(np.int64),
        np.where(known, nothing if target is None else target, np.nan),
        np.where(known, matured_at.astype("datetime64[us]"), np.datetime64("NaT", "us")),
    )


def last_known_moment(store: Store, *tables: str) -> np.datetime64:
    """Return the last moment at which a row of the tables became known; NaT if all are empty."""
    ends = [store.table(name)[KNOWN_AT].max().cast("timestamp").to_pandas() for name in tables]
    found = [pd.Timestamp(end) for end in ends if not pd.isna(end)]
    return np.datetime64(max(found), "us") if found else np.datetime64("NaT", "us")


def moment_column(frame: pd.DataFrame, name: str) -> NDArray[np.datetime64]:
    """Return a column of moments, datetime64[us]; NaT where missing."""
    return frame[name].to_numpy(dtype="datetime64[us]")


def align_rows(rows: ir.Table, keys: NDArray[np.object_], key: str) -> pd.DataFrame:
    """Return the rows of these keys in their order; all columns missing without a row."""
    found: pd.DataFrame = rows.to_pandas()
    return found.set_index(key).reindex(pd.Index(keys, name=key))


def utc_datetime64(moment: datetime) -> np.datetime64:
    """Convert a moment with a zone to datetime64[us] in UTC."""
    return np.datetime64(pd.Timestamp(moment).tz_convert("UTC").tz_localize(None), "us")


class LabelSource(StrEnum):
    """Source of a label."""

    SYSTEM = TOLD_BY_SYSTEM
    """An outcome that a system recorded; known of every ask in the end."""
    PERSON_FLAGGED = "person, flagged"
    """A person's word on a case that was flagged; all such cases are looked at."""
    PERSON_SAMPLED = "person, sampled"
    """A person's word on a case that was not flagged but drawn into the audit sample."""
