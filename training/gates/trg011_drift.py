"""TRG011: the asks of now are like those that the model learnt from.

Each feature that the model uses is compared by population stability index (PSI) between what
was learnt from and the newest asks. Some features always move: the month, whatever counts from
the beginning. So a feature has drifted only if it moved beyond the limit, beyond what chance
gives with so many asks, and well beyond what it ever moved between one stretch of the
learning time and all before it. Categories that were never seen are counted apart, also on
the asks that are open now. These are not compared otherwise: what is open is chosen by other
rules than what is learnt from (overdue lines stay open), and monitoring watches it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.feature import FeatureKind
from models.encoding.feature_spec import FeatureSpec
from training.evaluation.statistics import population_stability, stability_by_chance
from training.gates.gate import Candidate, Gate, GateResult, gate_result, not_applicable
from training.gates.segments import join_names

"""Share of the gain from which on a feature counts as used."""


@dataclass(frozen=True)
class FeatureDrift:
    """now, before: PSI of the newest asks, and the most that it was while the model learnt."""

    name: str
    now: float
    before: float
    allowed: float

    @property
    def drifted(self) -> bool:
        """Return whether the feature moved further than allowed."""
        return self.now > self.allowed

    def __str__(self) -> str:
        """The finding in words."""
        return f"{self.name} {self.now:.2f} (allowed {self.allowed:.2f}, before {self.before:.2f})"


def check(candidate: Candidate) -> GateResult:
    """Compare the newest asks with those learnt from, feature by feature."""
    if not candidate.dated:
        return not_applicable("The asks have no dates, so none of them are newer than others")
    specs = _used_features(candidate)
    if not specs:
        return not_applicable("The model uses no feature")
    stretches = _stretches(candidate)
    drifts = [_feature_drift(candidate, spec, stretches) for spec in specs]
    drifted = [str(one) for one in drifts if one.drifted]
    strange = _unseen(candidate, specs)
    limit = candidate.limits.most_unseen
    unseen = [f"{name} {share:.0%}" for name, share in strange.items() if share > limit]
    farthest = max(drifts, key=lambda one: one.now - one.allowed)
    figures = {
        "farthest": farthest.now,
        "drifted": float(len(drifted)),
        "most_unseen": max(strange.values(), default=0.0),
    }
    if drifted or unseen:
        sentence = f"Moved since learning (PSI): {join_names(drifted)}; " * bool(drifted)
        sentence += f"never seen in more than {limit:.0%} of asks: {join_names(unseen)}" * bool(
            unseen
        )
        return gate_result(refused=True, sentence=sentence.rstrip("; "), figures=figures)
    sentence = (
        f"None of {len(specs)} features in use moved further than it did while the model learnt "
        f"or than a PSI of {candidate.limits.most_drift:.2f}; farthest is {farthest}"
    )
    return gate_result(refused=False, sentence=sentence, figures=figures)


def _used_features(candidate: Candidate) -> list[FeatureSpec]:
    return [spec for spec in candidate.model.features if spec.in_use]


def _feature_drift(candidate: Candidate, spec: FeatureSpec, stretches: list[slice]) -> FeatureDrift:
    limits, numeric = candidate.limits, spec.kind is FeatureKind.NUMBER
    order = np.argsort(candidate.learnt.asked_at, kind="stable")
    learnt = candidate.learnt.inputs[spec.name].iloc[order]
    now = population_stability(learnt, candidate.measured.inputs[spec.name], numeric=numeric)
    before = [
        population_stability(learnt[: s.start], learnt[s], numeric=numeric).psi for s in stretches
    ]
    chance = stability_by_chance(now, limits.level / len(candidate.model.features))
    most = max(before, default=0.0)
    allowed = max(limits.most_drift + chance, limits.beyond_before * most)
    return FeatureDrift(spec.name, now.psi, most, allowed)


def _stretches(candidate: Candidate) -> list[slice]:
    """The newest stretches of the learnt asks, each as long as the measured one if it can be."""
    rows, many = len(candidate.learnt), candidate.limits.stretches
    size = min(len(candidate.measured), rows // (many + 1))
    ends = [rows - place * size for place in range(many)]
    return [slice(end - size, end) for end in ends if size]


def _unseen(candidate: Candidate, specs: list[FeatureSpec]) -> dict[str, float]:
    """Share of asks whose category was never seen, by feature; the more of newest and open."""
    used = [spec for spec in specs if spec.kind is FeatureKind.CATEGORY]
    inputs = [candidate.measured.inputs]
    if candidate.now is not None and len(candidate.now):
        inputs.append(candidate.now)
    return {spec.name: max(_share(spec, rows[spec.name]) for rows in inputs) for spec in used}


def _share(spec: FeatureSpec, column: pd.Series[Any]) -> float:
    known = column.isna() | column.isin([*spec.categories, *spec.rare])
    return float((~known).mean())


GATE = Gate("TRG011", "asks of now are like those learnt from", check)
