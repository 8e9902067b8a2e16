"""TRG002: no feature alone explains almost everything, as a leaked answer would.

Each feature by itself is grown into a small tree on learnt asks. The share of the class
shares' log-loss that it removes, on learnt and on measured asks, tells how much it explains:
an answer that leaks into the past alone shows on the former.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from training.gates.gate import Candidate, Gate, GateResult, GateThresholds, gate_result

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_ROWS = 6000
LEAVES = 16
LEAF_ROWS = 20
OVERALL_ROWS = 10.0
"""Rows that the overall shares count for in each leaf."""


@dataclass(frozen=True)
class SingleFeatureSkill:
    """learnt, measured: share of the uncertainty that the feature removes by itself."""

    name: str
    learnt: float
    measured: float
    gain: float

    def suspect(self, model: float, limits: GateThresholds) -> bool:
        """Return whether the feature explains almost everything, beside the whole model's skill."""
        most = max(self.learnt, self.measured)
        by_itself = most >= limits.most_explained
        like_model = most >= limits.odd_alone and self.measured >= limits.same_as_model * model
        by_gain = most >= limits.odd_alone and self.gain >= limits.most_gain
        return by_itself or like_model or by_gain


def check(candidate: Candidate) -> GateResult:
    """Try every feature alone."""
    limits, measured = candidate.limits, candidate.measured
    shares = _shares(candidate.learnt.label, len(candidate.task.classes))
    model = _skill(candidate.answers.probability, measured.label, shares)
    skills = sorted(
        _skill_by_feature(candidate, shares), key=lambda one: -max(one.learnt, one.measured)
    )
    suspects = [one for one in skills if one.suspect(model, limits)]
    worst = (suspects or skills)[0]
    figures = {
        "learnt": worst.learnt,
        "measured": worst.measured,
        "gain_share": worst.gain,
        "model": model,
    }
    sentence = (
        f"{worst.name} alone explains {worst.learnt:.0%} of the learnt and {worst.measured:.0%} "
        f"of the measured asks (the model {model:.0%}) and makes {worst.gain:.0%} of its gain; "
        f"suspect from {limits.most_explained:.0%} on, or from {limits.odd_alone:.0%} if the "
        "model adds next to nothing"
    )
    if len(suspects) > 1:
        sentence += f"; so do {len(suspects) - 1} other features"
    return gate_result(refused=bool(suspects), sentence=sentence, figures=figures)


def _skill_by_feature(candidate: Candidate, shares: Floats) -> list[SingleFeatureSkill]:
    encoder, gains = candidate.model.encoder, candidate.fitted.gains
    learnt = candidate.learnt.take(_evenly_spaced(len(candidate.learnt)))
    learnt_matrix, measured_matrix = (
        encoder.encode(part.inputs).matrix for part in (learnt, candidate.measured)
    )
    total, skills = sum(gains.values()) or 1.0, []
    for i, name in enumerate(encoder.names):
        one, other = learnt_matrix[:, i], measured_matrix[:, i]
        leaf = (
            _category_codes(one, other)
            if i in encoder.categorical
            else _leaves(one, other, learnt.label)
        )
        forecast = _forecast(leaf[0], learnt.label, shares)
        skills.append(
            SingleFeatureSkill(
                name,
                learnt=_skill(forecast[leaf[0]], learnt.label, shares),
                measured=_skill(forecast[leaf[1]], candidate.measured.label, shares),
                gain=gains.get(name, 0.0) / total,
            )
        )
    return skills


def _leaves(one: Floats, other: Floats, label: Ints) -> tuple[Ints, Ints]:
    """Leaf of each value in a small tree grown on the first ones."""
    tree = DecisionTreeClassifier(
        criterion="log_loss", max_leaf_nodes=LEAVES, min_samples_leaf=LEAF_ROWS, random_state=0
    )
    # A value that was never missing goes where most values go, which says nothing of it.
    tree.fit(one[:, None], label)
    return tree.apply(one[:, None]), tree.apply(other[:, None])


def _category_codes(one: Floats, other: Floats) -> tuple[Ints, Ints]:
    """The code of each category; the first number is of those that are missing."""
    first, second = (np.nan_to_num(codes + 1, nan=0.0).astype(np.int64) for codes in (one, other))
    return first, np.where(np.isin(second, first), second, 0)


def _forecast(leaf: Ints, label: Ints, shares: Floats) -> Floats:
    """(leaves, K) class shares of each leaf, leaning on the overall ones."""
    size = int(leaf.max()) + 1
    counts = np.stack(
        [np.bincount(leaf[label == k], minlength=size) for k in range(len(shares))], axis=1
    )
    shares_by_leaf = (counts + OVERALL_ROWS * shares) / (counts.sum(axis=1) + OVERALL_ROWS)[:, None]
    return np.asarray(shares_by_leaf)


def _shares(label: Ints, classes: int) -> Floats:
    counts = np.bincount(label, minlength=classes) + 0.5
    return np.asarray(counts / counts.sum())


def _skill(probability: Floats, label: Ints, shares: Floats) -> float:
    """Share of the class shares' log-loss that these probabilities remove; below 0: they add."""
    of_outcome = np.clip(probability[np.arange(len(label)), label], 1e-15, 1.0)
    return float(1 - np.log(of_outcome).sum() / np.log(shares[label]).sum())


def _evenly_spaced(rows: int) -> Ints:
    return np.unique(np.linspace(0, rows - 1, min(rows, MOST_ROWS)).astype(np.int64))


GATE = Gate("TRG002", "no feature tells the answer by itself", check)
