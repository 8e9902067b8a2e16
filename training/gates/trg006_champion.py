"""TRG006: not worse than the champion, overall or in any site or class, beyond chance.

Only asks that neither has learnt from can tell. A tie is enough: a model that was trained on
newer data and does as well may serve.
"""

from __future__ import annotations

from training.gates.gate import Candidate, Gate, GateResult, gate_result, not_applicable
from training.gates.segments import compare_log_loss, skipped_note


def check(candidate: Candidate) -> GateResult:
    """Compare with the model that serves now."""
    champion = candidate.champion
    if champion is None:
        return not_applicable("There is no champion to compare with")
    if champion.why_not or champion.answers is None:
        return not_applicable(f"Version {champion.version}, the champion: {champion.why_not}")
    name = f"the champion, version {champion.version}"
    compared = compare_log_loss(candidate, {name: champion.answers.probability})
    if not compared.overall:
        return not_applicable(f"{len(candidate.measured)} measured asks are too few to compare on")
    overall = compared.overall[0]
    worse = [one for one in [overall, *compared.within] if one.worse < candidate.limits.level]
    figures = {
        "log_loss": overall.loss,
        "champion": overall.other_loss,
        "difference": overall.found.mean,
        "low": overall.found.low,
        "high": overall.found.high,
        "worse_parts": float(len(worse)),
    }
    if worse:
        sentence = f"Worse than the champion beyond chance in {'; '.join(map(str, worse[:3]))}"
    else:
        sentence = f"Nowhere worse beyond chance; {overall}"
    return gate_result(
        refused=bool(worse), sentence=sentence + skipped_note(compared.skipped), figures=figures
    )


GATE = Gate("TRG006", "not worse than the champion", check)
