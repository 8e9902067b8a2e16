"""TRG010: another order of rows makes the same model, another seed nearly the same scores.

Both are tried on a sample of what was learnt from, spread over its time.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.gates.gate import Candidate, Gate, GateResult, gate_result


def check(candidate: Candidate) -> GateResult:
    """Fit three times: as it is, in another order, with another seed."""
    task, limits, learnt = candidate.task, candidate.limits, candidate.learnt
    rows = min(limits.refit_rows, len(learnt))
    sample = learnt.take(np.unique(np.linspace(0, len(learnt) - 1, rows).astype(np.int64)))
    shuffled = sample.take(np.random.default_rng(limits.seed).permutation(len(sample)))
    options = replace(candidate.options, rounds=_rounds(candidate))
    once = candidate.fit_function(task, sample, options).model
    again = candidate.fit_function(task, shuffled, options).model
    other = candidate.fit_function(replace(task, seed=task.seed + 1), sample, options).model
    inputs = candidate.measured.inputs
    apart = np.abs(once.predict(inputs).probability - other.predict(inputs).probability)
    moved = float((apart.max(axis=1) > limits.moved).mean())
    same = once.digest == again.digest
    figures = {"same_digest": float(same), "moved": moved, "mean_move": float(apart.mean())}
    sentence = "Another order of the rows makes " + ("the same model" if same else "another model")
    sentence += (
        f"; another seed moves {moved:.1%} of the scores by more than {limits.moved:.2f} "
        f"(at most {limits.most_moved:.0%}; fitted on {len(sample):,} asks)"
    )
    return gate_result(
        refused=not same or moved > limits.most_moved, sentence=sentence, figures=figures
    )


def _rounds(candidate: Candidate) -> int:
    """Return the number of rounds the model took, at least one and at most a limit."""
    took = int(candidate.fitted.metrics.get("rounds", 0))
    return min(max(took, 1), candidate.limits.refit_rounds)


GATE = Gate("TRG010", "stable under order and seed", check)
