"""TRG006: not worse than the champion, overall or in any site or class, beyond chance.

Only asks that neither has learnt from can tell. A tie is enough: a model that was trained on
newer data and does as well may serve.
"""

from __future__ import annotations

from training.gates.against import compare, small
from training.gates.candidate import Candidate
from training.gates.gate import Gate, Judgement, judged, not_applicable


def look(candidate: Candidate) -> Judgement:
    """Compare with the model that serves now."""
    champion = candidate.champion
    if champion is None:
        return not_applicable("There is no champion to compare with")
    if champion.why_not or champion.answers is None:
        return not_applicable(f"Version {champion.version}, the champion: {champion.why_not}")
    name = f"the champion, version {champion.version}"
    found = compare(candidate, {name: champion.answers.probability})
    if not found.overall:
        return not_applicable(f"{len(candidate.measured)} measured asks are too few to compare on")
    overall = found.overall[0]
    worse = [one for one in [overall, *found.within] if one.worse < candidate.limits.level]
    figures = {
        "log_loss": overall.loss,
        "champion": overall.other_loss,
        "difference": overall.found.mean,
        "low": overall.found.low,
        "high": overall.found.high,
        "worse_parts": float(len(worse)),
    }
    if worse:
        said = f"Worse than the champion beyond chance in {'; '.join(map(str, worse[:3]))}"
    else:
        said = f"Nowhere worse beyond chance; {overall}"
    return judged(refused=bool(worse), sentence=said + small(found.skipped), figures=figures)


GATE = Gate("TRG006", "not worse than the champion", look)
