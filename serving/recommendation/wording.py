"""Phrases that the sentences of all tasks share: probability, delay, certainty, no advice."""

from __future__ import annotations

from collections.abc import Sequence

from serving.recommendation.advised_task import AdvisedTask, Record
from serving.recommendation.recommendation import Abstention
from serving.recommendation.score import Score

EVEN = 0.5  # probability from which an event is called expected


def no_advice_sentence(task: AdvisedTask, case: Record, abstentions: Sequence[Abstention]) -> str:
    """Say that there is no advice on the case, and why; empty where there is advice."""
    if not abstentions:
        return ""
    return f"No advice on {task.case_name(case)}: {abstentions[0].sentence}"


def percent(probability: float) -> str:
    """Write a probability in whole percent, never as a certainty the model does not claim."""
    if 0 < probability < 0.01:
        return "under 1%"
    if 0.99 < probability < 1:
        return "over 99%"
    return f"{probability:.0%}"


def delay_phrase(value: float) -> str:
    """Write a delay in days; negative is early."""
    days = round(abs(value))
    noun = "day" if days == 1 else "days"
    if days == 0:
        return "on time"
    return f"{days} {noun} {'late' if value > 0 else 'early'}"


def certainty_phrase(score: Score) -> str:
    """Write the probability and the interval of similar past cases."""
    between = f"{percent(score.low)} to {percent(score.high)}"
    return f"{percent(score.probability)} likely, {between} in similar past cases"
