"""TRG005: better than the best simple rule and the class shares, and nowhere worse.

Overall the model has to be better beyond chance: one that is no better than a rule is not
worth its upkeep. In a site or class it is refused where it is worse beyond chance.
"""

from __future__ import annotations

from training.evaluation.baselines import CLASS_SHARES
from training.gates.gate import Candidate, Gate, GateResult, gate_result, not_applicable
from training.gates.segments import LogLossComparison, compare_log_loss, skipped_note


def check(candidate: Candidate) -> GateResult:
    """Compare with the class shares and with the rule that does best."""
    probabilities = {n: f.probability for n, f in candidate.rules.items()}
    shares = candidate.forecasts.get(CLASS_SHARES)
    if shares is not None:
        probabilities["class shares"] = shares.probability
    if not probabilities:
        return not_applicable("There is neither a rule nor class shares to compare with")
    compared = compare_log_loss(candidate, probabilities)
    if not compared.overall:
        return not_applicable(f"{len(candidate.measured)} measured asks are too few to compare on")
    best = min(compared.overall, key=lambda one: one.other_loss)
    no_better = [one for one in compared.overall if one.found.high >= 0]
    worse = [one for one in compared.within if one.worse < candidate.limits.level]
    figures = {
        "log_loss": best.loss,
        "best_other": best.other_loss,
        "difference": best.found.mean,
        "low": best.found.low,
        "high": best.found.high,
        "worse_parts": float(len(worse)),
    }
    sentence = _said(best, no_better, worse) + skipped_note(compared.skipped)
    return gate_result(refused=bool(no_better or worse), sentence=sentence, figures=figures)


def _said(
    best: LogLossComparison, no_better: list[LogLossComparison], worse: list[LogLossComparison]
) -> str:
    if no_better:
        sentence = f"No better than {no_better[0].other} beyond chance: {no_better[0]}"
    else:
        sentence = f"Better than {best.other}, the best of the simple ones: {best}"
    if worse:
        return sentence + f"; worse beyond chance in {'; '.join(map(str, worse[:3]))}"
    return sentence + "; in no site or class worse beyond chance"


GATE = Gate("TRG005", "better than the simple rules", check)
