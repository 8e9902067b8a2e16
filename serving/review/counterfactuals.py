"""Find changes of a case that bring its probability under the threshold, verified by scoring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing

from pydantic import Field

from data.lake import Lake
from serving.audit.factory import open_audit
from serving.audit.log.entry import Entry
from serving.policy.sections import Level, Thresholds
from serving.recommendation.assessment import exception_probability
from serving.recommendation.recommendation import Advice, FrozenModel
from serving.recommendation.wording import percent
from serving.replay.recomputation import RecordedQuestion
from serving.replay.recorded_answer import NotReplayableError, RecordedAnswer
from serving.replay.sources import ReplaySources, open_replay_sources
from serving.review.counterfactual_search import (
    LeverCombination,
    Probe,
    apply_levers,
    search_levers,
)
from serving.review.rescoring import RescorableCase, RestoredInputs
from serving.tasks.lever import Lever, Record


class Change(FrozenModel):
    """One thing that would have to be so. amount: whole, in `unit`; 1 where it is yes or no."""

    name: str
    fields: list[str] = Field(description="fields of the case that differ")
    amount: int
    unit: str
    words: str


class Counterfactual(FrozenModel):
    """Changes that are enough together; the changed case was scored: `probability`."""

    sentence: str
    changes: list[Change]
    probability: float = Field(description="exception probability of the changed case, as scored")
    threshold: float


class Counterfactuals(FrozenModel):
    """What would have to be so for the case not to be flagged.

    tried: what was looked at, alone and two together. Nothing here is a forecast of what
    happens if somebody does it, only of what the service would then say.
    """

    recommendation_id: str
    sentence: str
    probability: float = Field(description="exception probability of the case as it was asked")
    threshold: float
    found: list[Counterfactual]
    tried: list[str]


class CannotRecomputeError(RuntimeError):
    """The answer cannot be recomputed now; says why."""

    def __init__(self, why: str) -> None:
        super().__init__(f"cannot be recomputed now: {why}")


def find_counterfactuals(
    sources: ReplaySources, recorded: Entry, advice: Advice
) -> Counterfactuals:
    """Find ways under the threshold for a recorded recommendation.

    Args:
        sources: where the model and policy of the answer are found.
        recorded: the entry.
        advice: the recommendation in it.

    Raises:
        CannotRecomputeError: model, policy or history of the answer cannot be found, or the case
            does not score as it did.
    """
    try:
        answer = RecordedAnswer.of(recorded)
        restored = RestoredInputs.of(answer, advice, sources)
        case = RescorableCase(
            restored, RecordedQuestion.of(answer, restored.entry).case, advice.asked_at
        )
        (score,) = case.scores([case.case])
        probability = exception_probability(restored.entry.task, score.probabilities)
    except NotReplayableError as error:
        raise CannotRecomputeError(str(error)) from error
    if score.probabilities != advice.probabilities:
        raise CannotRecomputeError("the case does not score as it did")
    thresholds = restored.policy.for_case(case.case).thresholds[advice.task]
    evidence = case.evidence(case.case, case.findings(case.case))
    if evidence is not None and evidence.settled:
        why = NOTHING_TO_DO if evidence.nothing_to_do else HAS_HAPPENED
        return _build_answer(advice, thresholds.watch, why)
    if advice.abstentions:
        return _build_answer(advice, thresholds.watch, ADVICE_WITHHELD)
    if probability < thresholds.watch:
        return _build_answer(
            advice, thresholds.watch, _already_under_sentence(advice, thresholds.watch)
        )
    return _search_below_thresholds(case, advice, thresholds)


NOTHING_TO_DO = "Nothing is left to do on this case, whatever would change."
HAS_HAPPENED = "It has happened already, so nothing would keep it from happening."
ADVICE_WITHHELD = "The model does not advise on this case, so not on what would change the answer."


def _search_below_thresholds(
    case: RescorableCase, advice: Advice, thresholds: Thresholds
) -> Counterfactuals:
    levers = case.restored.entry.levers(case.case, case.at)
    limits = [
        limit
        for limit in (thresholds.watch, thresholds.act)
        if limit <= _answered_probability(advice)
    ]
    for limit in limits:
        combinations = search_levers(case.case, levers, _probe_within_facts(case, limit), limit)
        verified = [
            one
            for one in (_verify(case, combination, limit) for combination in combinations)
            if one
        ]
        if verified:
            return _build_answer(advice, limit, _found_sentence(advice, limit), verified, levers)
    return _build_answer(advice, limits[0], _nothing_found_sentence(limits[0], levers), (), levers)


def _verify(
    case: RescorableCase, combination: LeverCombination, limit: float
) -> Counterfactual | None:
    """Score the changed case as answers are scored, and describe it; None if it is not under."""
    changed = apply_levers(case.case, combination.pulled)
    (scored,) = case.scores([changed])
    probability = exception_probability(case.restored.entry.task, scored.probabilities)
    if probability >= limit:
        return None
    changes = [
        Change(
            name=lever.name,
            fields=sorted(lever.fields),
            amount=amount,
            unit=lever.unit,
            words=lever.words(amount),
        )
        for lever, amount in combination.pulled
    ]
    words = " and ".join(change.words for change in changes)
    drops = (
        f"Would drop to {_probability_words(probability, limit)} (under {_threshold_words(limit)})"
    )
    return Counterfactual(
        sentence=f"{drops} if {words}.",
        changes=changes,
        probability=probability,
        threshold=limit,
    )


def _probe_within_facts(case: RescorableCase, limit: float) -> Probe:
    """Return a probe under the limit only where the facts of the changed case allow it.

    The search then goes on past a lever that satisfies the model alone, to larger amounts and to
    two levers together.
    """

    def probe(cases: Sequence[Record]) -> list[float]:
        return [
            math.inf
            if probability < limit and _facts_call_for_it(case, changed, limit)
            else probability
            for changed, probability in zip(cases, case.probe(cases), strict=True)
        ]

    return probe


def _facts_call_for_it(case: RescorableCase, changed: Record, limit: float) -> bool:
    """Return true if the facts of the changed case keep it at the limit, whatever the model says.

    They do where a rule still finds what the model predicts (out of stock now, promise passed),
    and where they call for the level that begins at the limit.
    """
    findings = case.findings(changed)
    if any(one.code in case.restored.entry.conclusive_codes for one in findings):
        return True
    evidence = case.evidence(changed, findings)
    if evidence is None or evidence.level is None:
        return False
    act = case.restored.policy.for_case(changed).thresholds[case.restored.entry.task.name].act
    least = (Level.ACT,) if limit >= act else (Level.ACT, Level.WATCH)
    return evidence.level in least


def _build_answer(
    advice: Advice,
    limit: float,
    sentence: str,
    found: Sequence[Counterfactual] = (),
    levers: Sequence[Lever] = (),
) -> Counterfactuals:
    return Counterfactuals(
        recommendation_id=advice.id,
        sentence=sentence,
        probability=_answered_probability(advice),
        threshold=limit,
        found=list(found),
        tried=[lever.title for lever in levers],
    )


def _answered_probability(advice: Advice) -> float:
    """Return the exception probability of the recorded answer."""
    assert advice.exception_probability is not None  # a model scored it, see `RestoredInputs.of`
    return advice.exception_probability


def _found_sentence(advice: Advice, limit: float) -> str:
    return (
        f"The probability of an exception is {percent(_answered_probability(advice))}. "
        f"It would be under {_threshold_words(limit)} if one of these were established:"
    )


def _already_under_sentence(advice: Advice, limit: float) -> str:
    rules = " What the rules found is still to be settled." if advice.findings else ""
    return f"The probability of an exception is under {_threshold_words(limit)} already.{rules}"


def _nothing_found_sentence(limit: float, levers: Sequence[Lever]) -> str:
    if not levers:
        return (
            "Nothing that people could change here was given, so no way under "
            f"{_threshold_words(limit)}."
        )
    return (
        f"No way under {_threshold_words(limit)} was found among what people could change here, "
        "alone or two together."
    )


def _threshold_words(limit: float) -> str:
    return f"the threshold of {limit:.0%}"


def _probability_words(probability: float, limit: float) -> str:
    """Write a probability in percent, with enough digits to be seen to be under the limit."""
    if percent(probability) != f"{limit:.0%}":
        return percent(probability)
    return (
        f"{probability:.1%}"
        if f"{probability:.1%}" != f"{limit:.1%}"
        else f"just under {limit:.0%}"
    )


def counterfactuals_from_lake(lake: Lake, recorded: Entry) -> Counterfactuals | str:
    """Find what would change a recorded answer of a lake, or say why that is not possible now."""
    advice = Advice.model_validate(recorded.payload["recommendation"])
    try:
        with closing(open_audit(lake)) as record:
            return find_counterfactuals(open_replay_sources(lake, record), recorded, advice)
    except CannotRecomputeError as error:
        return str(error)
