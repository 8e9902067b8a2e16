"""Sentences and notes of a recommendation: the facts first, the model's figure beside them."""

from __future__ import annotations

from collections.abc import Sequence

from serving.policy.finding import NOT_COMPUTED, Finding
from serving.policy.sections import Level
from serving.recommendation.advised_task import AdvisedTask, Record
from serving.recommendation.assessment import Assessment, exception_probability
from serving.recommendation.fallback_ladder import Rung, StepDown
from serving.recommendation.recommendation import Abstention
from serving.recommendation.score import Score
from serving.recommendation.wording import format_quantity, percent

ANY_EXCEPTION = "any exception"


def scored_sentence(case: Record, assessed: Assessment, score: Score) -> str:
    """Say what the facts show with the model's figure, else what the model expects."""
    evidence, abstentions = assessed.evidence, assessed.abstentions
    if evidence is None:
        if abstentions:
            return no_advice_sentence(assessed.served, case, abstentions[0])
        return assessed.served.expectation(case, score, assessed.findings, assessed.policy)
    if assessed.settled:
        return evidence.sentence
    if abstentions:
        kept = "No advice" if assessed.abstained else "No figure"
        return f"{evidence.sentence} {kept} from the model: {abstentions[0].sentence}"
    return f"{evidence.sentence} From past cases, the model gives {model_figure(assessed, score)}."


def no_advice_sentence(task: AdvisedTask, case: Record, why: Abstention) -> str:
    """Say that there is no advice on the case, and why."""
    return f"No advice on {task.case_name(case)}: {why.sentence}"


def rules_only_sentence(
    case: Record, assessed: Assessment, rung: Rung, down: Sequence[StepDown]
) -> str:
    """Say what the facts or the rules show, that there is no score, and why no model answered."""
    subject, why = assessed.served.case_name(case), down[0].sentence if down else ""
    if assessed.evidence is not None:
        return f"{assessed.evidence.sentence} Rules only, no score. {why}".strip()
    if rung is Rung.RULES:
        first = next(one for one in _flagging_first(assessed) if one.code != NOT_COMPUTED)
        return f"{_capitalise(subject)}: {first.sentence} Rules only, no score. {why}".strip()
    return f"No score for {subject}: queue it as usual. {why}".strip()


def model_figure(assessed: Assessment, score: Score) -> str:
    """Write the probability of an exception: "34% for coming late"."""
    probability = exception_probability(assessed.task, score.probabilities)
    return f"{percent(probability)} for {event_name(assessed.served)}"


def event_name(task: AdvisedTask) -> str:
    """Name what the probability of an exception is of."""
    return task.event or ANY_EXCEPTION


def overruled_note(assessed: Assessment, score: Score) -> str:
    """Say that the facts decide the case, and what the model says of it."""
    figure = model_figure(assessed, score)
    probability = exception_probability(assessed.task, score.probabilities)
    by_model = assessed.policy.thresholds[assessed.task.name].level(probability)
    if (by_model is Level.NONE) is assessed.nothing_to_do:
        return f"The facts decide this case. The model gives {figure}."
    return f"The facts overrule the model, which gives {figure}."


def disagreement_note(score: Score) -> str:
    """Say that the share among similar past cases does not hold the probability."""
    return (
        f"History disagrees: {format_quantity(score.similar_hits)} of "
        f"{format_quantity(score.similar)} similar cases ended so ({percent(score.low)} to "
        f"{percent(score.high)}), against {percent(score.probability)}."
    )


def _flagging_first(assessed: Assessment) -> list[Finding]:
    return sorted(assessed.findings, key=lambda finding: not finding.flags)


def _capitalise(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
