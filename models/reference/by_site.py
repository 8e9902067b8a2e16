"""Reference distributions by site, with how far a month usually lies from the year.

Sites differ: against all sites together each of them would seem to have drifted. And months
differ: seasons turn and history fills up, so what a month usually is away from the year is
kept beside the year's distribution. The newest year counts: a whole one, or a season would
be missing; not more, or the measure would be what the firm was before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.feature import FeatureKind
from models.encoding.encoder import Encoder

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DECILE_STEPS = np.linspace(0.0, 1.0, 11)
YEAR = np.timedelta64(364, "D")
BLOCK = np.timedelta64(28, "D")
FEWEST_ROWS = 50
FEWEST_IN_BLOCK = 20
MOST_SITES = 30
MOST_VALUES = 30
DIGITS = 6
SAMPLING_GAP = 0.87  # mean Kolmogorov-Smirnov gap of n cases, times the root of n


@dataclass(frozen=True)
class AskedRows:
    """Rows by site and moment of asking.

    Attributes:
        site: (n,) names.
        at: (n,) moments, NaT where unknown.
    """

    site: NDArray[Any]
    at: NDArray[np.datetime64]

    def take(self, keep: NDArray[Any]) -> AskedRows:
        """Return the rows at these positions."""
        return AskedRows(self.site[keep], self.at[keep])

    @property
    def newest_year(self) -> Flags:
        """(n,) rows of the last YEAR; all where nothing is dated."""
        if np.isnat(self.at).all():
            return np.ones(len(self.at), dtype=bool)
        return np.asarray(self.at > np.nanmax(self.at) - YEAR)

    def blocks(self) -> Iterator[Flags]:
        """Rows of each BLOCK, from the newest back, that has FEWEST_IN_BLOCK rows."""
        if len(self.at) == 0 or np.isnat(self.at).any():
            return
        number = (self.at.max() - self.at) // BLOCK
        for block in np.unique(number):
            inside = np.asarray(number == block)
            if inside.sum() >= FEWEST_IN_BLOCK:
                yield inside


def site_distributions(
    encoder: Encoder, inputs: pd.DataFrame, asked: AskedRows, score: Floats, scored: AskedRows
) -> dict[str, Any]:
    """Describe the newest year's distributions, of all rows and of each site with FEWEST_ROWS.

    Args:
        encoder: encoder of the model.
        inputs: rows learnt from.
        asked: site and moment of those rows.
        score: scores of rows not learnt from.
        scored: site and moment of the scored rows.
    """
    newest = asked.newest_year
    inputs, asked = inputs[newest], asked.take(newest)
    counts = Counter(str(name) for name in asked.site.tolist() if name is not None)
    named = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_SITES]
    all_rows = np.ones(len(asked.site), dtype=bool), np.ones(len(scored.site), dtype=bool)
    return {
        "all": _one_site(encoder, (inputs, asked), (score, scored), all_rows),
        "sites": {
            name: _one_site(
                encoder, (inputs, asked), (score, scored), (asked.site == name, scored.site == name)
            )
            for name in sorted(named)
            if counts[name] >= FEWEST_ROWS
        },
    }


def number_distribution(values: Floats, asked: AskedRows) -> dict[str, Any]:
    """Return the share missing, and the cumulative shares of the others at their deciles.

    The keys `at` and `up_to` hold the distinct deciles, least and greatest value among them,
    and the shares at or under each, rising to 1. For `usual_gap` and `usual_missing` see
    `_usual_gap`.
    """
    there = np.isfinite(values)
    seen = np.sort(values[there])
    at = np.unique(np.quantile(seen, DECILE_STEPS, method="inverted_cdf")) if len(seen) else seen
    up_to = _cumulative_shares(seen, at)
    gaps = (
        (np.abs(_cumulative_shares(part, at) - up_to).max(), len(part))
        for block in asked.blocks()
        if len(part := np.sort(values[block & there])) and len(at)
    )
    return {
        "missing": _share(len(values) - len(seen), len(values)),
        "at": at.tolist(),
        "up_to": [round(share, DIGITS) for share in up_to.tolist()],
        "usual_gap": _usual_gap(gaps),
        "usual_missing": _usual_missing(~there, asked),
    }


def category_distribution(column: NDArray[Any], asked: AskedRows) -> dict[str, Any]:
    """Return the share missing, and the shares of the most frequent values among all rows."""
    there = np.array([isinstance(value, str) for value in column.tolist()], dtype=bool)
    counts = Counter(column[there].tolist())
    most = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]
    gaps = (
        (max(abs((column[block] == v).mean() - counts[v] / len(column)) for v in most), block.sum())
        for block in asked.blocks()
        if most
    )
    return {
        "missing": _share(len(column) - counts.total(), len(column)),
        "shares": {value: _share(counts[value], len(column)) for value in most},
        "usual_gap": _usual_gap(gaps),
        "usual_missing": _usual_missing(~there, asked),
    }


def _usual_gap(gaps: Iterator[tuple[float, int]]) -> float:
    """Return the largest gap of a block from all rows, beyond the scatter of so few rows."""
    beyond = [float(gap) - SAMPLING_GAP / float(np.sqrt(rows)) for gap, rows in gaps]
    return round(max([0.0, *beyond]), DIGITS)


def _usual_missing(missing: Flags, asked: AskedRows) -> float:
    """Return the largest share missing in a block."""
    return round(max([0.0, *(float(missing[block].mean()) for block in asked.blocks())]), DIGITS)


def _one_site(
    encoder: Encoder,
    rows: tuple[pd.DataFrame, AskedRows],
    scores: tuple[Floats, AskedRows],
    keep: tuple[Flags, Flags],
) -> dict[str, Any]:
    inputs, asked = rows[0][keep[0]], rows[1].take(keep[0])
    score, scored = scores[0][keep[1]], scores[1].take(keep[1])
    return {
        "rows": len(inputs),
        "inputs": {
            spec.name: number_distribution(
                inputs[spec.name].to_numpy(dtype=np.float64, na_value=np.nan), asked
            )
            if spec.kind is FeatureKind.NUMBER
            else category_distribution(inputs[spec.name].to_numpy(dtype=object), asked)
            for spec in encoder.specs
        },
        "score_rows": len(score),
        "score": number_distribution(score, scored),
    }


def _cumulative_shares(rising: Floats, at: Floats) -> Floats:
    return np.asarray(np.searchsorted(rising, at, side="right") / max(len(rising), 1))


def _share(count: int, rows: int) -> float:
    return round(count / rows, DIGITS) if rows else 0.0
