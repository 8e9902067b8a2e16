"""Recommendations of one task and model in a period, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.feature import FeatureKind
from models.encoding.feature_spec import FeatureSpec
from training.monitor.signals import ALL_SITES

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class RecommendationWindow:
    """n recommendations.

    Attributes:
        frame: as `serving.audit.dataframes.recommendations_frame` makes it.
        columns: feature values by name; float64 with NaN, or object of str and None.
    """

    frame: pd.DataFrame
    columns: Mapping[str, NDArray[Any]]

    @classmethod
    def of(cls, frame: pd.DataFrame, specs: Sequence[FeatureSpec]) -> RecommendationWindow:
        """Build the window; a case asked twice at one moment counts once."""
        once = frame.drop_duplicates(["case_id", "asked_at"], keep="last").reset_index(drop=True)
        rows = once["features"].tolist()
        return cls(once, {spec.name: _feature_column(spec, rows) for spec in specs})

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def site(self) -> NDArray[Any]:
        """(n,) site of each."""
        return self.frame["site_id"].to_numpy(dtype=object)

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """Sites that have any, in order."""
        return tuple(sorted(set(self.site.tolist())))

    @cached_property
    def score(self) -> Floats:
        """(n,) probability of the explained class."""
        return self.frame["probability"].to_numpy(dtype=np.float64)

    @cached_property
    def asked_at(self) -> NDArray[np.datetime64]:
        """(n,) moments of asking, UTC."""
        return np.asarray(
            self.frame["asked_at"].dt.tz_convert("UTC").dt.tz_localize(None), "datetime64[us]"
        )

    @property
    def days(self) -> int:
        """Return the number of days with recommendations."""
        return len(np.unique(self.asked_at.astype("datetime64[D]")))

    @cached_property
    def cases(self) -> float:
        """Return the effective number of cases: repeated asks about one case add little."""
        _, counts = np.unique(self.frame["case_id"].to_numpy(dtype=str), return_counts=True)
        return float(len(self) ** 2 / max((counts.astype(np.float64) ** 2).sum(), 1.0))

    def take(self, keep: Flags) -> RecommendationWindow:
        """Return the recommendations where `keep` is true."""
        columns = {name: column[keep] for name, column in self.columns.items()}
        return RecommendationWindow(self.frame[keep].reset_index(drop=True), columns)

    def at(self, place: str) -> RecommendationWindow:
        """Return the recommendations of a site, or all."""
        return self if place == ALL_SITES else self.take(np.asarray(self.site == place))


def _feature_column(spec: FeatureSpec, rows: Sequence[Mapping[str, Any]]) -> NDArray[Any]:
    values = [row.get(spec.name) for row in rows]
    if spec.kind is FeatureKind.NUMBER:
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    return np.array([v if isinstance(v, str) else None for v in values], dtype=object)
